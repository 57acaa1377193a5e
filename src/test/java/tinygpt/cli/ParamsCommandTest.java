package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tinygpt.cli.Run.with;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;

final class ParamsCommandTest {
    /** nanoGPT's CPU shape with biases: 809,856 parameters in 52 tensors. */
    private static final String[] NANO_GPT = {
        "params", "--layers", "4", "--vocabulary-size", "65", "--context-length", "64"
    };

    @Test
    void table_collapsesLayers_mergesNorms_andShowsTheTie() {
        assertEquals("""
                tiny (changed)   4 layers · 4 heads · width 128 · context 64 · vocabulary 65
                                 biases yes · output tied to wte

                name                    kind           shape      layers   params   share train
                wte.weight              embedding      [65, 128]       1    8,320   1.03% yes
                  lm_head.weight        output         = wte.weight  -  (tied: 0)         =
                wpe.weight              positional     [64, 128]       1    8,192   1.01% yes
                h.#.ln_1.{weight,bias}  normalization  [128]           4    1,024   0.13% yes
                h.#.attn.c_attn.weight  attention      [128, 384]      4  196,608  24.28% yes
                h.#.attn.c_attn.bias    attention      [384]           4    1,536   0.19% yes
                h.#.attn.c_proj.weight  attention      [128, 128]      4   65,536   8.09% yes
                h.#.attn.c_proj.bias    attention      [128]           4      512   0.06% yes
                h.#.ln_2.{weight,bias}  normalization  [128]           4    1,024   0.13% yes
                h.#.mlp.c_fc.weight     feed-forward   [128, 512]      4  262,144  32.37% yes
                h.#.mlp.c_fc.bias       feed-forward   [512]           4    2,048   0.25% yes
                h.#.mlp.c_proj.weight   feed-forward   [512, 128]      4  262,144  32.37% yes
                h.#.mlp.c_proj.bias     feed-forward   [128]           4      512   0.06% yes
                ln_f.{weight,bias}      normalization  [128]           1      256   0.03% yes

                by kind   feed-forward 526,848 65.05% · attention 264,192 32.62%
                          embedding 8,320 1.03% · positional 8,192 1.01%
                          normalization 2,304 0.28% · output 0 (tied)
                total     809,856 parameters (809.9K) in 52 tensors · all trainable
                memory    float32 3.24 MB
                          training with Adam 12.96 MB (weights+gradients+2 moments) + activations
                also seen as  818,176 untied · 801,664 without positions · 786,432 12·L·C²
                """, Run.of(NANO_GPT).out());
    }

    @Test
    void tableOfASmallModel_fits80Columns() {
        Run run = Run.of(NANO_GPT);
        assertEquals(0, run.exitCode());
        assertEquals("", run.err());
        for (String line : run.lines()) {
            assertTrue(line.length() <= 80 || line.contains("+ activations"), line);
        }
    }

    @Test
    void asciiTerminal_getsOnlyAscii_inStraightColumns() {
        Run run = Run.in(StandardCharsets.US_ASCII, "params", "--preset", "gpt2", "--why");
        assertTrue(StandardCharsets.US_ASCII.newEncoder().canEncode(run.out()), run.out());
        assertTrue(run.out().contains("attention     = L*(4C^2 + 4C) = 12*(4*768^2 + 4*768) = 28,348,416"), run.out());
        assertTrue(run.out().contains("12 layers | 12 heads | width 768"), run.out());
    }

