package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;

class LogComparisonTest {
    private static final String METRICS = "{\"step\":0,\"wall\":1.5,\"val_loss\":3.25}\n"
            + "{\"step\":1,\"wall\":2.5,\"loss\":3.3000000000000003,\"step_ms\":7,\"tok_s\":9}\n";
    private static final String TENSORS =
            "{\"tensors\":[]}\n{\"step\":1,\"weight\":[0.5]}\n{\"step\":2,\"weight\":[0.25]}\n";

    @TempDir
    Path folder;

    private RunFolder one;
    private RunFolder other;

    @BeforeEach
    void write() throws IOException {
        one = logs("one", METRICS, TENSORS, "step 0\n    a fox\n\n");
        other = logs("other", METRICS, TENSORS, "step 0\n    a fox\n\n");
    }

    @Test
    void otherTimes_areNoDifference() throws IOException {
        put(other, "metrics.jsonl", METRICS.replace("1.5", "9.5").replace("\"step_ms\":7,\"tok_s\":9", "\"tok_s\":8"));
        assertEquals(new LogComparison(1, 1, 2, Optional.empty()), LogComparison.of(one, other));
    }

    @Test
    void lastBitOfALoss_isADifference() throws IOException {
        put(other, "metrics.jsonl", METRICS.replace("3.3000000000000003", "3.3"));
        assertEquals(
                Optional.of("metrics.jsonl, line 2: {\"step\":1,\"loss\":3.3000000000000003} and"
                        + " {\"step\":1,\"loss\":3.3}"),
                LogComparison.of(one, other).difference());
    }

    @Test
    void normOrSampleOrMissingLine_isADifference() throws IOException {
        put(other, "samples.txt", "step 0\n    a dog\n\n");
        assertEquals(
                Optional.of("samples.txt, line 2:     a fox and     a dog"),
                LogComparison.of(one, other).difference());
        put(other, "tensors.jsonl", TENSORS.replace("0.25", "0.26"));
        assertEquals(
                Optional.of("tensors.jsonl, line 3: {\"step\":2,\"weight\":[0.25]} and {\"step\":2,\"weight\":[0.26]}"),
                LogComparison.of(one, other).difference());
        put(other, "metrics.jsonl", METRICS.substring(0, METRICS.indexOf('\n') + 1));
        assertEquals(
                Optional.of("metrics.jsonl has 2 lines and 1"),
                LogComparison.of(one, other).difference());
    }

    @Test
    void missingLog_isBadData() throws IOException {
        Files.delete(other.path().resolve("tensors.jsonl"));
        assertThrows(BadFileException.class, () -> LogComparison.of(one, other));
    }

    private RunFolder logs(String name, String metrics, String tensors, String samples) throws IOException {
        RunFolder run = new RunFolder(Files.createDirectory(folder.resolve(name)));
        put(run, "metrics.jsonl", metrics);
        put(run, "tensors.jsonl", tensors);
        put(run, "samples.txt", samples);
        return run;
    }

    private static void put(RunFolder run, String file, String text) throws IOException {
        Files.writeString(run.path().resolve(file), text);
    }
}
