package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingRun;
import tinygpt.runs.TrainingText;
import tinygpt.text.CharacterTokenizer;

/** Faults that come to a whole process, with the program in one of its own. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals and ulimit are those of Unix")
class ProcessFaultsTest {
    private static final List<String> FAST =
            List.of("--add-modules", "jdk.incubator.vector", "-XX:-UsePerfData", "-Xmx256m", "-XX:TieredStopAtLevel=1");

    @TempDir
    Path folder;

    private Path text;
    private Path run;

    @BeforeEach
    void writeText() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), "A fox ran over the hill and saw a dog.\n".repeat(40));
        run = folder.resolve("run");
    }

    @Test
    void interrupt_savesTheStep_andEndsWith130() throws Exception {
        ChildJvm child = endless("--eval-every=0");
        child.awaitErr("step ");
        child.interrupt();
        assertEquals(Exit.INTERRUPTED, child.exitCode(), child.err());
        assertTrue(child.err().contains("everything is saved"), child.err());
        assertEquals(List.of(), errors(child));
        assertTrue(newest().step() > 0);
        assertEquals(
                Exit.OK,
                Run.of("generate", "--model", run.toString(), "--prompt=A").exitCode());
        assertEquals(List.of(), temporaries());
    }

    /** The first signal is held up by an evaluation that takes far longer than this test waits. */
    @Test
    void secondSignal_endsAtOnce_andLosesOnlyWhatWasNotSaved() throws Exception {
        Files.writeString(text, "A fox ran over the hill and saw a dog.\n".repeat(200_000));
        ChildJvm child = endless("--validation-fraction=0.9", "--layers=8", "--threads=1");
        child.awaitErr("run ");
        child.interrupt();
        child.awaitErr("interrupt again to end at once");
        child.interrupt();
        assertEquals(Exit.INTERRUPTED, child.exitCode(), child.err());
        assertFalse(child.err().contains("everything is saved"), child.err());
        assertEquals(List.of(), new RunFolder(run).checkpoints());
    }

    @Test
    void runThatIsBeingTrained_isRefusedToASecondProcess_inOneLine() throws Exception {
        ChildJvm child = endless();
        child.awaitErr("step ");
        Run second = Run.of("train", "--resume", run.toString());
        assertEquals(Exit.FAILURE, second.exitCode(), second.err());
        String line = "tinygpt: error: " + Pattern.quote(run.toString()) + ": process \\d+ on \\S+ is writing to this"
                + " run; wait until it ends, stop it, or choose another folder\n";
        assertTrue(second.err().matches(line), second.err());
        child.terminate();
        assertEquals(Exit.INTERRUPTED, child.exitCode(), child.err());
        assertEquals(List.of(), errors(child), "the first did not notice");
        Run third = Run.of("train", "--resume", run.toString(), "--stop-after=1", "--quiet");
        assertEquals(Exit.OK, third.exitCode(), third.err());
    }

    /** Files of this process may not grow beyond 60 kB; a checkpoint has 400. */
    @Test
    void diskFull_leavesTheOldCheckpoint_andSaysSo() throws Exception {
        Hyperparameters nine = Preset.named("nano").hyperparameters().with("optimization.steps", "9");
        try (TrainingRun unfinished = TrainingRun.start(
                new RunFolder(run),
                TrainingText.read(text, nine.data().tokenizer(), nine.data().validationFraction()),
                nine,
                RunSettings.forSteps(nine.optimization().steps()),
                1)) {
            unfinished.trainer().train(4, 0, () -> false);
            unfinished.save();
        }
        Path checkpoint = newest().file();
        byte[] before = Files.readAllBytes(checkpoint);
        assertTrue(before.length > 100_000, before.length + " bytes");

        List<String> limited = List.of("bash", "-c", "ulimit -f 60; exec \"$@\"", "bash");
        ChildJvm child = new ChildJvm(limited, folder, "1", FAST, Main.class, "train", "--resume=" + run, "--quiet");
        assertEquals(Exit.BAD_DATA, child.exitCode(), child.err());
        assertEquals(1, errors(child).size(), child.err());
        String line = errors(child).get(0);
        assertTrue(line.contains("cannot write " + new RunFolder(run).checkpointFolder()), line);
        assertTrue(line.contains("from before is untouched"), line);
        assertArrayEquals(before, Files.readAllBytes(checkpoint));
        assertEquals(List.of(), temporaries());
        assertEquals(
                Exit.OK, Run.of("train", "--resume", run.toString(), "--quiet").exitCode());
        assertEquals(9, newest().step());
    }

    @Test
    void diskFull_namesTheFile_andLeavesNothing() throws Exception {
        SmallModel.random(run, CharacterTokenizer.of("ab"));
        Path out = folder.resolve("model.gguf");
        List<String> limited = List.of("bash", "-c", "ulimit -f 20; exec \"$@\"", "bash");
        ChildJvm child =
                new ChildJvm(limited, folder, "1", FAST, Main.class, "export", "--format=gguf", "" + run, "" + out);
        assertEquals(Exit.BAD_DATA, child.exitCode(), child.err());
        assertEquals(1, errors(child).size(), child.err());
        assertTrue(errors(child).get(0).contains(out + ": cannot be written: "), child.err());
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(
                    List.of(),
                    left.filter(f -> f.toString().contains("model.gguf")).toList());
        }
    }

    /** A script that trusts the exit code would go on with half a result. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "/dev/full is Linux's")
    void standardOutputIsFull_isAFailure_butAClosedPipeIsNot() throws Exception {
        List<String> full = List.of("bash", "-c", "exec \"$@\" >/dev/full", "bash");
        ChildJvm child = new ChildJvm(full, folder, "1", FAST, Main.class, "params", "--preset=nano");
        assertEquals(Exit.BAD_DATA, child.exitCode(), child.err());
        assertEquals(1, errors(child).size(), child.err());
        assertTrue(errors(child).get(0).contains("standard output cannot be written: "), child.err());

        List<String> closed = List.of("bash", "-c", "\"$@\" | true; exit ${PIPESTATUS[0]}", "bash");
        ChildJvm piped = new ChildJvm(closed, folder, "1", FAST, Main.class, "params", "--preset=gpt3-175b", "--all");
        assertEquals(Exit.OK, piped.exitCode(), piped.err());
        assertEquals(List.of(), errors(piped));
    }

    private ChildJvm endless(String... flags) throws Exception {
        String[] train = {
            "train",
            "--preset=nano",
            "--data=" + text,
            "--out=" + run,
            "--steps=100000000",
            "--progress=plain",
            "--log-every=1"
        };
        String[] all = Stream.of(train, flags).flatMap(Stream::of).toArray(String[]::new);
        return new ChildJvm(ChildJvm.heedingInterrupts(), folder, "1", FAST, Main.class, all);
    }

    private RunFolder.Saved newest() {
        return new RunFolder(run).newestFirst().get(0);
    }

    private static List<String> errors(ChildJvm child) throws IOException {
        return child.err().lines().filter(l -> l.startsWith("tinygpt: error:")).toList();
    }

    private List<Path> temporaries() throws IOException {
        try (Stream<Path> files = Files.walk(run)) {
            return files.filter(f -> f.toString().endsWith(".tmp")).toList();
        }
    }
}
