package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TerminalTest {
    @TempDir
    Path folder;

    @Test
    void noConsole_isNoTerminal() {
        assertFalse(Terminal.isTerminal(null));
    }

    /** Some JDKs give a console even where the streams are files, as those of this second JVM. */
    @Test
    void streamsThatAreFiles_areNoTerminal() throws Exception {
        ChildJvm child = new ChildJvm(folder, null, List.of("-Djdk.console=jdk.internal.le"), Asks.class);
        assertEquals(0, child.exitCode(), child.err());
        assertEquals("false false", child.out().strip());
    }

    static final class Asks {
        private Asks() {}

        public static void main(String[] args) {
            System.out.println(Terminal.stdin() + " " + Terminal.paintsOnStderr());
        }
    }
}
