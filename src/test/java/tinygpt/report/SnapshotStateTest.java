package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.runs.RunSettings.Snapshots;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener.StepReport;

class SnapshotStateTest {
    @TempDir
    static Path run;

    private static JsonNode state;
    private static float[] lastEmbedding;

    @TempDir
    Path folder;

    @BeforeAll
    static void train() throws IOException {
        try (Trainer trainer = SnapshotRuns.trainer();
                SnapshotRecorder recorder = SnapshotRecorder.open(run, trainer, Snapshots.DEFAULT)) {
            trainer.listen(recorder).train(0, () -> false);
            lastEmbedding = trainer.registry().get("wte.weight").matrix().toArray();
        }
        state = SnapshotState.read(run);
    }

    @Test
    void snapshots_areOfThePlannedSteps() {
        assertEquals("[0,1,2,3,4,5,6]", state.get("snapshots").toString());
        for (JsonNode matrix : state.get("matrices")) {
            assertEquals(7, matrix.get("frames").size());
        }
    }

    @Test
    void defaultMatrices_areTheEmbeddingsAndTwoOfTheMiddleLayer() {
        List<String> names = new ArrayList<>();
        state.get("matrices").forEach(m -> names.add(m.get("name").textValue()));
        assertEquals(List.of("wte.weight", "wpe.weight", "h.1.attn.c_attn.weight", "h.1.mlp.c_fc.weight"), names);
        JsonNode labels = state.get("matrices").get(0).get("rowLabels");
        assertEquals("\\n", labels.get(0).textValue());
        assertEquals(" ", labels.get(1).textValue());
        assertTrue(state.get("matrices").get(1).get("rowLabels").isNull());
    }

    @Test
    void firstFrame_isTheInitialValuesOfTheSeed() {
        ParameterRegistry initial =
                ParameterRegistry.of(Trainer.withVocabulary(SnapshotRuns.hyperparameters(), SnapshotRuns.corpus()));
        try (initial) {
            initial.allocate();
            Initializer.initialize(initial, SnapshotRuns.hyperparameters().seed());
            for (JsonNode matrix : state.get("matrices")) {
                float[] expected =
                        initial.get(matrix.get("name").textValue()).matrix().toArray();
                JsonNode frame = matrix.get("frames").get(0);
                double scale = frame.get("scale").doubleValue();
                double[] cells = SnapshotRuns.numbers(frame.get("mean8"));
                assertEquals("1 cell = 1 weight", matrix.get("reduction").textValue());
                assertFalse(frame.has("extreme8"));
                assertEquals(expected.length, cells.length);
                double largest = 0;
                for (int i = 0; i < cells.length; i++) {
                    assertEquals(expected[i], cells[i] * scale, 0.5001 * scale, "cell " + i);
                    largest = Math.max(largest, Math.abs(expected[i]));
                }
                assertEquals(largest / 127, scale, 1e-5 * scale, "the finest scale there can be");
            }
        }
    }

    @Test
    void colourLimit_isOneForAllFramesAndFitsThem() {
        for (JsonNode matrix : state.get("matrices")) {
            double limit = matrix.get("limit").doubleValue();
            int beyond = 0;
            int cells = 0;
            for (JsonNode frame : matrix.get("frames")) {
                assertFalse(frame.has("limit"));
                for (double cell : SnapshotRuns.numbers(frame.get("mean8"))) {
                    beyond += Math.abs(cell * frame.get("scale").doubleValue()) > limit ? 1 : 0;
                    cells++;
                }
            }
            assertTrue(beyond > 0 && beyond <= cells / 150, beyond + " of " + cells + " clipped");
        }
    }

    @Test
    void histograms_countEveryWeightAtEverySnapshot() {
        assertEquals(
                state.get("histograms").size(),
                ParameterRegistry.of(SnapshotRuns.hyperparameters()).owned().size());
        for (JsonNode histogram : state.get("histograms")) {
            int bins = histogram.get("bins").intValue();
            double[] shares = SnapshotRuns.numbers(histogram.get("counts"));
            double[] quantiles = SnapshotRuns.numbers(histogram.get("quantiles").get("values"));
            assertEquals(7 * bins, shares.length);
            assertEquals(7 * 7, quantiles.length);
            for (int i = 0; i < 7; i++) {
                double sum = 0;
                for (int bin = 0; bin < bins; bin++) {
                    sum += shares[i * bins + bin];
                }
                assertEquals(65_535, sum, histogram.get("name") + " snapshot " + i);
                for (int q = 1; q < 7; q++) {
                    assertTrue(quantiles[7 * i + q - 1] <= quantiles[7 * i + q], "quantiles ascend");
                }
                assertTrue(quantiles[7 * i] >= histogram.get("low").doubleValue() - 1e-6);
                assertTrue(quantiles[7 * i + 6] <= histogram.get("high").doubleValue() + 1e-6);
            }
        }
    }

