package tinygpt.report;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A browser's side of a connection, by hand: what Java's own client sends cannot be chosen freely. */
final class LiveClient implements AutoCloseable {
    private static final int PATIENCE_MILLISECONDS = 20_000;

    private final Socket socket = new Socket();
    private final InputStream in;
    private final Map<String, String> headers = new TreeMap<>();
    private final int status;

    /** An answer that has come in whole. */
    record Answer(int status, Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    /** Sends a request of these lines; the first is the method and the path. */
    LiveClient(LiveServer server, String... lines) throws IOException {
        socket.setSoTimeout(PATIENCE_MILLISECONDS);
        socket.setReceiveBufferSize(1 << 14);
        socket.connect(
                new InetSocketAddress("127.0.0.1", URI.create(server.address()).getPort()));
        StringBuilder request = new StringBuilder(lines[0] + " HTTP/1.1\r\n");
        for (int i = 1; i < lines.length; i++) {
            request.append(lines[i]).append("\r\n");
        }
        socket.getOutputStream().write((request + "\r\n").getBytes(StandardCharsets.US_ASCII));
        in = new BufferedInputStream(socket.getInputStream());
        status = Integer.parseInt(line().split(" ")[1]);
        for (String line = line(); !line.isEmpty(); line = line()) {
            String[] parts = line.split(": ", 2);
            headers.put(parts[0].toLowerCase(Locale.ROOT), parts[1]);
        }
    }

    static LiveClient events(LiveServer server, String... more) throws IOException {
        String[] lines = new String[more.length + 2];
        lines[0] = "GET /events";
        lines[1] = "Host: 127.0.0.1";
        System.arraycopy(more, 0, lines, 2, more.length);
        LiveClient client = new LiveClient(server, lines);
        return client;
    }

    static Answer ask(LiveServer server, String... lines) throws IOException {
        try (LiveClient client = new LiveClient(server, lines)) {
            String length = client.headers.getOrDefault("content-length", "0");
            boolean head = lines[0].startsWith("HEAD");
            return new Answer(client.status, client.headers, client.in.readNBytes(head ? 0 : Integer.parseInt(length)));
        }
    }

    static Answer get(LiveServer server, String path) throws IOException {
        return ask(server, "GET " + path, "Host: 127.0.0.1");
    }

    int status() {
        return status;
    }

    /** The next event, as its lines joined by "|"; null at the end of the stream. */
    String event() throws IOException {
        StringBuilder event = new StringBuilder();
        for (String line = chunkLine(); line != null; line = chunkLine()) {
            if (line.isEmpty()) {
                return event.toString();
            }
            event.append(event.isEmpty() ? "" : "|").append(line);
        }
        return null;
    }

    /** The next event of that name, whatever comes before it. */
    String event(String name) throws IOException {
        String event = event();
        while (event != null && !event.contains("|event: " + name + "|")) {
            event = event();
        }
        return event;
    }

    private int left;

    private int chunkByte() throws IOException {
        if (left == 0) {
            String size = line();
            if (size.isEmpty()) {
                size = line();
            }
            left = size.isEmpty() ? 0 : Integer.parseInt(size, 16);
            if (left == 0) {
                return -1;
            }
        }
        left--;
        return in.read();
    }

    private String chunkLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = chunkByte(); b != '\n'; b = chunkByte()) {
            if (b < 0) {
                return null;
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
