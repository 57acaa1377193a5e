package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.InvalidHyperparameterException;

final class MainTest {
    @Test
    void help_listsCommandsAndExitCodes() {
        Run run = Run.of("--help");
        assertEquals(0, run.exitCode());
        assertEquals("", run.err());
        assertTrue(run.out().matches("(?s).*\n  params +Lists and counts the parameters.*"), run.out());
        for (String code : new String[] {"    0   done", "    1   ", "    2   ", "    3   ", "  130   interrupted"}) {
            assertTrue(run.out().contains("\n" + code), code);
        }
        assertTrue(run.lines().stream().allMatch(line -> line.length() <= 80), run.out());
    }

    /** What a shell is given must be one command, also where the terminal has 80 columns. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "train",
                "generate",
                "eval",
                "tokenize",
                "params",
                "inspect",
                "merge",
                "export",
                "quantize",
                "bench"
            })
    void example_isOneCommandForAShell(String command) {
        List<String> lines = Run.of(command, "--help").lines();
        int examples = lines.indexOf("Examples:");
        assertTrue(examples > 0, command);
        for (String line : lines.subList(examples + 1, lines.size())) {
            assertTrue(line.startsWith("  ") && line.length() <= 80, line);
        }
    }

    @Test
    void longExample_isFoldedBeforeAnOption_andNotInQuotes() {
        assertEquals(
                List.of("  tinygpt eval --data 'a b' \\", "      --format json"),
                CommandName.folded("  tinygpt eval --data 'a b' --format json", 36));
        assertEquals(
                List.of("  tinygpt tokenize \\", "      'some text in quotes'"),
                CommandName.folded("  tinygpt tokenize 'some text in quotes'", 30));
        assertEquals(List.of("  tinygpt eval"), CommandName.folded("  tinygpt eval", 80));
    }

    @Test
    void version_namesProgramAndJdk() {
        Run run = Run.of("--version");
        assertEquals(0, run.exitCode());
        assertTrue(run.out().startsWith("tinygpt "), run.out());
        assertTrue(run.out().contains("\nJDK " + System.getProperty("java.version")), run.out());
    }

    @Test
    void noCommand_isWrongUsage() {
        assertEquals(new Run(2, "", "tinygpt: error: Missing required subcommand; see 'tinygpt --help'\n"), Run.of());
    }

    @Test
    void misspeltCommand_isGuessed() {
        Run run = Run.of("prams");
        assertEquals(2, run.exitCode());
        assertEquals("", run.out());
        String guess = "tinygpt: error: Unmatched argument at index 0: 'prams'; did you mean params";
        assertTrue(run.err().startsWith(guess), run.err());
        assertTrue(run.err().endsWith("? See 'tinygpt --help'\n"), run.err());
    }

    @Test
    void misspeltOption_isGuessed() {
        Run run = Run.of("params", "--layer=3");
        assertEquals(2, run.exitCode());
        assertTrue(
                run.err().startsWith("tinygpt: error: Unknown option: '--layer=3'; did you mean --layers"), run.err());
        assertTrue(run.err().endsWith("See 'tinygpt params --help'\n"), run.err());
    }

    @Test
    void stackTraceOption_showsWhere() {
        Run run = Run.of("params", "--stack-trace", "--preset", "none");
        assertEquals(2, run.exitCode());
        assertTrue(run.err().startsWith("tinygpt: error: there is no preset 'none'"), run.err());
        assertTrue(run.err().contains("\tat tinygpt.hyperparameters.Preset.named("), run.err());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void failure_isOneLineAndAnExitCode(Throwable failure, int exitCode, String line) {
        StringWriter err = new StringWriter();
        assertEquals(exitCode, new Errors(new PrintWriter(err), false).report(failure));
        assertEquals("tinygpt: error: " + line + System.lineSeparator(), err.toString());
    }

    /** Of diff 1 says that the models differ, so nothing else may be 1. */
    @ParameterizedTest
    @MethodSource("failures")
    void failureOfAComparison_isTrouble(Throwable failure, int exitCode, String line) {
        StringWriter err = new StringWriter();
        assertEquals(exitCode == 130 ? 130 : 2, new Errors(new PrintWriter(err), false, true).report(failure));
        assertEquals("tinygpt: error: " + line + System.lineSeparator(), err.toString());
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new InvalidHyperparameterException("layers is 0"), 2, "layers is 0"),
                Arguments.of(new IllegalArgumentException("two\n  lines"), 2, "two lines"),
                Arguments.of(new CommandFailure(1, "they differ"), 1, "they differ"),
                Arguments.of(new NoSuchFileException("a.txt"), 3, "there is no file a.txt"),
                Arguments.of(new UncheckedIOException(new NoSuchFileException("b")), 3, "there is no file b"),
                Arguments.of(new AccessDeniedException("c"), 3, "c must not be read or written by this user"),
                Arguments.of(new FileAlreadyExistsException("d"), 3, "d exists already"),
                Arguments.of(new FileSystemException("e", null, "Is a directory"), 3, "e: Is a directory"),
                Arguments.of(
                        new BadFileException(Path.of("m.safetensors"), "is cut off"),
                        3,
                        new BadFileException(Path.of("m.safetensors"), "is cut off").getMessage()),
                Arguments.of(new IOException("disk full"), 3, "disk full"),
                Arguments.of(new EOFException(), 3, "EOFException"),
                Arguments.of(new InterruptedException(), 130, "interrupted"),
                Arguments.of(
                        new OutOfMemoryError("no 5.0 MB"),
                        1,
                        "out of memory: no 5.0 MB; choose a smaller model or batch"),
                Arguments.of(
                        new IllegalStateException("odd"),
                        1,
                        "unexpected IllegalStateException: odd; run it again with --stack-trace to see where"),
                Arguments.of(
                        new NullPointerException(),
                        1,
                        "unexpected NullPointerException; run it again with --stack-trace to see where"));
    }

    @Test
    void unexpectedFailure_withTrace_doesNotAdviseTracing() {
        StringWriter err = new StringWriter();
        new Errors(new PrintWriter(err), true).report(new IllegalStateException("odd"));
        assertTrue(err.toString()
                .startsWith("tinygpt: error: unexpected IllegalStateException: odd" + System.lineSeparator()));
        assertFalse(err.toString().contains("run it again"));
        assertTrue(err.toString().contains("\tat tinygpt.cli.MainTest."));
    }
}
