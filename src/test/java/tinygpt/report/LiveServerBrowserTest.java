package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.runs.RunSettings;

/** A real training, its real server, and a browser that looks on. */
@Tag("browser")
class LiveServerBrowserTest {
    private static final int STEPS = 40;
    private static final String POINTS = "return shown.state.unpacked.step.length";
    private static final String SNAPSHOTS = "return shown.steps.length";

    @TempDir
    Path folder;

    private volatile boolean training = true;

    private LiveServer show(Path run, int port) throws IOException {
        LiveServer server = LiveServer.bind(port);
        server.show(run, () -> training);
        return server;
    }

    private static long number(Browser browser, String script) {
        return (Long) browser.script(script);
    }

    @Test
    void training_isSeenStepByStep_throughALostConnection_toTheReport() throws IOException {
        Path run = folder.resolve("run");
        Path downloads = Files.createDirectory(folder.resolve("downloads"));
        LiveServer server = null;
        try (Browser browser = new Browser();
                ReportedRun trained = new ReportedRun(run, STEPS, RunSettings.Snapshots.DEFAULT)) {
            browser.downloads(downloads);
            server = show(run, 0);
            String address = server.address();
            browser.open(address);
            browser.await(b -> b.text("#live-connection").equals("live"));
            assertEquals("running", browser.text("#run-status"));
            long points = number(browser, POINTS);
            long snapshots = number(browser, SNAPSHOTS);

            trained.train(5);
            browser.await(b -> b.text("#live-now").startsWith("step 5 of 40, loss "));
            browser.await(b -> number(b, SNAPSHOTS) > snapshots);
            assertTrue(number(browser, POINTS) > points);
            browser.await(
                    b -> b.text("#step-now strong").equals("step 3")); // the slider follows the newest: 0, 1, 2, 3
            long drawn = browser.pixels("#loss canvas");

            server.close();
            browser.await(b -> b.text("#live-connection").startsWith("connection lost"));
            trained.train(20); // nobody sees these
            server = show(run, URI.create(address).getPort());
            browser.await(b -> b.text("#live-connection").equals("live"));
            browser.await(b -> b.text("#live-now").startsWith("step 20 of 40, loss "));
            assertEquals(20, number(browser, POINTS), "nothing is missing, nothing is there twice");
            browser.await(b -> b.pixels("#loss canvas") != drawn);

            trained.train(STEPS);
            trained.save();
            training = false;
            browser.await(b -> b.text("#live-connection").equals("training has ended"));
            browser.await(b -> b.text("#run-status").equals("finished"));
            assertEquals("40 of 40", browser.text("#run-steps"));
            assertEquals("40", browser.text("#run-done"));
            assertTrue(browser.text("#ledger-verdict").contains("training changed all 28 tensors"));
            assertEquals(5, browser.all("#ledger tbody tr").size(), "steps 0, 13, 26, 39 and 40");
            assertEquals(
                    List.of(),
                    browser.complaints().stream()
                            .filter(line -> !line.contains("ERR_CONNECTION_REFUSED")
                                    && !line.contains("ERR_INCOMPLETE_CHUNKED_ENCODING"))
                            .toList());
            assertTrue(browser.requests().stream().allMatch(url -> url.startsWith(address)));
            assertEquals(List.of(), browser.violations());

            browser.find("#live a.button").click();
            Path report = downloads.resolve("run.html");
            browser.await(b -> Files.exists(report));
            assertArrayEquals(
                    ReportPage.html(new RunState(run).read(false)).getBytes(StandardCharsets.UTF_8),
                    Files.readAllBytes(report));
            browser.open(report.toUri().toString());
            assertEquals("finished", browser.text("#run-status"));
            assertFalse(browser.find("#live").isDisplayed());
        } finally {
            if (server != null) {
                server.close();
            }
        }
    }
}
