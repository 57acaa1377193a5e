package tinygpt.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogCutTest {
    private static final LogCut JSON = LogCut.lines("{\"step\":", false);
    private static final LogCut CSV = LogCut.lines("", true);
    private static final LogCut BLOCKS = LogCut.blocks("step ");

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"step\":1}~{\"step\":2}~{\"step\":3}~ | {\"step\":1}~{\"step\":2}~",
                "{\"step\":1}~{\"step\":2,\"a\":1}~{\"step\":2,\"b\":1}~ | {\"step\":1}~{\"step\":2,\"a\":1}~{\"step\":2,\"b\":1}~",
                "{\"step\":1}~{\"step\":2 | {\"step\":1}~",
                "{\"step\":1}~{\"step\":2} | {\"step\":1}~",
                "{\"step\":1}~{\"sto | {\"step\":1}~",
                "{\"step\":1}~~{\"step\":2}~ | {\"step\":1}~",
                "{\"step\":1}~{\"stop\":1}~{\"step\":2}~ | {\"step\":1}~",
                "{\"step\":}~ | ``",
                "{\"step\":20}~ | ``",
                "{\"step\":99999999999999999999}~ | ``",
                "`` | ``"
            })
    void lines_areKeptUpToTheStep(String text, String kept) throws IOException {
        assertKept(JSON, text, kept);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "step,loss~1,2~2,3~3,4~ | step,loss~1,2~2,3~",
                "step,loss~1,2~2 | step,loss~1,2~",
                "step,loss~ | step,loss~",
                "step,lo | ``"
            })
    void linesUnderAHeader_areKeptUpToTheStep(String text, String kept) throws IOException {
        assertKept(CSV, text, kept);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "step 0~ a~~step 2~ b~ ~ c~~step 3~ d~~ | step 0~ a~~step 2~ b~ ~ c~~",
                "step 0~ step 9~~step 2~ b~ | step 0~ step 9~~",
                "step 0~~step 2~ b~ c | step 0~~"
            })
    void blocks_areKeptWhole(String text, String kept) throws IOException {
        assertKept(BLOCKS, text, kept);
    }

    @Test
    void recordsOfTheLastStep_areKeptUpToANumber() throws IOException {
        String text = "{\"step\":1}\n{\"step\":1}\n{\"step\":2}\n{\"step\":2}\n";
        Path file = Files.writeString(folder.resolve("log"), text);
        assertEquals(text.length(), JSON.keep(file, 2, 2));
        assertEquals(text.length() * 3 / 4, JSON.keep(file, 2, 1));
        assertEquals(text.length() / 2, JSON.keep(file, 2, 0));
    }

    @Test
    void missingFile_isEmpty() throws IOException {
        assertEquals(0, JSON.keep(folder.resolve("none"), 5, 1));
    }

    private void assertKept(LogCut cut, String text, String kept) throws IOException {
        Path file = Files.writeString(folder.resolve("log"), text.replace('~', '\n'));
        assertEquals(kept.replace('~', '\n'), Files.readString(file).substring(0, (int)
                cut.keep(file, 2, Integer.MAX_VALUE)));
    }
}
