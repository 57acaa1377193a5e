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
        assertEquals(
                3,
                err.toString()
                        .lines()
                        .filter(l -> l.startsWith("killed at step"))
                        .count(),
                err.toString());
    }

    @Test
    void withoutAChoice_isWrongUsage() {
        StringWriter err = new StringWriter();
        assertEquals(2, Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), "selftest"));
        assertTrue(err.toString().contains("--resume"), err.toString());
    }
}