    @Test
    void attention_isCausalAndEachRowIsOne() {
        JsonNode probe = state.get("probe");
        int time = probe.get("tokens").size();
        assertEquals(24, time);
        assertTrue(probe.get("prompt").textValue().startsWith("the quick brown"), "it begins a line");
        int maps = probe.get("layers").intValue() * probe.get("heads").intValue();
        for (JsonNode frame : probe.get("frames")) {
            double[] weights = SnapshotRuns.numbers(frame.get("attention"));
            assertEquals(maps * time * time, weights.length);
            for (int row = 0; row < maps * time; row++) {
                double sum = 0;
                for (int key = 0; key < time; key++) {
                    double weight = weights[row * time + key];
                    sum += weight;
                    assertTrue(key <= row % time || weight == 0, "query " + row % time + " sees key " + key);
                }
                assertEquals(255, sum, 0.5 * time, "row " + row);
            }
            double before = 1;
            assertEquals(10, frame.get("next").size());
            for (JsonNode next : frame.get("next")) {
                assertTrue(
                        next.get("p").doubleValue() <= before && next.get("p").doubleValue() > 0);
                before = next.get("p").doubleValue();
            }
        }
    }

    @Test
    void embedding_isProjectedOnTheBasisOfTheLastSnapshot() {
        JsonNode embedding = state.get("embedding");
        int columns = SnapshotRuns.hyperparameters().model().width();
        PrincipalComponents basis = new PrincipalComponents(lastEmbedding, columns);
        assertEquals(basis.explained(0), embedding.get("explained").get(0).doubleValue(), 1e-4);
        assertEquals(basis.explained(1), embedding.get("explained").get(1).doubleValue(), 1e-4);
        JsonNode last = embedding.get("frames").get(6);
        double scale = last.get("scale").doubleValue();
        assertEquals(scale, embedding.get("frames").get(0).get("scale").doubleValue(), "one scale for all");
        double[] points = SnapshotRuns.numbers(last.get("points"));
        assertEquals(2 * embedding.get("labels").size(), points.length);
        for (int i = 0; i < points.length; i++) {
            double expected = basis.project(lastEmbedding, i / 2 * columns, i % 2);
            assertEquals(expected, points[i] * scale, 200 * scale, "point " + i);
        }
        assertEquals("space", embedding.get("groups").get(1).textValue());
    }

    @Test
    void blocks_haveTheirMeanAndTheirExtreme() throws IOException {
        Snapshots settings = new Snapshots(3, List.of("h.0.mlp.c_fc.*"), "");
        try (Trainer trainer = SnapshotRuns.trainer("model.feed_forward_width", "300")) {
            SnapshotRecorder.open(folder, trainer, settings).close();
            Parameter weight = trainer.registry().get("h.0.mlp.c_fc.weight");
            float[] values = weight.matrix().toArray();
            JsonNode matrix = SnapshotState.read(folder).get("matrices").get(0);
            assertEquals("1 cell = 1 row x 3 columns", matrix.get("reduction").textValue());
            assertEquals(100, matrix.get("shownColumns").intValue());
            JsonNode frame = matrix.get("frames").get(0);
            double[] mean = SnapshotRuns.numbers(frame.get("mean8"));
            double[] extreme = SnapshotRuns.numbers(frame.get("extreme8"));
            double meanScale = frame.get("meanScale").doubleValue();
            double scale = frame.get("scale").doubleValue();
            for (int i = 0; i < mean.length; i++) {
                float a = values[3 * i];
                float b = values[3 * i + 1];
                float c = values[3 * i + 2];
                assertEquals((a + b + c) / 3, mean[i] * meanScale, 0.5001 * meanScale);
                float farther = Math.abs(b) > Math.abs(a) ? b : a;
                assertEquals(Math.abs(c) > Math.abs(farther) ? c : farther, extreme[i] * scale, 0.5001 * scale);
            }
        }
    }