    @Test
    void all_printsEveryTensorOnItsOwn() {
        List<String> lines = Run.of(with(NANO_GPT, "--all")).lines();
        assertEquals(53, rowsOf(lines).size());
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("h.3.ln_1.bias ")), "h.3.ln_1.bias");
        assertFalse(lines.stream().anyMatch(line -> line.contains("#")));
    }

    @Test
    void untiedHead_hasARowOfItsOwn() {
        String out = Run.of(with(NANO_GPT, "--tied-head", "false")).out();
        assertTrue(
                out.contains("\nlm_head.weight          output         [65, 128]       1    8,320   1.02% yes\n"), out);
        assertTrue(out.contains("total     818,176 parameters"), out);
        assertTrue(out.contains("also seen as  809,856 tied · 809,984 without positions"), out);
    }

    @Test
    void selection_isCountedBesideTheTotal() {
        String out = Run.of(with(NANO_GPT, "--kind", "attention,positional")).out();
        assertTrue(out.contains("selected  272,384 parameters in 17 tensors, 33.63% of all\n"), out);
        assertTrue(out.contains("total     809,856 parameters"), out);
        assertFalse(out.contains("mlp"), out);
    }

    @Test
    void kindAndMatch_mustBothHold() {
        List<String> rows = rowsOf(Run.of(with(NANO_GPT, "--kind", "attention", "--match", "*.weight"))
                .lines());
        assertEquals(2, rows.size());
        assertTrue(rows.get(0).startsWith("h.#.attn.c_attn.weight "), rows.get(0));
    }

    @Test
    void someLayersOnly_areNotCollapsed() {
        List<String> rows =
                rowsOf(Run.of(with(NANO_GPT, "--match", "h.[01].ln_?.*")).lines());
        assertEquals(
                List.of(
                        "h.0.ln_1.{weight,bias}",
                        "h.0.ln_2.{weight,bias}",
                        "h.1.ln_1.{weight,bias}",
                        "h.1.ln_2.{weight,bias}"),
                rows.stream().map(row -> row.split(" ")[0]).toList());
    }

    @Test
    void gainsWithoutBiases_areNotMerged() {
        List<String> rows =
                rowsOf(Run.of(with(NANO_GPT, "--match", "*ln_*.weight")).lines());
        assertEquals(
                List.of("h.#.ln_1.weight", "h.#.ln_2.weight", "ln_f.weight"),
                rows.stream().map(row -> row.split(" ")[0]).toList());
    }

    @Test
    void selectorWithoutMatch_isRefused() {
        assertEquals(
                new Run(
                        2,
                        "",
                        "tinygpt: error: no parameter of this model matches kind:attention and wte.*;"
                                + " 'tinygpt params --all' lists the names\n"),
                Run.of("params", "--kind", "attention", "--match", "wte.*"));
    }

    @Test
    void unknownKind_isRefused() {
        Run run = Run.of("params", "--kind", "layer");
        assertEquals(2, run.exitCode());
        assertTrue(
                run.err().startsWith("tinygpt: error: there is no kind 'layer' of parameter; there are "), run.err());
    }

    @ParameterizedTest
    @CsvSource({
        "name, h.#.attn.c_attn.bias, wte.weight",
        "params, h.#.mlp.c_fc.weight, 'ln_f.{weight,bias}'",
        "kind, wte.weight, 'ln_f.{weight,bias}'"
    })
    void sort_ordersTheRows(String order, String first, String last) {
        List<String> names = rowsOf(Run.of(with(NANO_GPT, "--sort", order)).lines()).stream()
                .filter(row -> !row.contains("(tied: 0)"))
                .map(row -> row.split(" ")[0])
                .toList();
        assertEquals(first, names.get(0));
        assertEquals(last, names.get(names.size() - 1));
    }

    @Test
    void sortByName_puts2Before10() {
        List<String> names = Run.of(
                        "params", "--preset", "gpt2", "--format", "csv", "--sort", "name", "--match", "h.*.ln_1.bias")
                .lines();
        assertEquals("h.2.ln_1.bias", names.get(3).split(",")[0]);
        assertEquals("h.11.ln_1.bias", names.get(12).split(",")[0]);
    }

    @Test
    void json_isExactAndComplete() throws IOException {
        Run run = Run.of("params", "--preset", "gpt3-175b", "--format", "json");
        assertEquals(0, run.exitCode());
        JsonNode root = new ObjectMapper().readTree(run.out());
        assertEquals("gpt3-175b", root.get("title").asText());
        assertEquals(
                Preset.named("gpt3-175b")
                        .hyperparameters()
                        .toJson()
                        .get("model")
                        .toString(),
                Preset.named("gpt3-175b")
                        .hyperparameters()
                        .with(new ObjectMapper().createObjectNode().set("model", root.get("model")))
                        .toJson()
                        .get("model")
                        .toString());
        assertEquals(174_604_259_328L, root.at("/totals/parameters").asLong());
        assertEquals(1156, root.at("/totals/tensors").asInt());
        assertEquals(1157, root.get("tensors").size());
        long sum = 0;
        for (JsonNode tensor : root.get("tensors")) {
            assertTrue(tensor.get("count").isIntegralNumber());
            sum += tensor.get("count").asLong();
        }
        assertEquals(174_604_259_328L, sum);
        long byKind = 0;
        for (JsonNode kind : root.get("by_kind")) {
            byKind += kind.get("count").asLong();
        }
        assertEquals(sum, byKind);
        assertEquals(4 * sum, root.at("/totals/float32_bytes").asLong());
        assertEquals(16 * sum, root.at("/totals/training_bytes").asLong());
    }

    @Test
    void json_describesATensor() throws IOException {
        JsonNode root = new ObjectMapper()
                .readTree(Run.of(with(NANO_GPT, "--format", "json", "--match", "h.3.attn.c_proj.weight"))
                        .out());
        assertEquals(
                "[{\"name\":\"h.3.attn.c_proj.weight\",\"kind\":\"attention\",\"layer\":3,\"shape\":[128,128],"
                        + "\"count\":16384,\"share\":0.020231,\"decayed\":true,\"trainable\":true,"
                        + "\"initial\":{\"law\":\"normal\",\"std\":0.0070710678118654745,\"text\":\"N(0, 0.02/sqrt(2L))\"},\"tied_to\":null}]",
                root.get("tensors").toString());
        assertEquals(16_384, root.at("/totals/selected").asLong());
    }

    @Test
    void json_isAscii_whateverTheTitle() {
        assertEquals(
                "{\n  \"t\": \"\\u00e9\\u221a\"\n}",
                Json.pretty(new ObjectMapper().createObjectNode().put("t", "é√")));
    }

    @Test
    void csv_hasAHeaderAndQuotesCommas() {
        List<String> lines = Run.of(with(NANO_GPT, "--format", "csv")).lines();
        assertEquals(54, lines.size());
        assertEquals("name,kind,layer,shape,count,share,decayed,trainable,initial_law,tied_to", lines.get(0));
        assertEquals("wte.weight,embedding,,65x128,8320,0.010273,true,true,\"N(0, 0.02)\",", lines.get(1));
        assertEquals("lm_head.weight,output,,65x128,0,0.000000,true,true,\"N(0, 0.02)\",wte.weight", lines.get(2));
        assertEquals("h.0.ln_1.weight,normalization,0,128,128,0.000158,false,true,1,", lines.get(4));
    }

    @Test
    void csvWithWhy_isRefused() {
        Run run = Run.of("params", "--format", "csv", "--why");
        assertEquals(2, run.exitCode());
        assertEquals("tinygpt: error: --why has no place in csv; use --format table, md or json with it\n", run.err());
    }

    @Test
    void markdown_isATable() {
        List<String> lines = Run.of(with(NANO_GPT, "--format", "md")).lines();
        assertEquals("| name | kind | shape | layers | params | share | train |", lines.get(2));
        assertEquals("|---|---|---|---:|---:|---:|---|", lines.get(3));
        assertEquals("| `wte.weight` | embedding | [65, 128] | 1 | 8,320 | 1.03% | yes |", lines.get(4));
        assertEquals("| `lm_head.weight` | output | = `wte.weight` | - | 0 |  | = |", lines.get(5));
    }

    @Test
    void model_comesFromTheReader() {
        ParameterRegistry registry = ParameterRegistry.of(Preset.named("gpt2").hyperparameters());
        StringWriter out = new StringWriter();
        Output output = new Output(
                new PrintWriter(out), new PrintWriter(new StringWriter()), Glyphs.of(StandardCharsets.UTF_8));
        int exitCode = ParamsCommand.create(output, path -> path.equals(Path.of("run/ckpt")) ? registry : null)
                .execute("--model", "run/ckpt");
        assertEquals(0, exitCode);
        assertTrue(out.toString().startsWith("run" + java.io.File.separator + "ckpt   12 layers"), out.toString());
        assertTrue(out.toString().contains("total     124,439,808 parameters (124.4M) in 148 tensors"), out.toString());
    }

    @Test
    void modelWithItsOwnFlags_isRefused() {
        StringWriter err = new StringWriter();
        Output output = new Output(
                new PrintWriter(new StringWriter()), new PrintWriter(err), Glyphs.of(StandardCharsets.UTF_8));
        int exitCode = ParamsCommand.create(output, path -> null)
                .setExecutionExceptionHandler(new Errors(new PrintWriter(err), false))
                .execute("--model", "x", "--layers", "3");
        assertEquals(2, exitCode);
        assertTrue(err.toString().startsWith("tinygpt: error: --model has its own hyperparameters"), err.toString());
    }

    @Test
    void counting175B_loadsNeitherNd4jNorBytedeco() throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process process = new ProcessBuilder(
                        java.toString(),
                        "-Xlog:class+load:stdout",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "tinygpt.cli.Main",
                        "params",
                        "--preset",
                        "gpt3-175b",
                        "--why")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertTrue(out.contains("174,604,259,328 parameters"), "the command ran");
        assertTrue(out.contains(" tinygpt.parameters.ParameterRegistry "), "the log lists classes");
        List<String> loaded = out.lines()
                .filter(line -> line.contains("[class,load]"))
                .filter(line -> line.contains(" org.nd4j.") || line.contains(" org.bytedeco."))
                .toList();
        assertEquals(List.of(), loaded);
    }

    @Test
    void configThatIsAPresetsName_saysHowToGiveThat() {
        Run run = Run.of("params", "--config=tiny");
        assertEquals(2, run.exitCode());
        assertEquals(
                "tinygpt: error: there is no config file tiny; the preset of that name is --preset tiny\n", run.err());
        assertEquals(3, Run.of("params", "--config=tinier").exitCode());
    }

    private static List<String> rowsOf(List<String> lines) {
        int header = 0;
        while (!lines.get(header).startsWith("name ")) {
            header++;
        }
        List<String> rows = new ArrayList<>();
        for (int i = header + 1; !lines.get(i).isEmpty(); i++) {
            rows.add(lines.get(i));
        }
        return rows;
    }
}
