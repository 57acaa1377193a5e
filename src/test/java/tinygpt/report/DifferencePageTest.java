package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.inspection.InspectedModel;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;

class DifferencePageTest {
    private static final Pattern STATE =
            Pattern.compile("<script type=\"application/json\" id=\"state\">(.*?)</script>", Pattern.DOTALL);

    @TempDir
    static Path folder;

    private static ComparedModels usual;
    private static String html;
    private static JsonNode state;

    @BeforeAll
    static void write() throws IOException {
        usual = ComparedModels.usual(folder.resolve("a <b> run"));
        html = new String(DifferencePage.html(usual.state()), StandardCharsets.UTF_8);
        Matcher found = STATE.matcher(html);
        assertTrue(found.find());
        assertFalse(found.group(1).contains("<"), "nothing in the data can end the script element");
        state = new ObjectMapper().readTree(found.group(1));
    }

    /** What the page says is what {@code diff} found, tensor by tensor. */
    @Test
    void numbers_areThoseOfTheDifference() {
        JsonNode listed = state.path("difference").path("tensors");
        assertEquals(28, listed.size());
        assertEquals("h.0.ln_1.weight", listed.get(0).path("name").textValue(), "the most changed comes first");
        for (JsonNode one : listed) {
            TensorDifference tensor = usual.difference().tensors().stream()
                    .filter(t -> t.name().equals(one.path("name").textValue()))
                    .findFirst()
                    .orElseThrow();
            assertNumbers(tensor.numbers(), one);
            assertEquals(tensor.sha256B(), one.path("sha256_b").textValue());
        }
        usual.difference()
                .byKind()
                .forEach((kind, sum) -> assertNumbers(
                        sum, state.path("difference").path("by_kind").path(kind.label())));
        assertNumbers(
                usual.difference().byKind().values().stream()
                        .reduce(TensorDifference.Numbers::plus)
                        .orElseThrow(),
                state.path("all"));
        assertEquals(3, state.path("differing").intValue());
        assertEquals(28, state.path("tensors").intValue());
        assertEquals(List.of("h.0.ln_1.weight", "wte.weight", "h.1.mlp.c_proj.bias"), names(state.path("matrices")));
        for (JsonNode matrix : state.path("matrices")) {
            assertNumbers(
                    usual.difference().tensors().stream()
                            .filter(t -> t.name().equals(matrix.path("name").textValue()))
                            .findFirst()
                            .orElseThrow()
                            .numbers(),
                    matrix.path("numbers"));
        }
    }

    private static List<String> names(JsonNode matrices) {
        return matrices.findValuesAsText("name");
    }

    private static void assertNumbers(TensorDifference.Numbers expected, JsonNode found) {
        assertEquals(expected.count(), found.path("compared").longValue());
        assertEquals(expected.changed(), found.path("changed").longValue());
        for (String key : List.of("relative_change", "cosine", "largest_change")) {
            double value = switch (key) {
                case "relative_change" -> expected.relativeChange();
                case "cosine" -> expected.cosine();
                default -> expected.largestChange();
            };
            assertEquals(Double.isFinite(value), found.path(key).isNumber(), key);
            assertEquals(Double.isFinite(value) ? value : 0, found.path(key).doubleValue(), 1e-15, key);
        }
    }