    @Test
    void notANumber_isMarkedAndBreaksNothing() throws IOException {
        try (Trainer trainer = SnapshotRuns.trainer();
                SnapshotRecorder recorder = SnapshotRecorder.open(folder, trainer, Snapshots.DEFAULT)) {
            Parameter wte = trainer.registry().get("wte.weight");
            trainer.registry().weights().write(wte.offset() + 5, new float[] {Float.NaN}, 0, 1);
            Parameter norm = trainer.registry().get("h.0.ln_1.weight");
            float[] infinite = new float[(int) norm.size()];
            Arrays.fill(infinite, Float.NEGATIVE_INFINITY);
            trainer.registry().weights().write(norm.offset(), infinite, 0, infinite.length);
            recorder.onStep(new StepReport(1, 0, 0, 0, false, false, 0, 1, 1));
        }
        JsonNode read = SnapshotState.read(folder);
        assertEquals(
                -128,
                SnapshotRuns.numbers(
                        read.get("matrices").get(0).get("frames").get(1).get("mean8"))[5]);
        assertEquals(1, read.get("embedding").get("frames").size(), "the frame with NaN has no points");
        assertEquals(0, read.get("probe").get("frames").get(1).get("next").size());
        JsonNode whole = read.get("histograms").get(2);
        double[] quantiles = SnapshotRuns.numbers(whole.get("quantiles").get("values"));
        assertEquals("h.0.ln_1.weight", whole.get("name").textValue());
        assertTrue(Double.isNaN(quantiles[7]));
        assertEquals(1, quantiles[0]);
        assertFalse(read.toString().contains("NaN"), "not JSON");
    }

    @Test
    void hugeNumbers_areKept() throws IOException {
        try (Trainer trainer = SnapshotRuns.trainer()) {
            Parameter norm = trainer.registry().get("h.0.ln_1.weight");
            float[] huge = new float[(int) norm.size()];
            Arrays.fill(huge, Float.MAX_VALUE);
            huge[0] = -Float.MAX_VALUE;
            trainer.registry().weights().write(norm.offset(), huge, 0, huge.length);
            Snapshots settings = new Snapshots(3, List.of("h.0.ln_1.weight"), "");
            SnapshotRecorder.open(folder, trainer, settings).close();
        }
        JsonNode read = SnapshotState.read(folder);
        JsonNode frame = read.get("matrices").get(0).get("frames").get(0);
        assertEquals(-Float.MAX_VALUE, frame.get("min").doubleValue(), 1e33);
        assertEquals(-127, SnapshotRuns.numbers(frame.get("mean8"))[0]);
        double[] shares = SnapshotRuns.numbers(read.get("histograms").get(2).get("counts"));
        assertEquals(65_535 / 32, shares[0], 1, "one of 32");
    }

