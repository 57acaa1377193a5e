package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;

class TrainCommandTest {
    private static final String TEXT =
            "A fox ran over the hill and saw a dog. \"Good day!\" said the dog.\n".repeat(30);

    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = folder.resolve("a text.txt");
        Files.writeString(text, TEXT);
    }

    private record Result(int exit, String out, String err) {}

    @Test
    void train_toTheEnd_savesARunAndReportsLearnedAndFixed() throws IOException {
        Path out = folder.resolve("run dir");
        Result result = train("--out", out.toString(), "--steps", "12", "--eval-every", "6", "--log-every", "5");

        assertEquals(0, result.exit(), result.err());
        CheckpointHeader header = newest(out);
        assertEquals(12, header.step());
        assertEquals(12 * 8 * 32, header.tokensSeen());
        assertTrue(header.hasOptimizerState());
        assertEquals(header.hyperparameters().sha256(), header.configSha256());
        assertTrue(
                result.out()
                        .contains("config sha256     " + header.configSha256().substring(0, 12) + " -> "
                                + header.configSha256().substring(0, 12) + "   the same"),
                result.out());
        assertTrue(result.out().contains(header.weightsSha256().substring(0, 12)), result.out());
        assertTrue(result.out().contains("feed-forward"), result.out());
        assertTrue(
                result.out().contains("the run uses " + Show.bytes(new RunFolder(out).bytes()) + " of disk in " + out),
                result.out());
        assertEquals(3, count(result.err(), "\neval "), result.err());
        assertEquals(3, count(result.err(), "\nstep "), result.err());
        assertFalse(result.err().contains("\r"), "no repainting off a terminal");
    }

    @Test
    void train_twiceAndWithOtherThreads_givesTheSameWeights() {
        List<String> hashes = new ArrayList<>();
        for (String threads : List.of("1", "2", "3")) {
            Path out = folder.resolve("t" + threads);
            assertEquals(
                    0,
                    train("--out", out.toString(), "--steps", "6", "--threads", threads)
                            .exit());
            hashes.add(newest(out).weightsSha256());
        }
        assertEquals(hashes.get(0), hashes.get(1));
        assertEquals(hashes.get(0), hashes.get(2));
    }

    @Test
    void train_intoAFolderThatIsNotEmpty_isRefusedAndNothingIsTouched() throws IOException {
        Path out = Files.createDirectory(folder.resolve("theirs"));
        Files.writeString(out.resolve("config.json"), "precious");
        Result result = train("--out", out.toString(), "--steps", "1");
        assertEquals(2, result.exit());
        assertTrue(result.err().contains("is not empty"), result.err());
        assertEquals("precious", Files.readString(out.resolve("config.json")));
        Result file = train("--out", text.toString(), "--steps", "1");
        assertEquals(3, file.exit(), file.err());
        assertTrue(file.err().contains("is a file"), file.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--heads 3 | 2 | width 32 cannot be divided into 3 heads",
                "--context-length 5000 | 3 | 5,00",
                "--threads 0 | 2 | --threads is 0",
                "--eval-every -1 | 2 | --eval-every is -1",
                "--save-every -1 | 2 | --save-every is -1",
                "--keep 0 | 2 | --keep is 0",
                "--stop-after 0 | 2 | --stop-after is 0",
                "--allow-change | 2 | --allow-change belongs to --resume",
                "--from /nowhere | 3 | /nowhere",
                "--log-every 0 | 2 | --log-every is 0",
                "--learning-rate fast | 2 | --learning-rate takes a number",
                "--preset huge | 2 | there is no preset 'huge'",
                "--vocabulary-size 7 | 2 | --vocabulary-size 7 does not fit",
                "--shards 3 | 2 | cannot be cut into 3 shards",
                "--frobnicate | 2 | --frobnicate",
                "--resume /nowhere | 3 | /nowhere"
            })
    void train_withImpossibleOptions_saysSoInOneLine(String flags, int exit, String message) {
        Path out = folder.resolve("never");
        List<String> all = new ArrayList<>(List.of(flags.trim().split(" ")));
        if (!flags.contains("--resume")) {
            all.addAll(List.of("--out", out.toString()));
        }
        Result result = flags.contains("--resume") || flags.contains("--preset") || flags.contains("--from")
                ? run(with(all.toArray(new String[0]), "train"))
                : train(all.toArray(new String[0]));
        assertEquals(exit, result.exit(), result.err());
        assertTrue(result.err().contains(message), result.err());
        assertEquals(
                1,
                result.err()
                        .lines()
                        .filter(l -> l.startsWith("tinygpt: error:"))
                        .count(),
                result.err());
        assertFalse(result.err().contains("\tat "), result.err());
        assertFalse(Files.exists(out), "nothing is left behind");
    }

    @Test
    void train_onMissingOrEmptyOrBinaryText_isBadData() throws IOException {
        Path empty = folder.resolve("empty.txt");
        Files.createFile(empty);
        Path binary = folder.resolve("binary.bin");
        Files.write(binary, new byte[] {65, 66, (byte) 0xff, 67});
        for (Path bad : List.of(folder.resolve("missing.txt"), empty, binary, folder)) {
            Result result = run("train", "--preset", "nano", "--data", bad.toString(), "--out", folder + "/x");
            assertEquals(3, result.exit(), result.err());
            assertTrue(result.err().contains(bad.getFileName().toString()), result.err());
            assertEquals(
                    1,
                    result.err()
                            .lines()
                            .filter(l -> l.startsWith("tinygpt: error:"))
                            .count());
        }
        assertFalse(Files.exists(folder.resolve("x")));
    }

    @Test
    void train_intoAFolderThatHoldsARun_isRefused() {
        Path out = folder.resolve("run");
        assertEquals(0, train("--out", out.toString(), "--steps", "1").exit());
        Result again = train("--out", out.toString(), "--steps", "1");
        assertEquals(2, again.exit());
        assertTrue(again.err().contains("already holds a run"), again.err());
    }

    @Test
    void train_quiet_printsNothing() {
        Result result = train("--out", folder.resolve("q").toString(), "--steps", "2", "--quiet");
        assertEquals(new Result(0, "", ""), result);
    }

    private static CheckpointHeader newest(Path run) {
        return Checkpoint.readHeader(new RunFolder(run).newestFirst().get(0).file());
    }

    private Result train(String... flags) {
        return run(with(flags, "train", "--preset", "nano", "--data", text.toString()));
    }

    private static String[] with(String[] flags, String... first) {
        String[] all = Arrays.copyOf(first, first.length + flags.length);
        System.arraycopy(flags, 0, all, first.length, flags.length);
        return all;
    }

    private static Result run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Main.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Result(exit, out.toString(), err.toString());
    }

    private static long count(String text, String part) {
        return ("\n" + text).split(part, -1).length - 1;
    }
}
