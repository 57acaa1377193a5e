package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.inspection.InspectedModel;

class DiffCommandTest {
    @TempDir
    Path folder;

    private String run;

    @BeforeEach
    void write() {
        run = folder.resolve("run").toString();
        InspectedModel.write(Path.of(run), InspectedModel.nano(1), 0, registry -> {});
        InspectedModel.write(Path.of(run), InspectedModel.nano(1), 9, registry -> {
            InspectedModel.set(registry, "h.0.ln_1.weight", 1, 1, -3, 1, 4); // |change| = 5 of |A| = sqrt(32)
            InspectedModel.set(registry, "h.1.mlp.c_proj.bias", 0.5f);
        });
    }

    @Test
    void same_isExitCode0() {
        Run same = Run.of("diff", run, run + "@9");
        assertEquals(0, same.exitCode(), same.err());
        assertTrue(same.out().endsWith("0 of 28 tensors differ\n"), same.out());
    }

    @Test
    void different_isExitCode1_withTheNumbers() {
        Run different = Run.of("diff", run + "@0", run);
        assertEquals(1, different.exitCode());
        List<String> lines = different.lines();
        // cos = (30 - 3 + 4) / (sqrt(32) sqrt(30 + 9 + 16))
        assertTrue(
                lines.get(0).matches("name +kind +params +\\|B-A\\|/\\|A\\| +cos +max\\|Δ\\| +changed"), lines.get(0));
        assertTrue(
                lines.get(1).matches("h.0.ln_1.weight +normalization +32 +8.8e-01 +0.7389 +4.0e\\+00 +6.3%"),
                lines.get(1));
        assertTrue(
                lines.get(2).matches("h.1.mlp.c_proj.bias +feed-forward +32 +n/a +n/a +5.0e-01 +3.1%"), lines.get(2));
        assertEquals("", lines.get(3));
        assertTrue(lines.get(4).startsWith("frozen, same hash: wte.weight, wpe.weight, h.0.ln_1.bias, "), lines.get(4));
        assertTrue(different.out().contains("attention 8,448: 0"), different.out());
        assertTrue(different.out().endsWith("2 of 28 tensors differ\n"));
    }

    @Test
    void all_isInTheOrderOfTheModel_withFrozenTensors() {
        List<String> lines = Run.of("diff", run + "@0", run, "--all").lines();
        assertTrue(
                lines.get(1).matches("wte.weight +embedding +2,048 +0 +1 +0 +0.0% +frozen, same hash"), lines.get(1));
        assertTrue(lines.get(28).startsWith("ln_f.bias"), lines.get(28));
    }

    @Test
    void top_showsTheMostChanged() {
        Run top = Run.of("diff", run + "@0", run, "--top", "1");
        assertTrue(top.out().contains("\n1 more are not shown"), top.out());
        assertFalse(top.out().contains("c_proj.bias  feed"), top.out());
    }

    @Test
    void otherHyperparameters_areNamedFirst() {
        String other = folder.resolve("other").toString();
        InspectedModel.write(
                Path.of(other), InspectedModel.nano(1).with("optimization.learning_rate", "0.5"), 0, registry -> {});
        Run different = Run.in(StandardCharsets.US_ASCII, "diff", run + "@0", other);
        assertEquals(1, different.exitCode());
        assertTrue(different.lines().get(0).startsWith("hyperparameters differ: config sha256 "), different.out());
        assertEquals(
                "  optimization.learning_rate 0.01 -> 0.5", different.lines().get(1));
        assertTrue(different.out().endsWith("0 of 28 tensors differ\n"));
    }

    @Test
    void unequalTensors_areNamed() {
        String other = folder.resolve("other").toString();
        InspectedModel.write(
                Path.of(other),
                InspectedModel.nano(1).with("model.tied_head", "false").with("model.context_length", "16"),
                0,
                registry -> {});
        String out = Run.of("diff", run + "@0", other).out();
        assertTrue(out.contains("\nonly in B: lm_head.weight [64, 32]\n"), out);
        assertTrue(out.contains("\nreshaped:  wpe.weight [32, 32] → [16, 32]\n"), out);
        assertTrue(Run.of("diff", other, run + "@0").out().contains("\nonly in A: lm_head.weight [64, 32]\n"));
    }

