package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Runs scripts/get-tinyshakespeare on file:// addresses, in a folder with a space in its name. */
class GetTinyshakespeareTest {
    @TempDir
    private Path temporary;

    private Path folder;
    private Path target;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createDirectory(temporary.resolve("a folder"));
        target = folder.resolve("new folder").resolve("tiny shakespeare.txt");
    }

    @Test
    void wrongContent_isDeleted_withBothSums() throws Exception {
        Path wrong = Files.writeString(folder.resolve("wrong text.txt"), "not Shakespeare\n");
        Result result = run(wrong.toUri().toString(), "--to", target.toString());
        assertEquals(1, result.exit, result.output);
        assertEquals(
                "get-tinyshakespeare: what " + wrong.toUri().toString()
                        + " sent is not Tiny Shakespeare and was deleted: its SHA-256 is"
                        + " a7fd474c7636b43a01a2c9e9f1dc8d263957d200b43ea36cc112df8f1dd03371, expected"
                        + " 86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed\n",
                result.output);
        assertEquals(List.of(), filesIn(target.getParent()));
    }

    @Test
    void nothingToDownload_fails_leavingNothing() throws Exception {
        Result result = run("file:///no/such/file.txt", "--to", target.toString());
        assertEquals(1, result.exit, result.output);
        assertTrue(result.output.contains("could not download file:///no/such/file.txt;"), result.output);
        assertEquals(List.of(), filesIn(target.getParent()));
    }

    @Test
    void addressInTheEnvironment_isUsed_unlessOneIsGiven() throws Exception {
        Result fromEnvironment = run(script(), "file:///no/such/a.txt", "--to", target.toString());
        assertTrue(fromEnvironment.output.contains("could not download file:///no/such/a.txt;"));
        Result given = run(script(), "file:///no/such/a.txt", "file:///no/such/b.txt", "--to", target.toString());
        assertTrue(given.output.contains("could not download file:///no/such/b.txt;"));
    }

    @Test
    void otherFileAtTheTarget_isLeftAlone() throws Exception {
        Files.createDirectory(target.getParent());
        Files.writeString(target, "my own text\n");
        Result result = run("file:///no/such/file.txt", "--to", target.toString());
        assertEquals(1, result.exit, result.output);
        assertTrue(result.output.contains("it was left as it is"), result.output);
        assertEquals("my own text\n", Files.readString(target));
    }

    @Test
    void wrongUsage_exits2() throws Exception {
        assertEquals(2, run("--to").exit);
        assertEquals(2, run("--from", "x").exit);
        assertEquals(2, run("file:///a", "file:///b").exit);
    }

    @Test
    void rightContent_isStored_andNotFetchedTwice(TestInfo test) throws Exception {
        Path source = SharedFolder.require(test, "data/tinyshakespeare.txt");
        Result first = run(source.toUri().toString(), "--to", target.toString());
        assertEquals(0, first.exit, first.output);
        assertEquals(target + ": 1,115,394 bytes, SHA-256 checked\n", first.output);
        assertEquals(-1, Files.mismatch(source, target));
        assertEquals(List.of("tiny shakespeare.txt"), filesIn(target.getParent()));

        Result second = run("file:///no/such/file.txt", "--to", target.toString());
        assertEquals(0, second.exit, second.output);
        assertEquals(target + " is already there, with the right SHA-256\n", second.output);
    }

    @Test
    void withoutTarget_storesInTheProjectsDataFolder_fromAnyFolder(TestInfo test) throws Exception {
        Path source = SharedFolder.require(test, "data/tinyshakespeare.txt");
        Path project = Files.createDirectory(folder.resolve("my project"));
        Path script = Files.createDirectory(project.resolve("scripts")).resolve("get-tinyshakespeare");
        Files.copy(script(), script);
        Result result = run(script, "", source.toUri().toString());
        assertEquals(0, result.exit, result.output);
        assertEquals(-1, Files.mismatch(source, project.resolve("data").resolve("tinyshakespeare.txt")));
    }

    private record Result(int exit, String output) {}

    private Result run(String... arguments) throws IOException, InterruptedException {
        return run(script(), "", arguments);
    }

    private Result run(Path script, String urlVariable, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("bash", script.toString()));
        command.addAll(List.of(arguments));
        File output = temporary.resolve("output").toFile();
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output);
        builder.environment().put("TINYSHAKESPEARE_URL", urlVariable); // empty is as good as none
        Process process = builder.start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the script did not end within a minute");
        }
        return new Result(process.exitValue(), Files.readString(output.toPath()));
    }

    private static Path script() {
        return Path.of(System.getProperty("tinygpt.home"), "scripts", "get-tinyshakespeare");
    }

    private static List<String> filesIn(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
