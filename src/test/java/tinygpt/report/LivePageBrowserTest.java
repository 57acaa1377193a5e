package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page while training goes on: what it does with events, with a lost connection, and with none at all. */
@Tag("browser")
class LivePageBrowserTest {
    private static final String STEP = "id: %1$d\nevent: step\ndata: {\"step\":%1$d,\"loss\":1.25,\"lr\":0.001,"
            + "\"grad_norm\":1,\"clipped\":false,\"tok_s\":1000,\"seconds\":1}\n\n";

    @TempDir
    Path folder;

    private final AtomicInteger connections = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;
    private Path run;
    private volatile boolean trains = true;
    private volatile boolean streams = true;

    @BeforeEach
    void serve() throws IOException {
        run = ReportedRun.write(folder.resolve("run"), 9, 4, ReportedRun.noSnapshots());
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> send(exchange, "text/html; charset=utf-8", ReportPage.html(state())));
        server.createContext("/state", exchange -> send(exchange, "application/json", state().toString()));
        server.createContext("/events", this::events);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private ObjectNode state() throws IOException {
        ObjectNode state = new RunState(run).read(true);
        if (!trains) {
            state.withObject("/run").put("status", "finished");
        }
        return state;
    }

    /** The first connection is dropped after a step; the second one tells of another, and of the end. */
    private void events(HttpExchange exchange) throws IOException {
        if (!streams) {
            exchange.sendResponseHeaders(503, -1);
            exchange.close();
            return;
        }
        int connection = connections.incrementAndGet();
        String text = "retry: 50\n\n" + String.format(STEP, 4 + connection);
        if (connection > 1) {
            trains = false;
            text += "event: done\ndata: {\"status\":\"finished\",\"stepsDone\":6}\n\n";
        }
        send(exchange, "text/event-stream", text);
    }

    private static void send(HttpExchange exchange, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    @Test
    void lostConnection_isMadeAgain_andTheEndOffersTheReport() {
        try (Browser browser = new Browser()) {
            browser.open(address());
            browser.await(b -> b.text("#live-connection").equals("training has ended"));
            assertEquals(2, connections.get());
            assertTrue(browser.find("#live a.button").getAttribute("href").endsWith("/report.html"));
            browser.await(b -> b.text("#run-status").equals("finished"));
            assertTrue(browser.requests().stream().allMatch(url -> url.startsWith(address())));
        }
    }

    @Test
    void withoutEvents_theStateIsAskedFor() {
        streams = false;
        try (Browser browser = new Browser()) {
            browser.open(address());
            browser.await(b -> b.text("#live-now").startsWith("step 4 of 9, loss "));
            trains = false;
            browser.await(b -> b.text("#live-connection").equals("training has ended"));
        }
    }
}