    /** A change of a hundredth is seen to a 255th of itself, not of the weights. */
    @Test
    void pictures_areAAndBAndTheChange() {
        JsonNode matrix = state.path("matrices").get(1);
        assertEquals("wte.weight", matrix.path("name").textValue());
        assertEquals(List.of("a", "b", "change"), matrix.path("frames").findValuesAsText("of"));
        float[] a = weights(usual.run() + "@0", "wte.weight");
        float[] b = weights(usual.run() + "@9", "wte.weight");
        float[] change = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            change[i] = b[i] - a[i];
        }
        float[][] expected = {a, b, change};
        for (int f = 0; f < 3; f++) {
            JsonNode frame = matrix.path("frames").get(f);
            double scale = frame.path("scale").doubleValue();
            byte[] cells =
                    Base64.getDecoder().decode(frame.path("mean8").path("data").textValue());
            double largest = 0;
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                assertEquals(expected[f][i], cells[i] * scale, 0.5001 * scale);
                largest = Math.max(largest, Math.abs(expected[f][i]));
                sum += expected[f][i];
            }
            assertEquals(largest / 127, scale, 1e-6 * largest);
            assertEquals(sum / a.length, frame.path("mean").doubleValue(), 1e-7);
        }
        assertEquals(64, matrix.path("rowLabels").size());
        assertTrue(matrix.path("rowLabels").toString().contains("\"<\""));
    }

    private static float[] weights(String model, String name) {
        try (WeightFile file = WeightFile.open(model)) {
            Parameter parameter = file.registry().get(name);
            float[] numbers = new float[(int) parameter.size()];
            file.read(parameter, 0, numbers, 0, numbers.length);
            return numbers;
        }
    }

    @Test
    void blocks_haveTheMeanChangeAndTheLargest() {
        ComparedModels models = ComparedModels.write(
                folder.resolve("blocks"),
                InspectedModel.shape4x4x128(),
                registry -> InspectedModel.scale(registry, "h.0.mlp.c_fc.weight", 1.5f));
        JsonNode matrix = models.state().path("matrices").get(0);
        assertEquals("1 cell = 1 row x 4 columns", matrix.path("reduction").textValue());
        float[] before = weights(models.run() + "@0", "h.0.mlp.c_fc.weight");
        float[] after = weights(models.run() + "@9", "h.0.mlp.c_fc.weight");
        JsonNode frame = matrix.path("frames").get(2);
        byte[] mean =
                Base64.getDecoder().decode(frame.path("mean8").path("data").textValue());
        byte[] extreme =
                Base64.getDecoder().decode(frame.path("extreme8").path("data").textValue());
        double scale = frame.path("scale").doubleValue();
        double meanScale = frame.path("meanScale").doubleValue();
        assertEquals(128 * 128, mean.length);
        for (int i = 0; i < mean.length; i++) {
            double sum = 0;
            double largest = 0;
            for (int j = 4 * i; j < 4 * i + 4; j++) {
                double d = after[j] - before[j];
                sum += d;
                largest = Math.abs(d) > Math.abs(largest) ? d : largest;
            }
            assertEquals(sum / 4, mean[i] * meanScale, 0.5001 * meanScale);
            assertEquals(largest, extreme[i] * scale, 0.5001 * scale);
        }
    }

    @Test
    void page_showsTheTablesWithoutJavaScript_andAsksNobody() {
        String page = html.replaceAll("(?s)<script.*?</script>", "");
        assertFalse(page.contains("{{"));
        assertTrue(page.contains("<h1>a &lt;b&gt; run@0 → a &lt;b&gt; run</h1>"), page);
        assertTrue(page.contains("<strong>3</strong> of 28 tensors differ."));
        assertTrue(page.contains("<caption>By kind</caption>"));
        assertTrue(
                page.contains("<th scope=\"row\"><code>h.0.ln_1.weight</code></th>"
                        + "<td class=\"n\" data-value=\"0.8838834764831844\">8.8e-01</td>"),
                "5 / sqrt(32)");
        assertTrue(page.contains("<td class=\"n\" data-value=\"32.0\">32</td><td>normalization</td><td></td>"));
        assertTrue(page.contains("🔒 same hash"));
        assertTrue(page.contains("content=\"" + PageParts.CSP + "\""));
        assertFalse(Pattern.compile("(src|href)=\"(https?:)?//").matcher(html).find());
        assertFalse(html.contains("uPlot"), "what is not needed is not there");
        assertFalse(html.contains(folder.toString()), "where the files lie is not told");
    }

    @Test
    void equalModels_haveAPageThatSaysSo() {
        ComparedModels same =
                ComparedModels.of(usual.run(), usual.run() + "@9", usual.run().toString());
        assertTrue(new String(DifferencePage.html(same.state()), StandardCharsets.UTF_8)
                .contains("They are <strong>the same</strong> to the bit."));
        assertEquals(0, same.state().path("matrices").size());
    }

    @Test
    void otherShapes_areNamed() {
        Path other = folder.resolve("other");
        InspectedModel.write(
                other,
                InspectedModel.nano(2).with("model.tied_head", "false").with("model.context_length", "16"),
                0,
                registry -> {});
        ComparedModels models = ComparedModels.of(other, usual.run() + "@0", other.toString());
        String page = new String(DifferencePage.html(models.state()), StandardCharsets.UTF_8);
        assertTrue(page.contains("<td>only in B, 64 × 32</td>"));
        assertTrue(page.contains("<td>reshaped, 32 × 32 → 16 × 32</td>"));
        assertTrue(page.contains("<th scope=\"row\">model.context_<wbr>length</th><td>32</td><td>16</td>"), page);
        assertFalse(names(models.state().path("matrices")).contains("wpe.weight"));
    }

    /** NaN is no number of JSON; a model that diverged is what one may want to compare. */
    @Test
    void weightsThatAreNoNumbers_haveAPage() {
        ComparedModels models = ComparedModels.write(
                folder.resolve("diverged"),
                InspectedModel.nano(1),
                registry -> InspectedModel.set(registry, "wpe.weight", Float.NaN, Float.POSITIVE_INFINITY, 1));
        JsonNode matrix = models.state().path("matrices").get(0);
        assertEquals("wpe.weight", matrix.path("name").textValue());
        assertTrue(matrix.path("numbers").path("relative_change").isNull());
        byte[] cells = Base64.getDecoder()
                .decode(matrix.path("frames").get(2).path("mean8").path("data").textValue());
        assertEquals(-128, cells[0]);
        assertEquals(-128, cells[1]);
        assertTrue(new String(DifferencePage.html(models.state()), StandardCharsets.UTF_8).contains(">n/a</td>"));
    }

    /** The most changed tensors have pictures, as many as fit, and the page says how many do not. */
    @Test
    void budget_isKept_mostChangedFirst() {
        ComparedModels all = ComparedModels.write(
                folder.resolve("large"),
                InspectedModel.shape4x4x128(),
                registry -> registry.owned()
                        .forEach(p -> InspectedModel.scale(
                                registry, p.name(), p.name().equals("wpe.weight") ? 2 : 1.1f)));
        int bytes = DifferencePage.html(all.state()).length;
        assertTrue(bytes < DifferencePage.MOST_BYTES, bytes + " bytes");
        assertEquals(
                "wpe.weight", all.state().path("matrices").get(0).path("name").textValue());
        int most = 60_000;
        try (WeightFile a = WeightFile.open(all.run() + "@0");
                WeightFile b = WeightFile.open(all.run() + "@9")) {
            JsonNode small = DifferenceState.read(
                    "a", a, "b", b, all.difference(), all.difference().tensors(), most);
            assertTrue(small.path("matrices").toString().length() <= most);
            assertEquals(
                    "wpe.weight", small.path("matrices").get(0).path("name").textValue());
            assertTrue(small.path("withoutPicture").intValue() > 0);
            assertEquals(
                    small.path("differing").intValue(),
                    small.path("withoutPicture").intValue()
                            + small.path("matrices").size());
        }
    }

    @Test
    void names_areAsLongAsItTakesToTellThemApart() {
        assertEquals(List.of("mine@0", "mine"), PathNames.apart("/home/me/runs/mine@0", "runs/mine/"));
        assertEquals(List.of("a/model", "b/model"), PathNames.apart("x/a/model", "x/b/./model"));
        assertEquals(List.of("model", "model"), PathNames.apart("x/model", "x/model"));
        assertEquals(List.of("model", "x/model"), PathNames.apart("model", "x/model"));
    }
}