    @Test
    void largeVocabulary_isShownByItsMostFrequentTokens() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 700; i++) { // the last 200 come once, the others three times
            text.append(Character.toString(0x4E00 + i).repeat(i < 500 ? 3 : 1));
        }
        Corpus corpus = Corpus.of(CharacterTokenizer.of(text.toString()), text.toString(), 0.05);
        try (Trainer trainer = new Trainer(SnapshotRuns.hyperparameters(), corpus, 1)) {
            SnapshotRecorder.open(folder, trainer, Snapshots.DEFAULT).close();
        }
        JsonNode read = SnapshotState.read(folder);
        JsonNode labels = read.get("embedding").get("labels");
        assertEquals(512, labels.size());
        assertEquals(Character.toString(0x4E00 + 499), labels.get(499).textValue());
        assertEquals(Character.toString(0x4E00 + 511), labels.get(511).textValue());
        JsonNode wte = read.get("matrices").get(0);
        assertEquals("1 cell = 6 rows x 1 column", wte.get("reduction").textValue());
        assertTrue(wte.get("rowLabels").isNull(), "a row of cells is no token");
    }

    @Test
    void size_isAtMostWhatWasSaid() throws IOException {
        SnapshotSize size = SnapshotSize.of(SnapshotRuns.hyperparameters(), SnapshotRuns.corpus(), Snapshots.DEFAULT);
        int actual = state.toString().getBytes(StandardCharsets.UTF_8).length;
        assertTrue(actual <= size.pageBytes(), actual + " of " + size.pageBytes());
        assertTrue(actual > size.pageBytes() / 2, "no wild guess: " + actual + " of " + size.pageBytes());
        assertThrows(
                IllegalArgumentException.class,
                () -> SnapshotSize.of(
                        SnapshotRuns.hyperparameters(
                                "model.width", "512", "model.layers", "8", "optimization.steps", "9000"),
                        SnapshotRuns.corpus(),
                        new Snapshots(200, List.of("*.weight"), "")));
    }

    @Test
    void defaultRun_leavesRoomForTheRestOfAReportOf5MB() throws IOException {
        String tales = Files.readString(Path.of("data/tales.txt"));
        SnapshotSize size = SnapshotSize.of(
                Preset.named("tiny").hyperparameters(),
                Corpus.of(CharacterTokenizer.of(tales), tales, 0.1),
                Snapshots.DEFAULT);
        assertEquals(18, size.steps().size());
        assertTrue(size.pageBytes() < 3_000_000, size.toString());
    }

    @Test
    void noPreset_isTooLargeByDefault() {
        for (Preset preset : Preset.all()) {
            SnapshotSize size = SnapshotSize.of(preset.hyperparameters(), SnapshotRuns.corpus(), Snapshots.DEFAULT);
            assertTrue(size.attention() <= 100_000 && size.pageBytes() < 10_000_000, preset.name() + " " + size);
        }
    }

    @Test
    void runWithoutSnapshots_hasEmptyParts() throws IOException {
        assertEquals(
                "{\"snapshots\":[],\"histograms\":[],\"matrices\":[],\"probe\":null,\"embedding\":null}",
                SnapshotState.read(folder).toString());
    }

    @Test
    void tornLastLine_isLeftOut() throws IOException {
        copy();
        Files.writeString(folder.resolve("snapshots.jsonl"), "{\"step\":9,\"ten", StandardOpenOption.APPEND);
        Files.writeString(folder.resolve("probe.jsonl"), "{\"st", StandardOpenOption.APPEND);
        assertEquals(state, SnapshotState.read(folder));
    }

    @Test
    void damagedFiles_areNamedWithTheLine() throws IOException {
        for (String bad : List.of(
                "{\"step\":6}",
                "{\"step\":7}",
                "[]",
                "nonsense",
                "",
                "{\"step\":7,\"tensors\":[],\"matrices\":[],\"embedding\":null}")) {
            copy();
            Files.writeString(folder.resolve("snapshots.jsonl"), bad + "\n", StandardOpenOption.APPEND);
            String said = assertThrows(BadFileException.class, () -> SnapshotState.read(folder), bad)
                    .getMessage();
            assertTrue(said.contains("snapshots.jsonl") && said.contains("line 9"), said);
        }
        copy();
        Files.writeString(
                folder.resolve("probe.jsonl"), "{\"step\":7,\"attention8\":\"!\"}\n", StandardOpenOption.APPEND);
        assertThrows(BadFileException.class, () -> SnapshotState.read(folder));
    }

    @Test
    void changedBytes_areReadOrRefusedButNeverWorse() throws IOException {
        for (String name : List.of("snapshots.jsonl", "probe.jsonl")) {
            int refused = 0;
            byte[] good = Files.readAllBytes(run.resolve(name));
            for (int i = 0; i < 60; i++) {
                copy();
                byte[] bad = good.clone();
                int at = (int) CounterRandom.below(bad.length, 1, Stream.BATCH, i, 0);
                bad[at] = (byte) CounterRandom.below(256, 1, Stream.BATCH, i, 1);
                Files.write(folder.resolve(name), bad);
                try {
                    StrictJson.tree(run, "state", SnapshotState.read(folder).toString());
                } catch (BadFileException e) {
                    refused++;
                }
            }
            assertTrue(refused > 20, refused + " refused");
        }
    }

    private void copy() throws IOException {
        for (String name : List.of("snapshots.jsonl", "probe.jsonl")) {
            Files.write(folder.resolve(name), Files.readAllBytes(run.resolve(name)));
        }
    }
}
