package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ModelFixtures.Golden;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;
import tinygpt.text.CharacterTokenizer;

class LogitsCommandTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void all_ofGoldenModel_arePyTorchs(String name) throws IOException {
        Golden golden = ModelFixtures.golden(name);
        int[] ids = golden.ids()[0];
        int v = golden.shape().vocabularySize();
        JsonNode json = json("--model=" + golden.folder(), "--all", "--ids=" + IdList.text(ids));
        assertArrayEquals(
                ids,
                IntStream.range(0, json.get("ids").size())
                        .map(i -> json.at("/ids/" + i).asInt())
                        .toArray());
        assertEquals(ids.length, json.get("logits").size());
        for (int t = 0; t < ids.length; t++) {
            ModelFixtures.assertWithin(
                    "logits after " + t,
                    Arrays.copyOfRange(golden.logits(), t * v, (t + 1) * v),
                    ModelFixtures.widen(floats(json.at("/logits/" + t))),
                    1e-5);
        }
    }

    @Test
    void last_areTheLastOfAll_toTheBit() throws IOException {
        Golden golden = ModelFixtures.golden("gpt2-tiny-tied");
        int[] ids = {4, 42, 3};
        float[] last = floats(json("--model=" + golden.folder(), "--ids=4,42,3").get("logits"));
        float[] ofAll = floats(
                json("--model=" + golden.folder(), "--ids=4,42,3", "--all").at("/logits/2"));
        assertArrayEquals(ofAll, last);
        try (LoadedModel loaded = LoadedModel.open(golden.folder());
                Activations a = new Activations(loaded.model(), 1, 3, null)) {
            System.arraycopy(ids, 0, a.tokens(), 0, 3);
            loaded.model().forward(new Workspace(Gpt.longestRow(golden.shape())), a);
            float[] exact = new float[golden.shape().vocabularySize()];
            a.logits().readRow(2, exact, 0);
            assertArrayEquals(exact, last);
        }
    }

    @Test
    void modelOfARun_hasLogitsToo() throws IOException {
        SmallModel.indifferent(folder, CharacterTokenizer.of("ab"), java.util.Map.of());
        assertEquals(
                new Run(0, "{\"ids\":[0,1],\"logits\":[0.0,0.0,0.0]}\n", ""),
                Run.of("logits", "--model=" + folder, "--ids=0,1"));
    }

    @Test
    void logitsThatAreNotFinite_areNull() {
        SmallModel.diverged(folder, CharacterTokenizer.of("ab"));
        Run run = Run.of("logits", "--model=" + folder, "--ids=0");
        assertEquals("{\"ids\":[0],\"logits\":[null,null,null]}\n", run.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "66|--ids has 66, but the ids of this model's vocabulary run from 0 to 65",
                "1,x|Invalid value for option '--ids': 'x' is no token id",
                "99999999999|Invalid value for option '--ids': '99999999999' is no token id"
            })
    void wrongIds_areRefused(String ids, String message) {
        Run run = Run.of(
                "logits", "--model=" + ModelFixtures.golden("gpt2-tiny-tied").folder(), "--ids=" + ids);
        assertEquals(2, run.exitCode());
        assertTrue(run.err().startsWith("tinygpt: error: " + message), run.err());
        assertEquals("", run.out());
    }

    @Test
    void moreIdsThanTheContext_areRefused() {
        String ids = IntStream.range(0, 25).mapToObj(i -> "1").collect(Collectors.joining(","));
        assertEquals(
                new Run(2, "", "tinygpt: error: --ids has 25 ids, more than the 24 of this model's context\n"),
                Run.of(
                        "logits",
                        "--model=" + ModelFixtures.golden("gpt2-tiny-tied").folder(),
                        "--ids=" + ids));
    }

    private static JsonNode json(String... options) throws IOException {
        String[] args = new String[options.length + 1];
        args[0] = "logits";
        System.arraycopy(options, 0, args, 1, options.length);
        Run run = Run.of(args);
        assertEquals(0, run.exitCode(), run.err());
        return new ObjectMapper().readTree(run.out());
    }

    private static float[] floats(JsonNode list) {
        float[] values = new float[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(list.get(i).asText());
        }
        return values;
    }
}
