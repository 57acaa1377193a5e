package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class VerifyCommandTest {
    @Test
    void everythingAgrees_inOneVerdictLine() {
        Run shown = Run.of("verify", "--context-length=8", "--width=8", "--layers=1");
        assertEquals(0, shown.exitCode(), shown.out() + shown.err());
        assertTrue(
                shown.out().matches("(?s).*\nloss +4\\.246314 +4\\.24631[0-9] +[0-9.e+-]+ +1\\.0e-05  ok\n.*"),
                shown.out());
        assertTrue(shown.out().contains("\nh.0.attn.c_proj.weight, one direction  "), shown.out());
        assertTrue(
                shown.out()
                        .endsWith("all of it agrees: 64 quantities with PyTorch, the gradients of 16 tensors with"
                                + " nudging\n"),
                shown.out());
    }
}
