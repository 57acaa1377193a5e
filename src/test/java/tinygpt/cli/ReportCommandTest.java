package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
    @TempDir
    static Path folder;

    private static Path run;

    @BeforeAll
    static void train() throws IOException {
        Path text = folder.resolve("text.txt");
        Files.writeString(text, "the quick brown fox jumps over the lazy dog.\n".repeat(40));
        run = folder.resolve("run");
        Run trained =
                Run.of("train", "--preset", "nano", "--steps", "3", "--data", text.toString(), "--out", run.toString());
        assertEquals(0, trained.exitCode(), trained.err());
    }

    @Test
    void report_isWrittenBesideTheRun_andSaysWhatIsInIt() throws IOException {
        Run written = Run.of("report", run.toString());
        assertEquals(0, written.exitCode(), written.err());
        Path file = run.resolve("report.html");
        String[] lines = written.out().split("\n");
        assertTrue(lines[0].startsWith(file + "   "), lines[0]);
        assertTrue(lines[1].startsWith("  3 steps · 28 tensors · "), lines[1]);
        assertTrue(lines[1].endsWith(" snapshots"), lines[1]);
        assertTrue(Files.readString(file).endsWith("</html>\n"));
        assertEquals("", written.err());
    }

    @Test
    void ratio_isWhatThePageShowsFirst() throws IOException {
        Path file = folder.resolve("ratio.html");
        Run written = Run.of("report", run.toString(), "--ratio", "meanabs", "--out", file.toString());
        assertEquals(0, written.exitCode(), written.err());
        assertEquals("", written.err());
        String page = Files.readString(file);
        assertTrue(page.contains("\"ratio\":\"meanabs\""));
        assertTrue(page.contains("\"update_ratio_meanabs\":{\"type\":\"f32\""));
        assertEquals(2, Run.of("report", run.toString(), "--ratio", "max").exitCode(), "there is no such ratio");
        assertEquals(
                2,
                Run.of("report", run.toString(), "--ratio", "l2", "--format", "md")
                        .exitCode());
    }

    /** Logs of earlier versions have one ratio only. */
    @Test
    void ratioThatTheRunDidNotWriteDown_isToldAndLeftOut() throws IOException {
        Path old = Files.createDirectory(folder.resolve("old"));
        Files.copy(run.resolve("config.json"), old.resolve("config.json"));
        String log = Files.readString(run.resolve("tensors.jsonl"));
        Files.writeString(old.resolve("tensors.jsonl"), log.replaceAll(",\"update_ratio_meanabs\":\\[[^]]*]", ""));
        Run written = Run.of("report", old.toString(), "--ratio", "meanabs");
        assertEquals(0, written.exitCode(), written.err());
        assertTrue(written.err().startsWith("tinygpt: note: this run was trained by a version"), written.err());
        assertTrue(Files.readString(old.resolve("report.html")).contains("\"update_ratio_meanabs\":null"));
    }

    @Test
    void markdown_goesWhereItIsAskedFor() throws IOException {
        Path file = folder.resolve("notes.md");
        Run written = Run.of("report", run.toString(), "--format", "md", "--out", file.toString());
        assertEquals(0, written.exitCode(), written.err());
        assertTrue(Files.readString(file).startsWith("# run\n"));
    }

    @Test
    void runWithAReport_goesOnAndStaysSound() {
        assertEquals(0, Run.of("report", run.toString()).exitCode());
        Run ledger = Run.of("ledger", run.toString());
        assertEquals(0, ledger.exitCode(), ledger.out());
    }

    @Test
    void noRun_isBadDataAndNothingIsWritten() {
        Path nothing = folder.resolve("nothing");
        Run missing = Run.of("report", nothing.toString());
        assertEquals(3, missing.exitCode());
        assertTrue(missing.err().startsWith("tinygpt: error: " + nothing + ": is no folder"), missing.err());
        Run wrong = Run.of("report", folder.toString());
        assertEquals(3, wrong.exitCode());
        assertTrue(wrong.err().contains("is not the folder of a run"), wrong.err());
        assertFalse(Files.exists(folder.resolve("report.html")));
    }

    @Test
    void folderAsOutput_isWrongUsage() {
        Run written = Run.of("report", run.toString(), "--out", folder.toString());
        assertEquals(2, written.exitCode());
        assertTrue(written.err().contains("is a folder; give --out the name of a file"), written.err());
    }
}
