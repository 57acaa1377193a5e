package tinygpt.report;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Semaphore;
import tinygpt.formats.BadFileException;

/**
 * Answers browsers, read-only.
 *
 * <p>Any page of the Web may send requests to 127.0.0.1, but may not read the answers: there is no CORS header. A page that
 * makes its own name point to 127.0.0.1 (DNS rebinding) could, but its requests name another host, which is refused. The port
 * is not compared, because a tunnel from another machine ({@code ssh -L}) changes it.
 */
final class LiveHandler implements HttpHandler {
    /** Streams at a time; the ninth page asks for the state now and then instead. */
    static final int MOST_STREAMS = 8;

    private static final int MOST_OTHERS = 16;
    private static final long QUIET_MILLISECONDS = 15_000;
    private static final Set<String> HOSTS = Set.of("127.0.0.1", "localhost");
    private static final List<String> METHODS = List.of("GET", "HEAD");
    private static final String HTML = "text/html; charset=utf-8";

    private final LiveState state;
    private final EventRing ring;
    private final Farewell streams;
    private final Semaphore others = new Semaphore(MOST_OTHERS);

    LiveHandler(LiveState state, EventRing ring, Farewell streams) {
        this.state = state;
        this.ring = ring;
        this.streams = streams;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Headers headers = exchange.getResponseHeaders();
            headers.set("X-Content-Type-Options", "nosniff");
            headers.set("Cache-Control", "no-store");
            headers.set("Referrer-Policy", "no-referrer");
            headers.set("Cross-Origin-Resource-Policy", "same-origin");
            headers.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
            if (!local(exchange.getRequestHeaders().get("Host"))) {
                refuse(exchange, 403, "this server answers requests for 127.0.0.1 and localhost only");
            } else if (!METHODS.contains(exchange.getRequestMethod())) {
                headers.set("Allow", String.join(", ", METHODS));
                refuse(exchange, 405, "this server only shows: GET and HEAD");
            } else {
                answer(exchange);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the server is closed
        }
    }

    private static boolean local(List<String> hosts) {
        if (hosts == null || hosts.size() != 1) {
            return false;
        }
        return HOSTS.contains(hosts.get(0).toLowerCase(Locale.ROOT).replaceFirst(":[0-9]{1,5}$", ""));
    }

    private void answer(HttpExchange exchange) throws IOException, InterruptedException {
        String path = exchange.getRequestURI().getPath();
        if ("/events".equals(path)) {
            events(exchange);
            return;
        }
        if (!others.tryAcquire()) {
            refuse(exchange, 503, "too many requests at a time; ask again later");
            return;
        }
        try {
            switch (path == null ? "" : path) {
                case "/" -> send(exchange, HTML, state::page);
                case "/report.html" -> send(exchange, HTML, state::report);
                case "/state" -> {
                    boolean ended = ring.ended();
                    send(exchange, "application/json", state::json);
                    if (ended) {
                        streams.asked();
                    }
                }
                default -> refuse(exchange, 404, "there is no such page; the run is shown at /");
            }
        } finally {
            others.release();
        }
    }

    /** What is made when it is asked for. */
    private interface Content {
        byte[] bytes() throws IOException;
    }

    private static void send(HttpExchange exchange, String type, Content content) throws IOException {
        byte[] bytes;
        try {
            bytes = content.bytes();
        } catch (IOException | UncheckedIOException | BadFileException e) {
            refuse(exchange, 503, "the run cannot be read at this moment: " + e.getMessage());
            return;
        }
        if (type.equals(HTML)) {
            exchange.getResponseHeaders().set("Content-Security-Policy", PageParts.CSP + "; frame-ancestors 'none'");
        }
        send(exchange, 200, type, bytes);
    }

    private static void refuse(HttpExchange exchange, int code, String why) throws IOException {
        send(exchange, code, "text/plain; charset=utf-8", (why + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int code, String type, byte[] bytes) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(bytes.length));
            exchange.sendResponseHeaders(code, -1);
            return;
        }
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private void events(HttpExchange exchange) throws IOException, InterruptedException {
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        if (!streams.begin(MOST_STREAMS)) {
            refuse(exchange, 503, MOST_STREAMS + " pages follow this run already; ask for /state now and then");
            return;
        }
        try {
            long place = place(exchange.getRequestHeaders().getFirst("Last-Event-ID"));
            exchange.sendResponseHeaders(200, 0);
            stream(exchange.getResponseBody(), place);
        } finally {
            streams.end();
        }
    }

    /** Where a stream begins: behind what its page has seen, or else behind the state that it asks for or was made of. */
    private long place(String lastId) {
        long fresh = Math.min(state.place(), ring.now());
        return lastId != null && lastId.matches("[0-9]{1,18}") ? ring.after(Long.parseLong(lastId), fresh) : fresh;
    }

    /** Sends events as they come, until the run has ended. */
    private void stream(OutputStream out, long begin) throws IOException, InterruptedException {
        out.write("retry: 1000\n\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
        long place = begin;
        while (true) {
            EventRing.Batch batch = ring.await(place, QUIET_MILLISECONDS);
            place = batch.next();
            if (batch.missed() && !batch.events().isEmpty()) {
                long step = batch.events().get(0).step();
                out.write(LiveEvent.of(step, LiveEvent.SNAPSHOT).toBytes());
            }
            for (LiveEvent event : batch.events()) {
                out.write(event.toBytes());
            }
            if (batch.end() != null) {
                streams.tell();
                out.write(batch.end().toBytes());
            }
            if (batch.end() != null || batch.closed()) {
                out.flush();
                return;
            }
            if (batch.events().isEmpty()) {
                out.write(": nothing new\n\n".getBytes(StandardCharsets.US_ASCII)); // finds out who is gone
            }
            out.flush();
        }
    }
}
