package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.tensor.WorkerTeam;

/** What a user is told whose JVM was started so that the arithmetic is slow: once, whoever says it. */
class AdviceTest {
    private static final String SCALAR = "the scalar kernels are in use";
    private static final String ONE_DNN = "oneDNN is not in use";

    @TempDir
    Path folder;

    @Test
    void programWithoutVectorModule_saysItOnce() throws Exception {
        ChildJvm child = new ChildJvm(
                folder, "4", List.of(), Main.class, "bench", "--preset=nano", "--steps=1", "--no-generation");
        assertEquals(0, child.exitCode(), child.err());
        assertEquals(1, count(child.err(), SCALAR), child.err());
        assertEquals(1, count(child.err(), ONE_DNN), child.err());
        assertTrue(child.err().startsWith("tinygpt: note: " + SCALAR), child.err());
        assertTrue(child.out().contains("OpenBLAS"), child.out());
    }

    @Test
    void trainingWithoutVectorModule_saysItOnceAsANote() throws Exception {
        Files.writeString(folder.resolve("text.txt"), "A fox ran over the hill and saw a dog.\n".repeat(40));
        ChildJvm child = new ChildJvm(
                folder,
                "1",
                List.of(),
                Main.class,
                "train",
                "--preset=nano",
                "--steps=2",
                "--data=text.txt",
                "--out=run");
        assertEquals(0, child.exitCode(), child.err());
        assertEquals(1, count(child.err(), SCALAR), child.err());
        assertTrue(child.err().startsWith("tinygpt: note: " + SCALAR), child.err());
        assertFalse(child.err().contains("WARN"), child.err());
    }

    @Test
    void libraryWithoutVectorModule_logsItOnce() throws Exception {
        ChildJvm child = new ChildJvm(folder, "1", List.of(), TwoTeams.class);
        assertEquals(0, child.exitCode(), child.err());
        assertEquals(1, count(child.err(), SCALAR), child.err());
        assertFalse(child.err().contains(ONE_DNN), child.err());
        assertTrue(child.err().contains("WARN"), child.err());
    }

    @Test
    void launchersFlags_needNoAdvice() throws Exception {
        ChildJvm child = new ChildJvm(folder, "1", List.of("--add-modules", "jdk.incubator.vector"), TwoTeams.class);
        assertEquals(0, child.exitCode(), child.err());
        assertFalse(child.err().contains("in use"), child.err());
    }

    static final class TwoTeams {
        private TwoTeams() {}

        public static void main(String[] args) {
            for (int i = 0; i < 2; i++) {
                new WorkerTeam(2, 10).close();
            }
        }
    }

    private static int count(String text, String part) {
        return text.split(part, -1).length - 1;
    }
}
