package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that only read files answer at once: starting ND4J would take a second and a half. */
class FileCommandsTest {
    /** Runs commands, one an argument with its words between bars, and prints their exit codes. */
    static final class Several {
        public static void main(String[] commands) {
            PrintWriter out = new PrintWriter(PrintWriter.nullWriter());
            PrintWriter err = new PrintWriter(System.err, true);
            for (String command : commands) {
                int code = Main.run(out, err, command.split("\\|"));
                System.out.println("ended " + command.split("\\|")[0] + " " + code);
            }
        }
    }

    @TempDir
    Path folder;

    @Test
    void theyDoNotLoadNd4j() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "the quick brown fox jumps over it. ".repeat(60));
        Path run = folder.resolve("run");
        Run trained = Run.of(
                "train",
                "--preset=nano",
                "--steps=2",
                "--data=" + text,
                "--out=" + run,
                "--quiet",
                "--no-latest",
                "--tokenizer=bpe",
                "--vocab=260");
        assertEquals(0, trained.exitCode(), trained.err());
        List<String> commands = List.of(
                "--version",
                "train|--help",
                "params|" + run,
                "params|--stats|" + run,
                "inspect|" + run + "|wte.weight",
                "inspect|" + run + "|wpe.weight|--png|" + folder.resolve("wpe.png"),
                "diff|" + run + "@0|" + run,
                "ledger|" + run,
                "report|" + run,
                "report|" + run + "|--format=md",
                "export|--format=llm-viz|" + run + "|--out=" + folder.resolve("viz.json"),
                "tokenize|--model|" + run + "|the fox");
        ChildJvm jvm = new ChildJvm(
                folder,
                null,
                List.of("-Xlog:class+load:file=" + folder.resolve("classes.txt")),
                Several.class,
                commands.toArray(String[]::new));
        assertEquals(0, jvm.exitCode(), jvm.err());
        String ended = jvm.out();
        for (String command : commands) {
            String name = command.split("\\|")[0];
            assertTrue(ended.contains("ended " + name + (name.equals("diff") ? " 1" : " 0")), ended + jvm.err());
        }
        assertEquals(
                commands.size() - 1,
                ended.lines().filter(line -> line.endsWith(" 0")).count(),
                ended);
        assertEquals(
                List.of(),
                loaded().filter(line -> line.contains(" org.nd4j.") || line.contains(" org.bytedeco."))
                        .toList());
        assertTrue(loaded().anyMatch(line -> line.contains(" tinygpt.parameters.ParameterRegistry ")));
    }

    private java.util.stream.Stream<String> loaded() throws IOException {
        return Files.readString(folder.resolve("classes.txt"), StandardCharsets.ISO_8859_1)
                .lines();
    }
}
