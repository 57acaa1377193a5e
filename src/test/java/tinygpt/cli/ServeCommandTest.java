package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Showing a run, while it trains and afterwards. */
class ServeCommandTest {
    private static final String ADDRESS = "http://127\\.0\\.0\\.1:[0-9]+/";
    private static final String TERMINAL = "tinygpt.stdin.terminal";

    @TempDir
    Path folder;

    private Path run;

    @BeforeEach
    void write() throws IOException {
        run = folder.resolve("run");
        Files.writeString(folder.resolve("text.txt"), "the quick brown fox jumps over the lazy dog.\n".repeat(40));
    }

    private Run train(String... more) {
        String[] arguments = new String[more.length + 8];
        String[] first = {
            "train",
            "--preset",
            "nano",
            "--steps",
            "3",
            "--data",
            folder.resolve("text.txt").toString(),
            "--out"
        };
        System.arraycopy(first, 0, arguments, 0, first.length);
        System.arraycopy(more, 0, arguments, first.length, more.length);
        return Run.of(arguments);
    }

    /** Runs a command on a terminal where somebody presses Enter. */
    private static Run pressingEnter(String... arguments) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream("\n".getBytes(StandardCharsets.US_ASCII)));
        System.setProperty(TERMINAL, "true");
        try {
            return Run.of(arguments);
        } finally {
            System.clearProperty(TERMINAL);
            System.setIn(before);
        }
    }

    @Test
    void training_saysWhereItIsShown_andEndsByItself() {
        System.setProperty(TERMINAL, "false");
        try {
            Run trained = train(run.toString(), "--serve", "--quiet");
            assertEquals(0, trained.exitCode(), trained.err());
            assertTrue(trained.err().matches("(?s).*tinygpt: .*run is shown at " + ADDRESS + "\n.*"), trained.err());
            assertFalse(trained.err().contains("the page stays"), trained.err());
        } finally {
            System.clearProperty(TERMINAL);
        }
    }

    @Test
    void onATerminal_thePageStaysUntilEnter() {
        String text = folder.resolve("text.txt").toString();
        Run trained = pressingEnter(
                "train", "--preset", "nano", "--steps", "3", "--data", text, "--out", run.toString(), "--serve");
        assertEquals(0, trained.exitCode(), trained.err());
        assertTrue(
                trained.err().matches("(?s).*the page stays at " + ADDRESS + " until Enter or Ctrl-C\n"),
                trained.err());
        assertTrue(trained.out().contains(run.toString()), "the report comes before");
        Run served = pressingEnter("serve", run.toString());
        assertEquals(0, served.exitCode(), served.err());
        assertTrue(served.err().matches("(?s)tinygpt: .*run is shown at " + ADDRESS + "\n.*"), served.err());
        assertEquals("", served.out());
    }

    /** Everybody can end what a terminal does not. */
    @Test
    void signal_endsServingWith0() throws Exception {
        assertEquals(0, train(run.toString()).exitCode());
        ChildJvm child = new ChildJvm(folder, "1", List.of(), Main.class, "serve", run.toString());
        child.awaitErr("the page stays at");
        child.terminate();
        assertEquals(0, child.exitCode(), child.err());
        assertFalse(child.err().contains("saving"), child.err());
    }

    @Test
    void nothingToShow_isBadData() {
        Run missing = Run.of("serve", folder.resolve("nothing").toString());
        assertEquals(3, missing.exitCode());
        assertTrue(missing.err().contains("is no folder"), missing.err());
        Run wrong = Run.of("serve", folder.toString());
        assertEquals(3, wrong.exitCode());
        assertTrue(wrong.err().contains("is not the folder of a run"), wrong.err());
    }

    /** Refused before there is a folder. */
    @Test
    void port_thatIsTakenOrMeaningless_isRefused() throws IOException {
        InetAddress here = InetAddress.getByName("127.0.0.1");
        try (ServerSocket taken = new ServerSocket(0, 1, here)) {
            String port = String.valueOf(taken.getLocalPort());
            Run refused = train(run.toString(), "--serve", "--port", port);
            assertEquals(1, refused.exitCode());
            assertTrue(refused.err().contains("--port " + port + " cannot be had"), refused.err());
        }
        Run impossible = train(run.toString(), "--serve", "--port", "70000");
        assertEquals(2, impossible.exitCode());
        assertTrue(impossible.err().contains("port 70000 does not exist"), impossible.err());
        Run alone = train(run.toString(), "--port", "8080");
        assertEquals(2, alone.exitCode());
        assertEquals("tinygpt: error: --port belongs to --serve\n", alone.err());
        assertFalse(Files.exists(run));
    }
}
