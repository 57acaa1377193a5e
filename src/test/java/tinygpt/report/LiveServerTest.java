package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.runs.RunSettings;

/** What the server of the live page answers, and what it refuses. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LiveServerTest {
    private static final int STEPS = 4;

    @TempDir
    static Path shared;

    @TempDir
    Path own;

    private static Path written;

    private Path run;
    private volatile boolean training = true;
    private LiveServer server;

    @BeforeAll
    static void train() throws IOException {
        written = ReportedRun.write(shared.resolve("run"), 9, STEPS, RunSettings.Snapshots.DEFAULT);
    }

    @BeforeEach
    void serve() throws IOException {
        run = own.resolve("run");
        try (Stream<Path> files = Files.walk(written)) {
            for (Path file : files.toList()) {
                Files.copy(file, run.resolve(written.relativize(file)));
            }
        }
        server = LiveServer.bind(0);
        server.show(run, () -> training);
    }

    @AfterEach
    void close() {
        server.close();
    }

    /** Appends the line of a step, as training does. */
    private void step(int step) throws IOException {
        ReportedRun.append(
                run.resolve("metrics.jsonl"),
                "{\"step\":" + step + ",\"wall\":1.5,\"tokens\":99,\"loss\":" + (step % 2 == 0 ? "null" : "1.5")
                        + ",\"lr\":0.01,\"grad_norm\":2.5,\"clipped\":true,\"update_ratio\":0.1,\"step_ms\":1.0,"
                        + "\"tok_s\":10}\n");
    }

    private void sample(int step, String text) throws IOException {
        ReportedRun.append(run.resolve("samples.txt"), "step " + step + "\n    " + text + "\n\n");
    }

    @Test
    void pages_areThoseOfTheRun() throws IOException {
        LiveClient.Answer page = LiveClient.get(server, "/");
        assertEquals(200, page.status());
        assertEquals("text/html; charset=utf-8", page.headers().get("content-type"));
        assertTrue(page.text().contains("\"live\":true"));
        assertEquals(
                ReportPage.html(new RunState(run).read(true)),
                page.text(),
                "the same page as the report, but for live");
        LiveClient.Answer state = LiveClient.get(server, "/state");
        assertEquals("application/json", state.headers().get("content-type"));
        assertEquals(new RunState(run).read(true).toString(), state.text());

        training = false;
        try (LiveClient client = LiveClient.events(server)) {
            client.event(LiveEvent.DONE);
        }
        assertTrue(LiveClient.get(server, "/state").text().contains("\"status\":\"stopped\""));
        LiveClient.Answer report = LiveClient.get(server, "/report.html");
        assertArrayEquals(
                ReportPage.html(new RunState(run).read(false)).getBytes(StandardCharsets.UTF_8), report.body());
    }

    @Test
    void answers_mayBeReadByThisPageOnly() throws IOException {
        for (String path : List.of("/", "/state", "/report.html", "/nothing")) {
            var headers = LiveClient.get(server, path).headers();
            assertEquals("nosniff", headers.get("x-content-type-options"), path);
            assertEquals("no-store", headers.get("cache-control"), path);
            assertTrue(headers.get("content-security-policy").startsWith("default-src 'none'; "), path);
            assertTrue(headers.get("content-security-policy").endsWith("; frame-ancestors 'none'"), path);
            assertTrue(headers.keySet().stream().noneMatch(name -> name.startsWith("access-control")), path);
        }
    }

    /** A page whose name was made to point here would otherwise read everything. */
    @Test
    void requestForAnotherHost_isRefused() throws IOException {
        for (String path : List.of("/", "/state", "/events", "/report.html")) {
            assertEquals(
                    403,
                    LiveClient.ask(server, "GET " + path, "Host: evil.example").status());
        }
        assertEquals(403, LiveClient.ask(server, "GET /state").status());
        assertEquals(
                403,
                LiveClient.ask(server, "GET /state", "Host: 127.0.0.1.evil.example")
                        .status());
        assertEquals(
                403,
                LiveClient.ask(server, "GET /state", "Host: localhost", "Host: evil.example")
                        .status());
        assertEquals(
                200, LiveClient.ask(server, "GET /state", "Host: localhost").status());
        assertEquals(
                200,
                LiveClient.ask(server, "GET /state", "Host: LocalHost:8080").status(),
                "through a tunnel");
    }

    @Test
    void otherMethods_areRefused_andHeadHasNoBody() throws IOException {
        for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS", "PATCH")) {
            LiveClient.Answer answer =
                    LiveClient.ask(server, method + " /state", "Host: localhost", "Content-Length: 0");
            assertEquals(405, answer.status(), method);
            assertEquals("GET, HEAD", answer.headers().get("allow"), method);
        }
        LiveClient.Answer head = LiveClient.ask(server, "HEAD /state", "Host: localhost");
        assertEquals(200, head.status());
        assertEquals(
                String.valueOf(LiveClient.get(server, "/state").body().length),
                head.headers().get("content-length"));
        assertEquals(
                200, LiveClient.ask(server, "HEAD /events", "Host: localhost").status());
        assertEquals(404, LiveClient.get(server, "/../config.json").status());
        assertEquals(404, LiveClient.get(server, "/config.json").status());
    }

    @Test
    void onlyThisMachine_isListenedTo() {
        assertTrue(server.address().startsWith("http://127.0.0.1:"), server.address());
        assertThrows(
                BindException.class,
                () -> LiveServer.bind(URI.create(server.address()).getPort()).close());
    }

    @Test
    void stream_tellsWhatTheRunAppends_andItsEnd() throws IOException {
        try (LiveClient client = LiveClient.events(server)) {
            assertEquals("retry: 1000", client.event());
            step(5);
            assertEquals(
                    "id: 5|event: step|data: {\"step\":5,\"loss\":1.5,\"lr\":0.01,\"grad_norm\":2.5,\"clipped\":true,"
                            + "\"tok_s\":10,\"seconds\":",
                    client.event().replaceFirst("(\"seconds\":).*", "$1"));
            step(6);
            assertTrue(client.event().startsWith("id: 6|event: step|data: {\"step\":6,\"loss\":null,"));
            ReportedRun.append(
                    run.resolve("metrics.jsonl"),
                    "{\"step\":6,\"wall\":1,\"tokens\":9,\"val_loss\":2.5,\"val_stderr\":0.25,\"best\":true}\n");
            assertEquals("id: 6|event: eval|data: {\"step\":6,\"loss\":2.5,\"se\":0.25,\"best\":true}", client.event());
            sample(6, "a\n    </script>");
            assertEquals("id: 6|event: sample|data: {\"step\":6,\"text\":\"a\\n</script>\"}", client.event());
            ReportedRun.append(run.resolve("snapshots.jsonl"), "{\"step\":6,\"tensors\":[]}\n");
            assertEquals("id: 6|event: snapshot|data: {\"step\":6}", client.event());
            ReportedRun.append(run.resolve("ledger.jsonl"), "{\"line\":9,\"step\":6}\n");
            assertEquals("id: 6|event: ledger|data: {\"step\":6}", client.event());
            ReportedRun.append(run.resolve("metrics.jsonl"), "{\"step\":7,\"loss\":1}"); // not complete yet
            sample(7, "b");
            assertTrue(client.event().startsWith("id: 7|event: sample|"));
        }
    }

    @Test
    void endOfTheRun_endsEveryStream() throws IOException {
        try (LiveClient client = LiveClient.events(server)) {
            training = false;
            assertEquals(
                    "id: " + STEPS + "|event: done|data: {\"status\":\"stopped\",\"stepsDone\":" + STEPS + "}",
                    client.event(LiveEvent.DONE));
            assertNull(client.event());
        }
        try (LiveClient late = LiveClient.events(server)) {
            assertTrue(late.event(LiveEvent.DONE).contains("\"stopped\""));
        }
        training = true; // another process goes on with it
        step(5);
        String next = null;
        while (next == null) {
            try (LiveClient again = LiveClient.events(server, "Last-Event-ID: " + STEPS)) {
                next = again.event(LiveEvent.STEP);
            }
        }
        assertTrue(next.startsWith("id: 5|"), next);
    }

    @Test
    void lastEventId_bringsWhatWasMissed() throws IOException {
        try (LiveClient first = LiveClient.events(server)) {
            for (int step = 5; step <= 8; step++) {
                step(step);
                assertTrue(first.event(LiveEvent.STEP).startsWith("id: " + step + "|"));
            }
            sample(8, "text");
            first.event(LiveEvent.SAMPLE);
        }
        try (LiveClient again = LiveClient.events(server, "Last-Event-ID: 6")) {
            assertEquals("retry: 1000", again.event());
            assertTrue(again.event().startsWith("id: 7|event: step|"));
            assertTrue(again.event().startsWith("id: 8|event: step|"));
            assertTrue(again.event().startsWith("id: 8|event: sample|"));
        }
        try (LiveClient cut = LiveClient.events(server, "Last-Event-ID: 8")) {
            assertEquals("retry: 1000", cut.event());
            assertTrue(cut.event().startsWith("id: 8|event: sample|"), "it may have been cut off behind the step");
        }
        for (String other : List.of("99", "-1", "x", "9".repeat(30))) {
            try (LiveClient fresh = LiveClient.events(server, "Last-Event-ID: " + other)) {
                assertEquals("retry: 1000", fresh.event());
                sample(9, other);
                assertTrue(fresh.event().contains("\"text\":\"" + other), other);
            }
        }
    }

    @Test
    void ninthStream_isRefused_untilAnotherIsGone() throws IOException {
        List<LiveClient> clients = new ArrayList<>();
        for (int i = 0; i < LiveHandler.MOST_STREAMS; i++) {
            LiveClient client = LiveClient.events(server);
            assertEquals(200, client.status());
            clients.add(client);
        }
        LiveClient.Answer ninth = LiveClient.get(server, "/events");
        assertEquals(503, ninth.status());
        assertEquals("8 pages follow this run already; ask for /state now and then\n", ninth.text());
        assertEquals(200, LiveClient.get(server, "/state").status(), "it may ask");
        clients.remove(0).close();
        for (int step = 5; server.streams() == LiveHandler.MOST_STREAMS; step++) {
            step(step);
            clients.get(0).event(LiveEvent.STEP); // by then the one that is gone was written to as well
        }
        try (LiveClient next = LiveClient.events(server)) {
            assertEquals(200, next.status());
        }
        for (LiveClient client : clients) {
            client.close();
        }
    }

    /** The one that does not read is far behind what any buffer holds. */
    @Test
    void clientThatDoesNotRead_holdsUpNobody() throws IOException {
        String text = "x".repeat(200_000);
        try (LiveClient idle = LiveClient.events(server);
                LiveClient reader = LiveClient.events(server)) {
            StringBuilder samples = new StringBuilder();
            for (int step = 5; step < 65; step++) {
                samples.append("step ")
                        .append(step)
                        .append("\n    ")
                        .append(text)
                        .append("\n\n");
            }
            ReportedRun.append(run.resolve("samples.txt"), samples.toString());
            for (int step = 5; step < 65; step++) {
                assertTrue(reader.event(LiveEvent.SAMPLE).startsWith("id: " + step + "|"));
            }
            assertEquals(2, server.streams());
            server.close();
            assertNull(reader.event());
            assertThrows(IOException.class, () -> {
                while (idle.event() != null) {
                    // what the buffers held
                }
                throw new IOException("cut off");
            });
        }
    }

    @Test
    void close_endsStreamsAndThePort_withoutSayingThatTheRunHasEnded() throws IOException {
        try (LiveClient client = LiveClient.events(server)) {
            assertEquals("retry: 1000", client.event());
            server.close();
            assertNull(client.event());
        }
        assertEquals(0, server.streams());
        assertThrows(ConnectException.class, () -> LiveClient.get(server, "/"));
    }

    /** A resumed run is cut back to its checkpoint: pages must ask anew. */
    @Test
    void logThatBecomesShorter_startsAnew() throws IOException {
        try (LiveClient client = LiveClient.events(server)) {
            step(5);
            client.event(LiveEvent.STEP);
            Path log = run.resolve("metrics.jsonl");
            Files.writeString(log, Files.readString(log).replaceFirst("[^\n]*\n$", ""));
            assertEquals("id: 0|event: snapshot|data: {\"step\":0}", client.event());
            step(5);
            assertTrue(client.event().startsWith("id: 5|event: step|"));
        }
    }

    @Test
    void runThatCannotBeRead_isSaid_andComesBack() throws IOException {
        Path config = run.resolve("config.json");
        byte[] bytes = Files.readAllBytes(config);
        Files.writeString(config, "{");
        LiveClient.Answer answer = LiveClient.get(server, "/state");
        assertEquals(503, answer.status());
        assertTrue(answer.text().startsWith("the run cannot be read at this moment: "), answer.text());
        Files.write(config, bytes);
        assertEquals(200, LiveClient.get(server, "/state").status());
    }

    @Test
    void files_areOnlyRead() throws IOException {
        String before = listing();
        LiveClient.get(server, "/");
        LiveClient.get(server, "/report.html");
        server.close();
        assertEquals(before, listing());
        assertFalse(before.contains("report.html"));
        assertNotEquals("", before);
    }

    private String listing() throws IOException {
        try (Stream<Path> files = Files.walk(run)) {
            StringBuilder all = new StringBuilder();
            for (Path file : files.sorted().toList()) {
                all.append(file)
                        .append(' ')
                        .append(Files.getLastModifiedTime(file))
                        .append('\n');
            }
            return all.toString();
        }
    }
}
