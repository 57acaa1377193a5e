package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.text.CharacterTokenizer;

/** Texts, folders and configurations that cannot be used: one line that says what, why and what to do, and exit code 3. */
class DataFaultsTest {
    private static final byte[] NOT_UTF8 = {'o', 'n', 'e', '\n', 't', 'w', 'o', '\n', 'a', (byte) 0xC3, '(', '\n'};

    @TempDir
    Path folder;

    private Path model;
    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), "abc def\n".repeat(100));
        model = SmallModel.random(
                Files.createDirectory(folder.resolve("model")), CharacterTokenizer.of("abc def\nontw"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "eval"})
    void missingFile_isNamed(String command) {
        refused(command, folder.resolve("none.txt"), "there is no file", "--data takes a text file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "eval"})
    void folderAsFile_isNamed(String command) {
        refused(command, folder, "is a folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "eval"})
    void emptyFile_isNamed(String command) throws IOException {
        refused(command, Files.createFile(folder.resolve("empty.txt")), "is empty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "eval"})
    void oneCharacter_isTooShort(String command) throws IOException {
        refused(
                command,
                Files.writeString(folder.resolve("one.txt"), "a"),
                command.equals("train") ? "the training split has 0 tokens, but" : "there is nothing to predict");
    }

    @Test
    void textShorterThanTheContext_saysLengthsAndWhatToDo() throws IOException {
        refused(
                "train",
                Files.writeString(folder.resolve("short.txt"), "abcdefghij".repeat(2)),
                "the training split has 18 tokens, but a window of context length 32 needs 33",
                "use a longer text, --context-length of at most 17");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "eval", "eval --unknown=skip"})
    void invalidUtf8_forCharacters_saysWhere(String command) throws IOException {
        refused(
                command,
                Files.write(folder.resolve("latin.txt"), NOT_UTF8),
                "byte offset 9 in line 3 (value 0xC3)",
                "--tokenizer byte");
    }

    @Test
    void binaryData_forBytes_isATextLikeAnyOther() throws IOException {
        byte[] all = new byte[2048];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i * 37);
        }
        Path binary = Files.write(folder.resolve("binary.bin"), all);
        String out = folder.resolve("bytes").toString();
        Run trained = Run.of(
                "train",
                "--preset=nano",
                "--tokenizer=byte",
                "--data",
                binary.toString(),
                "--out",
                out,
                "--steps=2",
                "--quiet");
        assertEquals(Exit.OK, trained.exitCode(), trained.err());
        assertEquals(Exit.OK, Run.of("eval", "--model", out).exitCode());
        refused("train", binary, "is not valid UTF-8");
    }

    /** For root permissions do not count, but even root cannot read the memory of a process at place 0. */
    @ParameterizedTest
    @ValueSource(strings = {"train", "eval"})
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "permissions are those of Unix")
    void unreadableFile_isNamed(String command) throws IOException {
        Path secret = Files.writeString(folder.resolve("secret.txt"), "abc ".repeat(100));
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
        if (Files.isReadable(secret)) {
            refused(command, Path.of("/proc/self/mem"), "/proc/self/mem: cannot be read: ");
        } else {
            refused(command, secret, "must not be read by this user");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "eval"})
    void hugeFile_isRefusedBeforeItIsRead(String command) throws IOException {
        Path huge = folder.resolve("huge.txt");
        try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(3L << 30); // a hole, which takes no room
        }
        refused(command, huge, "has 3,221,225,472 bytes, and a text is read whole");
    }

    @Test
    void outThatIsAFile_isRefused_andLeftAlone() throws IOException {
        Path file = Files.writeString(folder.resolve("precious"), "data");
        for (Path out : List.of(file, file.resolve("run"))) {
            refused(
                    Run.of("train", "--preset=nano", "--data", text.toString(), "--out", out.toString()),
                    out.toString());
        }
        assertEquals("data", Files.readString(file));
    }

    /** As root, a folder of the system that takes no files stands in for one without permission. */
    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "permissions are those of Unix")
    void readOnlyOutput_isNamed() throws IOException {
        Path locked = Files.createDirectory(folder.resolve("locked"));
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
        Path out = Files.isWritable(locked) ? Path.of("/proc/tinygpt-run") : locked.resolve("run");
        refused(
                Run.of("train", "--preset=nano", "--data", text.toString(), "--out", out.toString()),
                out + ": cannot be made",
                "choose a folder that can be written");
    }

    @Test
    void configOfANewerVersion_saysSo() throws IOException {
        Path config = Files.writeString(folder.resolve("c.json"), "{\"model\":{\"experts\":8},\"seed\":1}");
        Run run = Run.of("train", "--config", config.toString(), "--data", text.toString());
        assertEquals(Exit.USAGE, run.exitCode(), run.err());
        assertTrue(
                run.err()
                        .startsWith("tinygpt: error: " + config + ": 'model.experts' is not a hyperparameter of this"
                                + " version (a newer tinygpt may have written it)"),
                run.err());
    }

    @Test
    void configThatIsAFolder_orHuge_isNamed() throws IOException {
        Run dir = Run.of("params", "--config", folder.toString());
        refused(dir, folder.toString());
        Path huge = Files.writeString(folder.resolve("huge.json"), " ".repeat(2 << 20));
        Run run = Run.of("params", "--config", huge.toString());
        assertEquals(Exit.USAGE, run.exitCode());
        assertTrue(run.err().contains(huge + ": is larger than 1 MiB"), run.err());
    }

    /** The parser gives no place for this one, and the message must do without. */
    @Test
    void configWithAnEndlessNumber_isOneLine() throws IOException {
        Path config = Files.writeString(folder.resolve("n.json"), "{\"seed\":" + "9".repeat(5000) + "}");
        Run run = Run.of("params", "--config", config.toString());
        assertEquals(Exit.USAGE, run.exitCode(), run.err());
        assertTrue(run.err().startsWith("tinygpt: error: " + config), run.err());
        assertEquals(1, run.err().lines().count());
    }

    /** Far beyond any machine this could run on, so it needs no machine of a known size. */
    @Test
    void presetThatDoesNotFit_saysNeededAndAvailable() throws IOException {
        Files.writeString(text, "abc def\n".repeat(5000));
        String out = folder.resolve("huge").toString();
        Run run = Run.of("train", "--preset=gpt3-175b", "--data", text.toString(), "--out", out);
        assertEquals(Exit.FAILURE, run.exitCode(), run.err());
        assertTrue(
                run.err()
                        .matches(
                                "(?s)tinygpt: error: training this model needs \\d{4,}\\.\\d\\d GB outside the Java heap"
                                        + " and \\d+\\.\\d\\d GB are available; .*smaller --preset.*"),
                run.err());
        assertFalse(Files.exists(Path.of(out)));
    }

    private void refused(String command, Path data, String... parts) {
        List<String> args = new ArrayList<>(List.of(command.split(" ")));
        Path out = folder.resolve("never");
        args.addAll(
                command.startsWith("train")
                        ? List.of("--preset", "nano", "--out", out.toString())
                        : List.of("--model", model.toString(), "--split", "all"));
        args.addAll(List.of("--data", data.toString()));
        Run run = Run.of(args.toArray(new String[0]));
        refused(run, parts);
        assertTrue(run.err().contains(data.toString()), run.err());
        assertFalse(Files.exists(out), "nothing is left behind");
    }

    private static void refused(Run run, String... parts) {
        assertEquals(Exit.BAD_DATA, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().startsWith("tinygpt: error: "), run.err());
        for (String part : parts) {
            assertTrue(run.err().contains(part), run.err());
        }
    }
}
