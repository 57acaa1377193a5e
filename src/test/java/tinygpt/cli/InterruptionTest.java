package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.runs.RunFolder;

/** What a signal does to a training, seen from outside. */
class InterruptionTest {
    private static final List<String> FAST = List.of("--add-modules", "jdk.incubator.vector");

    @TempDir
    Path folder;

    private Path run;

    @BeforeEach
    void write() throws IOException {
        run = folder.resolve("run");
        Files.writeString(folder.resolve("text.txt"), "A fox ran over the hill and saw a dog.\n".repeat(60));
    }

    @Test
    void signal_savesAndEndsWith130() throws Exception {
        ChildJvm child = training();
        child.awaitErr("step 00010");
        child.terminate();

        assertEquals(130, child.exitCode(), child.err());
        long step = new RunFolder(run).newestFirst().get(0).step();
        assertTrue(child.err().contains("stopped after step " + Show.count(step) + " of"), child.err());
        assertTrue(child.err().contains("\n  './my gpt' train --resume " + run), child.err());
    }

    /** The message and the code are those of the failure: a lost run must not look like an interrupted one. */
    @Test
    void signal_whenSavingFails_saysSo() throws Exception {
        ChildJvm child = training();
        child.awaitErr("step 00010");
        Files.move(run, folder.resolve("moved"));
        Files.createFile(run);
        child.terminate();

        assertEquals(3, child.exitCode(), child.err());
        assertTrue(
                child.err().lines().anyMatch(line -> line.startsWith("tinygpt: error: cannot write " + run)),
                child.err());
    }

    private ChildJvm training() throws IOException {
        List<String> options = new java.util.ArrayList<>(FAST);
        options.add("-Dtinygpt.command=./my gpt");
        return new ChildJvm(
                folder,
                "1",
                options,
                Main.class,
                "train",
                "--preset=nano",
                "--steps=99999",
                "--eval-every=0",
                "--data=" + folder.resolve("text.txt"),
                "--out=" + run);
    }
}
