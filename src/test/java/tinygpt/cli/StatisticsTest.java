package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.inspection.InspectedModel;
import tinygpt.reference.ModelFixtures;

/** {@code params --stats}, and {@code audit}. */
class StatisticsTest {
    @TempDir
    Path folder;

    private String run;

    @BeforeEach
    void write() {
        run = folder.toString();
        InspectedModel.write(folder, InspectedModel.nano(1337), 0, registry -> {});
        InspectedModel.write(folder, InspectedModel.nano(1337), 9, registry -> {
            InspectedModel.set(registry, "h.1.ln_2.bias", 3, -4);
            InspectedModel.scale(registry, "wpe.weight", 1.5f);
        });
    }

    private static String line(Run run, String name) {
        return run.lines().stream()
                .filter(line -> line.startsWith(name + " "))
                .findFirst()
                .orElseThrow(() -> new AssertionError(run.out() + run.err()));
    }

    @Test
    void untrained_isSetByLawAndSeed() {
        Run shown = Run.of("params", "--stats", run + "@0");
        assertEquals(0, shown.exitCode(), shown.err());
        assertTrue(shown.lines().get(0).startsWith(run + "@0   step 0 · seed 1337 · 28,544 parameters"), shown.out());
        assertTrue(line(shown, "wte.weight").matches(".* 0  N\\(0, 0\\.02\\) .*"), shown.out());
        assertTrue(line(shown, "h.#.mlp.c_proj.weight").contains("  N(0, 0.02/√(2L))  "), shown.out());
        assertTrue(line(shown, "h.#.ln_1.weight").matches(".*1\\.0000  5\\.6569 +0  1 .*"), shown.out());
        assertTrue(shown.out().contains("\nW0: computed from the seed"));
    }

    @Test
    void trained_showsDistanceAndWhoSetIt() {
        Run shown = Run.of("params", "--stats", run);
        assertTrue(line(shown, "h.#.ln_2.bias").contains("3.5355  training 1 of 2"), shown.out()); // 5 / sqrt(2)
        assertTrue(line(shown, "positional").matches("positional +1,024 +1 .*5\\.0e-01 +training"), shown.out());
        assertTrue(line(shown, "attention").matches(".* 0 +0\\.0e\\+00 +N\\(0, 0\\.02\\), 0, .*"), shown.out());
        List<String> each =
                Run.of("params", "--stats", run, "--all", "--sort=change").lines();
        assertTrue(each.get(4).startsWith("h.1.ln_2.bias  ") && each.get(4).contains("5.0000  training"), each.get(4));
        assertTrue(each.get(5).startsWith("wpe.weight  "), each.get(5));
    }

    @Test
    void selection_andOrder_holdForStatisticsToo() {
        Run shown = Run.of("params", "--stats", run, "--match", "*.ln_2.*", "--format", "csv", "--sort", "change");
        assertEquals(5, shown.lines().size());
        assertTrue(shown.lines().get(1).startsWith("h.1.ln_2.bias,normalization,1,32,32,-0.03125,"), shown.out());
        assertTrue(shown.lines().get(1).contains(",training,0,"), shown.out());
        assertEquals(2, Run.of("params", "--stats", run, "--match", "nothing").exitCode());
        assertEquals(2, Run.of("params", "--sort", "change").exitCode());
        assertEquals(2, Run.of("params", "--stats", "--preset", "nano").exitCode());
        assertEquals(2, Run.of("params", "--stats", run, "--why").exitCode());
        assertEquals(2, Run.of("params", run, "--model", run).exitCode());
    }

    /** The table was empty. */
    @Test
    void tiedTensorAlone_isTheOneItShares() {
        Run shown = Run.of("params", "--stats", run, "--kind=output");
        assertTrue(line(shown, "wte.weight").contains("embedding"), shown.out());
        assertEquals("tinygpt: note: lm_head.weight is tied to wte.weight: they are the same numbers\n", shown.err());
        assertEquals("", Run.of("params", "--stats", run).err());
    }

    @Test
    void json_hasHistogramsAndHashes() throws Exception {
        JsonNode root = new ObjectMapper()
                .readTree(Run.of("params", "--stats", run, "--format", "json").out());
        assertEquals("first_checkpoint", root.get("initial_values").textValue());
        assertEquals(28, root.get("tensors").size());
        for (JsonNode tensor : root.get("tensors")) {
            long counted = 0;
            for (JsonNode bin : tensor.get("histogram").get("counts")) {
                counted += bin.longValue();
            }
            assertEquals(
                    tensor.get("count").longValue(), counted, tensor.get("name").textValue());
        }
        assertEquals("training", root.get("tensors").get(1).get("set_by").textValue());
        assertEquals(
                0.5,
                root.get("by_kind").get("positional").get("relative_change").doubleValue(),
                1e-6);
    }

    @Test
    void numbersThatAreNotFinite_areSaid() {
        Path nan = folder.resolve("nan");
        InspectedModel.write(nan, InspectedModel.nano(1), 2, registry -> {
            InspectedModel.set(registry, "ln_f.bias", Float.NaN, Float.POSITIVE_INFINITY);
        });
        Run shown = Run.of("params", "--stats", nan.toString());
        assertTrue(shown.out().contains("NOT FINITE: ln_f.bias has 2 of 32 numbers"), shown.out());
        assertTrue(line(shown, "ln_f.bias").contains("  NaN  "), shown.out());
    }

    @Test
    void huggingFaceFolder_hasNoInitialValues() throws Exception {
        String golden = ModelFixtures.golden("gpt2-tiny-tied").folder().toString();
        Run shown = Run.in(StandardCharsets.US_ASCII, "params", "--stats", golden);
        assertEquals(0, shown.exitCode(), shown.err());
        assertTrue(line(shown, "wte.weight").contains("  n/a  "), shown.out());
        assertTrue(StandardCharsets.US_ASCII.newEncoder().canEncode(shown.out()), shown.out());
        assertTrue(Run.of("params", "--stats", golden, "--format", "md").out().contains("| name | kind | mean |"));
    }

    @Test
    void sparkline_isAsHighAsTheCounts() {
        assertEquals("▁▄█ ", new Sparkline(Glyphs.of(StandardCharsets.UTF_8)).of(new long[] {1, 4, 8, 0}));
        assertEquals(".=# ", new Sparkline(Glyphs.of(StandardCharsets.US_ASCII)).of(new long[] {1, 4, 8, 0}));
    }

    @Test
    void audit_hasARowForEachTensorAndAVerdict() {
        Run audit = Run.of("audit", "--model", run, "--threads", "2");
        assertEquals(0, audit.exitCode(), audit.err());
        assertTrue(line(audit, "wte.weight")
                .matches(".*N\\(0, 0.02\\) +0\\.0\\d+ +-?\\d\\.\\d se +yes \\(0\\.100\\).* ok"));
        assertTrue(line(audit, "lm_head.weight").contains("  tied: 0  "));
        assertTrue(
                audit.out().endsWith("all 29 tensors are as declared, 28,544 parameters counted once\n"), audit.out());
        assertEquals(2, Run.of("audit", "--model", run, "--preset", "nano").exitCode());
    }
}
