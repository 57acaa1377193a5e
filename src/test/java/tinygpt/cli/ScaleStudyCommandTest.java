package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScaleStudyCommandTest {
    @TempDir
    Path folder;

    @Test
    void study_trainsEachSize_fitsALaw_andCanBeShownAgain() throws IOException {
        Path text = folder.resolve("text.txt");
        Files.writeString(text, "A fox ran over the hill and saw a dog.\n".repeat(60));
        Path out = folder.resolve("sizes");
        Run run = Run.of(
                "scale-study",
                "--sizes",
                "16,32,1x32",
                "--out",
                out.toString(),
                "--",
                "--preset",
                "nano",
                "--steps",
                "6",
                "--data",
                text.toString());
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("through 3 sizes"), run.out());
        assertTrue(run.out().contains("gpt2-xl (published)"), run.out());
        assertEquals(
                3,
                run.lines().stream().filter(line -> line.startsWith("trial 00")).count());
        assertTrue(
                run.out().contains("differs from the base in what was searched (and what follows from it) only"),
                run.out());
        String page = Files.readString(out.resolve("report.html"));
        assertTrue(page.contains("<h2 id=\"scale-title\">Loss against size</h2>"));
        assertFalse(page.contains("{{"));

        Run again = Run.of("scale-study", "--resume", out.toString());
        assertEquals(0, again.exitCode(), again.err());
        assertFalse(again.err().contains("trial 0"), "nothing is trained again");
        assertEquals(run.out(), again.out());
    }

    @Test
    void wrongSizes_areRefusedInOneLine() {
        Run run = Run.of("scale-study", "--sizes", "wide,wider", "--", "--preset", "nano");
        assertEquals(2, run.exitCode());
        assertTrue(run.err().contains("--sizes takes widths"), run.err());
        assertEquals(
                2, Run.of("scale-study", "--resume", "x", "--equal", "flops").exitCode());
    }
}