    @Test
    void json_hasEveryTensor() throws Exception {
        Run json = Run.of("diff", run + "@0", run, "--json");
        assertEquals(1, json.exitCode());
        JsonNode root = new ObjectMapper().readTree(json.out());
        assertFalse(root.get("same").booleanValue());
        assertEquals(28, root.get("tensors").size());
        JsonNode gain = root.get("tensors").get(2);
        assertEquals("h.0.ln_1.weight", gain.get("name").textValue());
        assertEquals("changed", gain.get("state").textValue());
        assertEquals(5 / Math.sqrt(32), gain.get("relative_change").doubleValue(), 1e-12);
        assertEquals(4, gain.get("largest_change").doubleValue());
        assertEquals(2, gain.get("changed").intValue());
        JsonNode frozen = root.get("tensors").get(0);
        assertEquals(frozen.get("sha256_a"), frozen.get("sha256_b"));
        assertEquals(64, frozen.get("sha256_a").textValue().length());
    }

    @Test
    void html_isOnePage_besideTheTable() throws Exception {
        Path page = folder.resolve("change.html");
        Run written = Run.of("diff", run + "@0", run, "--html", page.toString());
        assertEquals(1, written.exitCode());
        assertEquals(Run.of("diff", run + "@0", run).out(), written.out(), "the table is what it is without the page");
        assertTrue(written.err().startsWith(page + "   "), written.err());
        String html = Files.readString(page);
        assertTrue(html.endsWith("</html>\n"), "the page is whole");
        assertTrue(html.contains("<h1>run@0 → run</h1>"));
        assertTrue(html.indexOf("<code>h.0.ln_1.weight") < html.indexOf("<code>wte.weight"), "most changed first");
        Run same = Run.of("diff", run, run, "--html", page.toString(), "--json");
        assertEquals(0, same.exitCode());
        assertTrue(same.out().startsWith("{") && same.out().endsWith("}\n"), "stdout is JSON only");
        assertTrue(Files.readString(page).contains("<strong>the same</strong>"));
    }

    @Test
    void htmlRows_areThoseAskedFor() throws Exception {
        Path page = folder.resolve("change.html");
        Run.of("diff", run + "@0", run, "--all", "--html", page.toString());
        String html = Files.readString(page);
        assertTrue(html.indexOf("<code>wte.weight") < html.indexOf("<code>h.0.ln_1.weight"), "the model's order");
        Run.of("diff", run + "@0", run, "--top", "1", "--html", page.toString());
        html = Files.readString(page);
        assertTrue(html.contains("<code>h.0.ln_1.weight"));
        assertFalse(html.contains("<code>wte.weight"));
        assertTrue(html.contains("27 tensors are not listed"));
    }

    @Test
    void pageThatCannotBeWritten_isTrouble() throws Exception {
        assertEquals(2, Run.of("diff", run + "@0", run, "--open").exitCode());
        Run aFolder = Run.of("diff", run + "@0", run, "--html", folder.toString());
        assertEquals(2, aFolder.exitCode());
        assertTrue(aFolder.err().contains("is a folder; give --html the name of a file"), aFolder.err());
        Run nowhere = Run.of(
                "diff",
                run + "@0",
                run,
                "--html",
                folder.resolve("no/page.html").toString());
        assertEquals(2, nowhere.exitCode());
        assertTrue(nowhere.err().contains("there is no such folder"), nowhere.err());
        Path model = InspectedModel.write(folder.resolve("other"), InspectedModel.nano(1), 0, registry -> {});
        byte[] before = Files.readAllBytes(model);
        Run overwriting = Run.of("diff", run, model.toString(), "--html", model.toString());
        assertEquals(2, overwriting.exitCode());
        assertTrue(overwriting.err().contains("is one of the two models"), overwriting.err());
        assertArrayEquals(before, Files.readAllBytes(model));
    }

    @Test
    void trouble_isExitCode2() throws Exception {
        assertEquals(2, Run.of("diff", run).exitCode());
        assertEquals(2, Run.of("diff", run, run, "--all", "--top", "3").exitCode());
        assertEquals(2, Run.of("diff", run, run, "--top", "0").exitCode());
        assertEquals(2, Run.of("diff", run, run, "--nothing").exitCode());
        Run missing = Run.of("diff", run, folder.resolve("nothing").toString());
        assertEquals(2, missing.exitCode());
        assertEquals(1, missing.err().lines().count(), missing.err());
        assertTrue(missing.err().startsWith("tinygpt: error: "), missing.err());
        Run step = Run.of("diff", run, run + "@5");
        assertEquals(2, step.exitCode());
        assertTrue(step.err().contains("there are those of steps 0, 9"), step.err());
        Path broken = Files.write(folder.resolve("broken.safetensors"), new byte[] {1, 2, 3});
        Run damaged = Run.of("--stack-trace", "diff", broken.toString(), run);
        assertEquals(2, damaged.exitCode());
        assertEquals(3, Run.of("params", broken.toString()).exitCode(), "of other commands it is 3");
    }
}
