package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.LedgeredRun;
import tinygpt.text.CharacterTokenizer;

/** {@code params --model}, and that commands without arithmetic start no ND4J. */
class ParamsOfModelTest {
    @TempDir
    Path folder;

    @Test
    void paramsOfARun_areThoseOfItsArchitecture() {
        SmallModel.indifferent(folder, CharacterTokenizer.of("ab"), java.util.Map.of());
        Run run = Run.of("params", "--model=" + folder);
        Run same = Run.of("params", "--preset=nano", "--vocabulary-size=3");
        assertEquals(0, run.exitCode());
        assertEquals(folder + "   2 layers", run.out().substring(0, run.out().indexOf(" · ")));
        // The title takes another width: only what stands below it is the same.
        assertEquals(below(same), below(run));
    }

    private static String below(Run run) {
        return run.out().substring(run.out().indexOf("\nname "));
    }

    @Test
    void paramsOfAHuggingFaceFolder_loadNeitherNd4jNorBytedeco() throws Exception {
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        String out = loading("params", "--model=" + golden);
        assertTrue(
                out.contains("total     28,352 parameters"),
                out.lines().filter(line -> line.startsWith("total")).toList().toString());
    }

    @Test
    void paramsOfARun_loadNeitherNd4jNorBytedeco() throws Exception {
        SmallModel.indifferent(folder, CharacterTokenizer.of("ab"), java.util.Map.of());
        assertTrue(loading("params", "--model=" + folder).contains("\ntotal     "));
    }

    @Test
    void ledgerOfARun_loadsNeitherNd4jNorBytedeco() throws Exception {
        LedgeredRun.write(folder);
        assertTrue(loading("ledger", folder.toString()).contains("\nverified: 6 lines"));
    }

    @Test
    void statisticsInspectDiffAndExport_loadNeitherNd4jNorBytedeco() throws Exception {
        SmallModel.random(folder, CharacterTokenizer.of("ab"));
        String run = folder.toString();
        assertTrue(loading("params", "--stats", run).contains("\nW0: computed from the seed"));
        assertTrue(loading("inspect", run, "wte.weight", "--change").contains("\nlimits -"));
        assertTrue(loading("diff", run, run).contains("\n0 of 28 tensors differ"));
        String json = folder.resolve("model.json").toString();
        assertTrue(loading("export", "--format=llm-viz", run, "--out=" + json).contains("\nwrote " + json));
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        assertTrue(loading("params", "--stats", golden.toString()).contains("\nW0 is not known"));
    }

    @Test
    void help_loadsNeitherNd4jNorBytedeco() throws Exception {
        assertTrue(loading("--help").contains("\n  generate  "));
        assertTrue(loading("generate", "--help").contains("--top-p"));
    }

    /** Runs the program on its own; fails if a class of ND4J or Bytedeco was loaded. */
    private static String loading(String... args) throws Exception {
        List<String> command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:stdout",
                "-cp",
                System.getProperty("java.class.path"),
                "tinygpt.cli.Main"));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        List<String> loaded = out.lines()
                .filter(line -> line.contains("[class,load]"))
                .filter(line -> line.contains(" org.nd4j.") || line.contains(" org.bytedeco."))
                .toList();
        assertEquals(List.of(), loaded);
        return out;
    }
}
