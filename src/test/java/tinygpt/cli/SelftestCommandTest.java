package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class SelftestCommandTest {

    @Test
    void resume_killedThreeTimes_endsBitwiseEqual() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Main.run(
                new PrintWriter(out), new PrintWriter(err), "selftest", "--resume", "--kills", "3", "--seed", "7");
        assertEquals(0, exit, out + "\n" + err);
        assertTrue(out.toString().startsWith("passed: after 40 steps and 3 kills"), out.toString());
        assertTrue(
                out.toString()
                        .contains(
                                "compared: 84 tensors of weights and optimizer state; 40 losses and 5 validation losses;"
                                        + " 40 lines of norms; the samples"),
                out.toString());
        assertTrue(out.toString().contains("with: dropout 0.1, batches in 4 shards, 2 threads"), out.toString());
        assertEquals(
                3,
                err.toString()
                        .lines()
                        .filter(l -> l.startsWith("killed at step"))
                        .count(),
                err.toString());
    }

    /** Six tensors for each weight: itself, two moments of two replicas, and the outer velocity. */
    @Test
    void resume_ofReplicas_killed_endsBitwiseEqual() {
        Run run = Run.of("selftest", "--resume", "--kills", "1", "--seed", "3", "--sync", "diloco");
        assertEquals(0, run.exitCode(), run.out() + "\n" + run.err());
        assertTrue(run.out().startsWith("passed: after 40 steps and 1 kills"), run.out());
        assertTrue(
                run.out()
                        .contains("compared: 168 tensors of weights and optimizer state; 40 losses and 5 validation"
                                + " losses; 10 lines of norms; the samples"),
                run.out());
        assertTrue(run.out().contains("with: 2 replicas in rounds of 4 steps, dropout 0.1"), run.out());
    }

    @Test
    void withoutAChoice_isWrongUsage() {
        StringWriter err = new StringWriter();
        assertEquals(2, Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), "selftest"));
        assertTrue(err.toString().contains("--resume"), err.toString());
    }
}
