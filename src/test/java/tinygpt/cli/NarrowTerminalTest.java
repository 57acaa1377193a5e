package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.text.CharacterTokenizer;

/** What a command is asked for is seen on 80 columns; what comes beside it may be left out, and is named then. */
class NarrowTerminalTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt2-xl", "gpt3-175b"})
    void parameters_keepCountAndShare(String preset) {
        Run wide = Run.of("params", "--preset=" + preset);
        Run narrow = Run.on(80, "params", "--preset=" + preset);
        assertEquals(0, narrow.exitCode(), narrow.err());
        assertEquals(
                List.of(),
                narrow.lines().stream()
                        .skip(3)
                        .takeWhile(line -> !line.isEmpty())
                        .filter(line -> Columns.of(line) > 80)
                        .toList());
        List<String> rows = narrow.lines().stream()
                .filter(line -> line.startsWith("h.#"))
                .map(line -> line.replaceFirst(".* ([0-9,]+ +[0-9.]+%)$", "$1"))
                .toList();
        assertEquals(10, rows.size());
        for (String row : rows) {
            assertTrue(wide.out().contains(row.strip()), row);
        }
        assertTrue(wide.out().contains("% yes\n"), wide.out());
        assertFalse(narrow.out().contains(" train\n"), narrow.out());
        assertTrue(narrow.out().contains("all trainable"), narrow.out());
    }

    @Test
    void statistics_keepWhoSetEachNumber() {
        Path run = SmallModel.random(folder, CharacterTokenizer.of("abc\n"));
        Run narrow = Run.on(80, "params", "--stats", run.toString());
        List<String> table = narrow.lines().stream()
                .dropWhile(line -> !line.startsWith("name "))
                .takeWhile(line -> !line.isEmpty())
                .toList();
        assertTrue(table.stream().allMatch(line -> line.length() <= 80), narrow.out());
        assertTrue(table.get(0).matches("name +mean +std +\\|W\\| +\\|W-W0\\|  set by"), table.get(0));
        assertTrue(narrow.out().contains("\nnot shown in 80 columns: kind, histogram, min, max\n"), narrow.out());
        Run wide = Run.of("params", "--stats", run.toString());
        assertTrue(wide.out().contains("set by") && wide.out().contains("histogram"), wide.out());
        assertFalse(wide.out().contains("not shown"), wide.out());
    }

    @Test
    void audit_keepsTheVerdict() {
        Run narrow = Run.on(80, "audit", "--preset=nano");
        List<String> rows =
                narrow.lines().stream().filter(line -> line.endsWith("  ok")).toList();
        assertEquals(29, rows.size(), narrow.out());
        assertTrue(rows.stream().allMatch(line -> line.length() <= 80), narrow.out());
    }
}
