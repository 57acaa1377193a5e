package tinygpt.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.protobuf.ByteString;
import org.nd4j.shade.protobuf.UnknownFieldSet;
import org.nd4j.shade.protobuf.Value;
import org.tensorflow.framework.HistogramProto;
import org.tensorflow.framework.Summary;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingFailedException;
import tinygpt.training.TrainingListener;

class RunMetricsTest {
    private static final String TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(40);
    private static final RunMetrics.Options ALL = new RunMetrics.Options(true, true, 1, 2);
    private static final List<String> STEP_KEYS =
            List.of("step", "wall", "tokens", "loss", "lr", "grad_norm", "clipped", "update_ratio", "step_ms", "tok_s");

    @TempDir
    Path folder;

    /** Keeps what the trainer reported, and the norms it had then, computed here from the tensors. */
    private static final class Witness implements TrainingListener {
        private final Trainer trainer;
        private final List<StepReport> steps = new ArrayList<>();
        private final List<EvaluationReport> evaluations = new ArrayList<>();
        private final List<List<float[]>> weights = new ArrayList<>();

        Witness(Trainer trainer) {
            this.trainer = trainer;
            weights.add(copy());
        }

        @Override
        public void onStep(StepReport report) {
            steps.add(report);
            weights.add(copy());
        }

        @Override
        public void onEvaluation(EvaluationReport report) {
            evaluations.add(report);
        }

        private List<float[]> copy() {
            return trainer.registry().owned().stream()
                    .map(p -> p.matrix().toArray())
                    .toList();
        }
    }

    @Test
    void metrics_haveALineAStepAndEvaluation_withTheReportedNumbers() throws IOException {
        Witness witness = train(4, 2, ALL);
        List<JsonNode> lines = json("metrics.jsonl");
        assertEquals(4 + 3, lines.size());
        assertEquals(
                List.of(0, 1, 2, 2, 3, 4, 4),
                lines.stream().map(l -> l.get("step").asInt()).toList());

        List<JsonNode> steps = lines.stream().filter(l -> l.has("loss")).toList();
        for (int i = 0; i < 4; i++) {
            JsonNode line = steps.get(i);
            var report = witness.steps.get(i);
            assertEquals(STEP_KEYS, keys(line));
            assertEquals(report.tokensSeen(), line.get("tokens").asLong());
            assertEquals(report.loss(), line.get("loss").asDouble(), "to the bit");
            assertEquals(report.learningRate(), line.get("lr").asDouble(), "to the bit");
            assertClose(report.gradientNorm(), line.get("grad_norm"));
            assertEquals(report.clipped(), line.get("clipped").asBoolean());
            assertClose(report.updateRatio(), line.get("update_ratio"));
            assertClose(report.nanoseconds() / 1e6, line.get("step_ms"));
            assertClose(8 * 32 / (report.nanoseconds() / 1e9), line.get("tok_s"));
            assertTrue(line.get("wall").asDouble() > 1.5e9, line.toString());
        }
        JsonNode evaluation = lines.get(0);
        assertEquals(List.of("step", "wall", "tokens", "val_loss", "val_stderr", "best"), keys(evaluation));
        var report = witness.evaluations.get(0);
        assertEquals(report.result().loss(), evaluation.get("val_loss").asDouble(), "to the bit");
        assertClose(report.result().standardError(), evaluation.get("val_stderr"));
        assertTrue(evaluation.get("best").asBoolean());
        assertEquals(4 * 8 * 32, lines.get(6).get("tokens").asInt());
    }

    @Test
    void csv_hasTheColumnsAndValuesOfTheJson() throws IOException {
        train(4, 2, ALL);
        List<String> rows = Files.readAllLines(folder.resolve("metrics.csv"));
        List<JsonNode> lines = json("metrics.jsonl");
        String[] columns = rows.get(0).split(",");
        assertEquals(
                "step,wall,tokens,loss,lr,grad_norm,clipped,update_ratio,step_ms,tok_s,val_loss,val_stderr,best,skipped",
                rows.get(0));
        assertEquals(lines.size() + 1, rows.size());
        for (int i = 0; i < lines.size(); i++) {
            String[] cells = rows.get(i + 1).split(",", -1);
            assertEquals(columns.length, cells.length, rows.get(i + 1));
            for (int c = 0; c < columns.length; c++) {
                JsonNode value = lines.get(i).get(columns[c]);
                if (value == null) {
                    assertEquals("", cells[c], columns[c]);
                } else if (value.isBoolean()) {
                    assertEquals(value.asText(), cells[c]);
                } else {
                    assertEquals(value.asDouble(), Double.parseDouble(cells[c]), columns[c]);
                }
            }
        }
    }

    @Test
    void notFiniteValues_areNullInJsonAndEmptyInCsv() throws IOException {
        var report = new TrainingListener.StepReport(
                7, 2.5, 1e-5, Double.NaN, true, false, Double.POSITIVE_INFINITY, 2_000_000, 512);
        assertEquals(
                "{\"step\":7,\"wall\":12.005,\"tokens\":512,\"loss\":2.5,\"lr\":1.0E-5,\"grad_norm\":null,\"clipped\":true,"
                        + "\"update_ratio\":null,\"step_ms\":2,\"tok_s\":128000}\n",
                MetricsRecord.json(256).step(report, 12_005).toString());
        assertEquals(
                "7,12.005,512,2.5,1.0E-5,,true,,2,128000,,,,\n",
                MetricsRecord.csv(256).step(report, 12_005).toString());
    }

    /** One good step, then a weight that is no number; what is logged. */
    private List<String> linesOfARunThatFailsIn(Consumer<Trainer> failing) throws IOException {
        try (Trainer trainer = trainer(4)) {
            try (RunMetrics metrics = RunMetrics.open(folder, trainer, ALL)) {
                trainer.listen(metrics);
                trainer.step();
                Parameter parameter = trainer.registry().get("ln_f.weight");
                trainer.registry().weights().write(parameter.offset(), new float[] {Float.NaN}, 0, 1);
                assertThrows(TrainingFailedException.class, () -> failing.accept(trainer));
            }
        }
        List<String> lines = Files.readAllLines(folder.resolve("metrics.jsonl"));
        assertEquals(2, lines.size());
        return lines;
    }

    @Test
    void stepThatFails_isTheLastLineWithoutALoss() throws IOException {
        List<String> lines = linesOfARunThatFailsIn(Trainer::step);
        assertTrue(lines.get(1).startsWith("{\"step\":2,"), lines.get(1));
        assertTrue(lines.get(1).contains("\"loss\":null,"), lines.get(1));
        try (Trainer again = trainer(4)) {
            RunMetrics.open(folder, again, ALL).close();
        }
        assertEquals(List.of(), Files.readAllLines(folder.resolve("metrics.jsonl")), "what was not done is cut off");
    }

    @Test
    void evaluationThatFails_isTheLastLineWithoutALoss() throws IOException {
        List<String> lines = linesOfARunThatFailsIn(Trainer::evaluate);
        assertTrue(lines.get(1).startsWith("{\"step\":1,"), lines.get(1));
        assertTrue(lines.get(1).contains("\"val_loss\":null,"), lines.get(1));
        assertTrue(lines.get(1).endsWith("\"best\":false}"), lines.get(1));
        assertEquals(3, Files.readAllLines(folder.resolve("metrics.csv")).size());
    }

    @Test
    void skippedStep_saysSo() throws IOException {
        var report = new TrainingListener.StepReport(7, 2.5, 1e-5, 9, false, true, 0, 2_000_000, 512);
        assertTrue(MetricsRecord.json(256)
                .step(report, 12_005)
                .toString()
                .endsWith(",\"tok_s\":128000,\"skipped\":true}\n"));
        assertTrue(MetricsRecord.csv(256).step(report, 12_005).toString().endsWith(",128000,,,,true\n"));
    }

    @Test
    void tensors_haveTheNormsOfEveryStep() throws IOException {
        Witness witness = train(3, 0, ALL);
        List<JsonNode> lines = json("tensors.jsonl");
        assertEquals(1 + 3, lines.size());
        try (Trainer fresh = trainer(3)) {
            List<Parameter> owned = fresh.registry().owned();
            JsonNode names = lines.get(0).get("tensors");
            assertEquals(owned.size(), names.size());
            assertEquals(
                    "{\"name\":\"wte.weight\",\"kind\":\"embedding\",\"shape\":[29,32],\"size\":928}",
                    names.get(0).toString());
            for (int step = 1; step <= 3; step++) {
                JsonNode line = lines.get(step);
                assertEquals(
                        List.of("step", "weight", "gradient", "change", "update_ratio", "update_ratio_meanabs"),
                        keys(line));
                assertEquals(step, line.get("step").asInt());
                double gradientSquares = 0;
                for (int i = 0; i < owned.size(); i++) {
                    float[] after = witness.weights.get(step).get(i);
                    double change = distance(witness.weights.get(step - 1).get(i), after);
                    double weight = distance(new float[after.length], after);
                    assertEquals(owned.get(i).name(), names.get(i).get("name").asText());
                    assertEquals(weight, line.get("weight").get(i).asDouble(), 1e-5 * weight);
                    // The change is what the optimizer meant; what the weights kept of it is rounded.
                    assertEquals(change, line.get("change").get(i).asDouble(), 1e-3 * change);
                    assertEquals(
                            change / weight, line.get("update_ratio").get(i).asDouble(), 1e-3 * change / weight);
                    double meanRatio =
                            sizes(witness.weights.get(step - 1).get(i), after) / sizes(new float[after.length], after);
                    assertEquals(
                            meanRatio, line.get("update_ratio_meanabs").get(i).asDouble(), 1e-3 * meanRatio);
                    gradientSquares += Math.pow(line.get("gradient").get(i).asDouble(), 2);
                }
                double norm = witness.steps.get(step - 1).gradientNorm();
                assertEquals(norm, Math.sqrt(gradientSquares), 1e-5 * norm);
            }
        }
    }

    @Test
    void frozenTensors_haveTheirNormAndNoGradientOrChange() throws IOException {
        double norm;
        List<Parameter> owned;
        try (Trainer trainer = new Trainer(
                        nano(2).with("adaptation.trainable", "kind:normalization"),
                        Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1),
                        2);
                RunMetrics metrics = RunMetrics.open(folder, trainer, ALL)) {
            owned = trainer.registry().owned();
            float[] wte = owned.get(0).matrix().toArray();
            norm = distance(new float[wte.length], wte);
            trainer.listen(metrics).train(0, () -> false);
        }
        for (JsonNode line : json("tensors.jsonl").subList(1, 3)) {
            assertEquals(norm, line.get("weight").get(0).asDouble(), 1e-5 * norm);
            for (int i = 0; i < owned.size(); i++) {
                boolean trained = owned.get(i).trainable();
                assertEquals(
                        trained,
                        line.get("gradient").get(i).asDouble() > 0,
                        owned.get(i).name());
                assertEquals(
                        trained,
                        line.get("change").get(i).asDouble() > 0,
                        owned.get(i).name());
            }
            assertEquals(0, line.get("update_ratio").get(0).asDouble(1));
            assertEquals(0, line.get("update_ratio_meanabs").get(0).asDouble(1));
        }
    }

    @Test
    void tensorOfZeros_hasNoUpdateRatio() throws IOException {
        try (Trainer trainer = trainer(3);
                RunMetrics metrics = RunMetrics.open(folder, trainer, ALL)) {
            // Before the first step the optimizer knows of no norm at all.
            metrics.onStep(new TrainingListener.StepReport(2, 1, 1, 1, false, false, 1, 1, 1));
        }
        JsonNode line = json("tensors.jsonl").get(1);
        assertTrue(line.get("update_ratio").get(0).isNull());
        assertTrue(line.get("update_ratio_meanabs").get(0).isNull());
        assertEquals(0, line.get("weight").get(0).asInt(1));
        List<String> tags = events().get(2).tags();
        assertTrue(tags.contains("norm/wte.weight"), tags.toString());
        assertFalse(tags.contains("update_ratio/wte.weight"), tags.toString());
    }

    @Test
    void samples_areInTheTextFileAndInTensorBoards() throws IOException {
        try (Trainer trainer = trainer(3);
                RunMetrics metrics = RunMetrics.open(folder, trainer, ALL)) {
            metrics.sample(0, "zx\nstep 9\n\nü");
            metrics.sample(2, "the fox");
        }
        assertEquals(
                "step 0\n    zx\n    step 9\n    \n    ü\n\nstep 2\n    the fox\n\n",
                Files.readString(folder.resolve("samples.txt")));
        Summary.Value value = events().get(2).value("sample");
        assertEquals(
                "    zx\n    step 9\n    \n    ü\n",
                value.getTensor().getStringVal(0).toStringUtf8());
        assertEquals(2, events().get(3).step());
    }

    @Test
    void tensorBoard_hasCurvesNormsAndHistograms() throws IOException {
        Witness witness = train(4, 4, ALL);
        List<Events.Event> events = events();
        assertEquals("brain.Event:2", events.get(0).fileVersion());
        assertEquals(2 + 1 + 4 + 1 + 1, events.size(), "version, config, evaluation, steps, evaluation, end");
        List<String> scalars =
                List.of("train/loss", "train/lr", "train/grad_norm", "train/update_ratio", "train/tokens_per_second");
        for (int i = 0; i < 4; i++) {
            Events.Event event = events.get(3 + i);
            var report = witness.steps.get(i);
            assertEquals(report.step(), event.step());
            assertEquals((float) report.loss(), event.value("train/loss").getSimpleValue());
            assertEquals((float) report.learningRate(), event.value("train/lr").getSimpleValue());
            assertEquals(
                    (float) report.gradientNorm(),
                    event.value("train/grad_norm").getSimpleValue());
            assertEquals(
                    (float) report.updateRatio(),
                    event.value("train/update_ratio").getSimpleValue());
            assertEquals(
                    (float) (256 / (report.nanoseconds() * 1e-9)),
                    event.value("train/tokens_per_second").getSimpleValue());
            assertEquals(scalars, event.tags().subList(0, 5));
            int tensors = witness.weights.get(0).size();
            assertEquals(
                    report.step() % 2 == 0 ? 5 + 3 * tensors : 5, event.tags().size());
        }
        JsonNode norms = json("tensors.jsonl").get(2);
        Events.Event second = events.get(4);
        assertEquals(
                norms.get("weight").get(1).asDouble(),
                second.value("norm/wpe.weight").getSimpleValue(),
                1e-4);
        assertClose(
                second.value("grad/wpe.weight").getSimpleValue(),
                norms.get("gradient").get(1));
        assertClose(
                second.value("update_ratio/wpe.weight").getSimpleValue(),
                norms.get("update_ratio").get(1));

        Events.Event evaluation = events.get(7);
        assertEquals(4, evaluation.step());
        assertEquals(
                (float) witness.evaluations.get(1).result().loss(),
                evaluation.value("val/loss").getSimpleValue());
        HistogramProto h = evaluation.value("weights/wte.weight").getHisto();
        float[] wte = witness.weights.get(4).get(0);
        assertEquals(wte.length, h.getNum());
        assertEquals(wte.length, h.getBucketList().stream().mapToDouble(d -> d).sum());
        double sum = 0;
        float max = Float.NEGATIVE_INFINITY;
        for (float w : wte) {
            sum += w;
            max = Math.max(max, w);
        }
        assertEquals(sum, h.getSum());
        assertEquals(max, h.getMax());
        assertEquals(max, h.getBucketLimit(h.getBucketLimitCount() - 1));
    }

    @Test
    void hyperparameters_areATableAndWhatTheHparamsPageReads() throws IOException {
        train(1, 0, ALL);
        Hyperparameters h;
        try (Trainer trainer = trainer(1)) {
            h = trainer.hyperparameters();
        }
        List<Events.Event> events = events();
        Events.Event config = events.get(1);
        assertEquals(List.of("config", "_hparams_/experiment", "_hparams_/session_start_info"), config.tags());
        String table = config.value("config").getTensor().getStringVal(0).toStringUtf8();
        assertTrue(table.contains("\n| model.context_length | `32` | "), table);
        assertEquals(2 + h.keys().size(), table.lines().count());

        UnknownFieldSet experiment = message(plugin(config, "_hparams_/experiment"), 2);
        assertEquals(
                h.keys().size(), experiment.getField(4).getLengthDelimitedList().size());
        List<String> metrics = new ArrayList<>();
        for (ByteString info : experiment.getField(5).getLengthDelimitedList()) {
            metrics.add(string(message(UnknownFieldSet.parseFrom(info), 1), 2));
        }
        assertEquals(List.of("train/loss", "val/loss"), metrics);

        UnknownFieldSet start = message(plugin(config, "_hparams_/session_start_info"), 3);
        assertEquals(h.sha256(), string(start, 4));
        Map<String, Value> values = new java.util.HashMap<>();
        for (ByteString entry : start.getField(1).getLengthDelimitedList()) {
            UnknownFieldSet pair = UnknownFieldSet.parseFrom(entry);
            values.put(
                    string(pair, 1),
                    Value.parseFrom(pair.getField(2).getLengthDelimitedList().get(0)));
        }
        assertEquals(h.keys().size(), values.size());
        assertEquals(
                h.optimization().learningRate(),
                values.get("optimization.learning_rate").getNumberValue());
        assertEquals(h.model().tiedHead(), values.get("model.tied_head").getBoolValue());
        assertEquals("character", values.get("data.tokenizer").getStringValue());
        assertEquals(1337, values.get("seed").getNumberValue());

        Events.Event last = events.get(events.size() - 1);
        UnknownFieldSet end = message(plugin(last, "_hparams_/session_end_info"), 4);
        assertEquals(List.of(1L), end.getField(1).getVarintList(), "success");
    }

    @Test
    void interruptedRun_hasNoStatusInTensorBoard() throws IOException {
        try (Trainer trainer = trainer(5);
                RunMetrics metrics = RunMetrics.open(folder, trainer, ALL)) {
            trainer.listen(metrics).train(0, () -> true);
        }
        List<Events.Event> events = events();
        Events.Event last = events.get(events.size() - 1);
        UnknownFieldSet end = message(plugin(last, "_hparams_/session_end_info"), 4);
        assertEquals(List.of(), end.getField(1).getVarintList(), "unknown: it may be continued");
    }

    @Test
    void resumedRun_readsAsIfItHadNeverStopped() throws IOException {
        Path whole = Files.createDirectory(folder.resolve("whole"));
        Path resumed = Files.createDirectory(folder.resolve("resumed"));
        try (Trainer trainer = trainer(6);
                RunMetrics metrics = RunMetrics.open(whole, trainer, ALL)) {
            trainer.listen(metrics).listen(sampler(trainer, metrics)).train(3, () -> false);
        }
        try (Trainer saved = trainer(6);
                Trainer trainer = trainer(6)) {
            RunMetrics first = RunMetrics.open(resumed, saved, ALL);
            Witness witness = new Witness(saved);
            saved.listen(first).listen(sampler(saved, first)).listen(witness);
            saved.train(3, () -> witness.evaluations.size() == 2);
            assertEquals(3, saved.stepsDone());
            copy(saved, trainer);
            saved.train(3, () -> saved.stepsDone() == 5); // goes on beyond the checkpoint
            first.close();
            tear(resumed);
            trainer.continueFrom(3, 3 * 256, saved.bestLoss(), 3);
            try (RunMetrics second = RunMetrics.open(resumed, trainer, ALL.withCsv(false))) {
                trainer.listen(second).listen(sampler(trainer, second)).train(3, () -> false);
            }
        }
        for (String name : List.of("metrics.jsonl", "metrics.csv")) {
            assertEquals(withoutTimes(whole.resolve(name)), withoutTimes(resumed.resolve(name)), name);
        }
        for (String name : List.of("tensors.jsonl", "samples.txt")) {
            assertEquals(Files.readString(whole.resolve(name)), Files.readString(resumed.resolve(name)), name);
        }
        List<Events.Event> expected = read(whole);
        List<Events.Event> events = new ArrayList<>(read(resumed));
        // version, config, [evaluation, sample], 3 steps, [evaluation, sample]; then the hyperparameters once more
        Events.Event again = events.remove(9);
        assertEquals(List.of("config"), again.tags());
        assertEquals(expected.size(), events.size());
        for (int i = 0; i < events.size(); i++) {
            assertEquals(expected.get(i).step(), events.get(i).step());
            assertEquals(withoutSpeed(expected.get(i)), withoutSpeed(events.get(i)));
        }
    }

    /** A checkpoint that was saved before the evaluation of its step: the evaluation comes again, its lines only once. */
    @Test
    void resumedBeforeAnEvaluation_logsItOnce() throws IOException {
        try (Trainer saved = trainer(6);
                RunMetrics metrics = RunMetrics.open(folder, saved, ALL)) {
            saved.listen(metrics).listen(sampler(saved, metrics)).train(3L, 3, () -> false);
        }
        String expected = withoutTimes(folder.resolve("metrics.jsonl"));
        String samples = Files.readString(folder.resolve("samples.txt"));
        for (long evaluated : new long[] {0, 3}) {
            try (Trainer trainer = trainer(6)) {
                trainer.continueFrom(3, 3 * 256, 9, evaluated);
                try (RunMetrics metrics = RunMetrics.open(folder, trainer, ALL)) {
                    if (evaluated == 0) {
                        assertEquals(1 + 3, json("metrics.jsonl").size());
                        metrics.onEvaluation(new TrainingListener.EvaluationReport(
                                3, new tinygpt.training.Evaluation.Result(3.5, 0.1, 1), true, 768));
                        metrics.sample(3, "again");
                    }
                }
            }
        }
        assertEquals(expected.lines().count(), json("metrics.jsonl").size());
        assertEquals(3.5, json("metrics.jsonl").get(4).get("val_loss").asDouble());
        assertTrue(Files.readString(folder.resolve("samples.txt")).endsWith("\n\nstep 3\n    again\n\n"));
        assertEquals(
                samples.indexOf("step 3"),
                Files.readString(folder.resolve("samples.txt")).indexOf("step 3"));
        assertEquals(4, Files.readAllLines(folder.resolve("tensors.jsonl")).size());
        assertEquals(
                2, events().stream().filter(e -> e.tags().contains("val/loss")).count());
    }

    @Test
    void freshRunInAFolderWithOldLogs_beginsAnew() throws IOException {
        train(4, 2, ALL);
        Files.writeString(
                folder.resolve("tensors.jsonl"),
                Files.readString(folder.resolve("tensors.jsonl")).replace("wte.weight", "other"));
        train(2, 2, ALL.withCsv(false));
        assertEquals(
                "wte.weight", json("tensors.jsonl").get(0).at("/tensors/0/name").asText());
        assertEquals(2 + 2, json("metrics.jsonl").size());
        assertEquals(1 + 2, json("tensors.jsonl").size());
        assertEquals(
                1 + 2 + 2, Files.readAllLines(folder.resolve("metrics.csv")).size());
        assertEquals(2 + 1 + 2 + 1 + 1, events().size());
    }

    @Test
    void options_leaveOutWhatIsNotWanted() throws IOException {
        train(7, 0, new RunMetrics.Options(false, false, 3, 0));
        assertFalse(Files.exists(folder.resolve("metrics.csv")));
        assertFalse(Files.exists(folder.resolve("tb")));
        assertEquals(
                List.of(3, 6),
                json("tensors.jsonl").stream()
                        .skip(1)
                        .map(l -> l.get("step").asInt())
                        .toList());
        assertThrows(IllegalArgumentException.class, () -> new RunMetrics.Options(false, true, 0, 0));
    }

    @Test
    void killedRun_stillReads() throws IOException {
        try (Trainer trainer = trainer(4)) {
            RunMetrics metrics = RunMetrics.open(folder, trainer, ALL);
            trainer.listen(metrics).train(2, () -> trainer.stepsDone() == 3);
            // Nobody closes it.
            assertEquals(3 + 2, json("metrics.jsonl").size());
            assertEquals(1 + 3, json("tensors.jsonl").size());
            assertEquals(2 + 1 + 3 + 1, events().size());
            metrics.close();
        }
    }

    @Test
    void failureToWrite_surfacesAndLeavesEarlierLines() throws IOException {
        try (Trainer trainer = trainer(4)) {
            RunMetrics metrics = RunMetrics.open(folder, trainer, ALL);
            trainer.listen(metrics);
            trainer.step();
            metrics.close();
            byte[] before = Files.readAllBytes(folder.resolve("metrics.jsonl"));
            UncheckedIOException e = assertThrows(UncheckedIOException.class, trainer::step);
            assertTrue(e.getCause().getMessage().contains("cannot append to "), e.toString());
            assertArrayEquals(before, Files.readAllBytes(folder.resolve("metrics.jsonl")));
        }
    }

    @Test
    void folderThatIsNone_isRefusedWithItsName() {
        try (Trainer trainer = trainer(4)) {
            IOException e =
                    assertThrows(IOException.class, () -> RunMetrics.open(folder.resolve("no/such"), trainer, ALL));
            assertTrue(e.getMessage().contains("metrics.jsonl"), e.getMessage());
        }
    }

    /** What kill -9 may leave at the end of each file. */
    private static void tear(Path run) throws IOException {
        Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":6,\"wall\":17", StandardOpenOption.APPEND);
        Files.writeString(run.resolve("metrics.csv"), "6,17", StandardOpenOption.APPEND);
        Files.writeString(run.resolve("tensors.jsonl"), "{\"ste", StandardOpenOption.APPEND);
        Files.writeString(run.resolve("samples.txt"), "step 6\n    ab", StandardOpenOption.APPEND);
        Files.write(eventFile(run), new byte[] {90, 0, 0, 0, 0}, StandardOpenOption.APPEND);
    }

    private static TrainingListener sampler(Trainer trainer, RunMetrics metrics) {
        return new TrainingListener() {
            @Override
            public void onEvaluation(EvaluationReport report) {
                metrics.sample(report.step(), "at " + report.step() + "\n" + trainer.stepsDone());
            }
        };
    }

    private static void copy(Trainer from, Trainer to) {
        to.registry().weights().copyFrom(from.registry().weights());
        to.mean().copyFrom(from.mean());
        to.meanSquare().copyFrom(from.meanSquare());
    }

    private static String withoutTimes(Path file) throws IOException {
        String text = Files.readString(file);
        return file.toString().endsWith("csv")
                ? text.replaceAll("(?m)^(\\d+),[^,]*((?:,[^,\n]*){6}),[^,]*,[^,]*((?:,[^,\n]*){4})$", "$1$2$3")
                : text.replaceAll("\"(wall|step_ms|tok_s)\":[^,}]*", "");
    }

    private static List<Summary.Value> withoutSpeed(Events.Event event) {
        return event.summary().getValueList().stream()
                .filter(v -> !v.getTag().equals("train/tokens_per_second"))
                .filter(v -> !v.getTag().startsWith("_hparams_/")) // they hold the time
                .toList();
    }

    private Witness train(int steps, int evaluateEvery, RunMetrics.Options options) throws IOException {
        try (Trainer trainer = trainer(steps);
                RunMetrics metrics = RunMetrics.open(folder, trainer, options)) {
            Witness witness = new Witness(trainer);
            trainer.listen(metrics).listen(witness).train(evaluateEvery, () -> false);
            return witness;
        }
    }

    private static Hyperparameters nano(int steps) {
        return Preset.named("nano").hyperparameters().with("optimization.steps", String.valueOf(steps));
    }

    private static Trainer trainer(int steps) {
        return new Trainer(nano(steps), Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1), 2);
    }

    private List<JsonNode> json(String name) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(name))) {
            lines.add(new ObjectMapper().readTree(line));
        }
        return lines;
    }

    private List<Events.Event> events() throws IOException {
        return read(folder);
    }

    private static List<Events.Event> read(Path run) throws IOException {
        return Events.read(eventFile(run));
    }

    /** The only one. */
    private static Path eventFile(Path run) throws IOException {
        try (var files = Files.list(run.resolve("tb"))) {
            List<Path> all = files.toList();
            assertEquals(1, all.size(), all.toString());
            String name = all.get(0).getFileName().toString();
            assertTrue(name.matches("events\\.out\\.tfevents\\.\\d+\\.[A-Za-z0-9_-]+\\.\\d+\\.0"), name);
            return all.get(0);
        }
    }

    private static UnknownFieldSet plugin(Events.Event event, String tag) throws IOException {
        var data = event.value(tag).getMetadata().getPluginData();
        assertEquals("hparams", data.getPluginName());
        UnknownFieldSet message = UnknownFieldSet.parseFrom(data.getContent());
        assertFalse(message.hasField(1), "version 0");
        return message;
    }

    private static UnknownFieldSet message(UnknownFieldSet parent, int field) throws IOException {
        return UnknownFieldSet.parseFrom(
                parent.getField(field).getLengthDelimitedList().get(0));
    }

    private static String string(UnknownFieldSet message, int field) {
        return message.getField(field).getLengthDelimitedList().get(0).toStringUtf8();
    }

    /** Sum of the sizes of differences. */
    private static double sizes(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs((double) a[i] - b[i]);
        }
        return sum;
    }

    private static double distance(float[] a, float[] b) {
        double squares = 0;
        for (int i = 0; i < a.length; i++) {
            double d = (double) a[i] - b[i];
            squares += d * d;
        }
        return Math.sqrt(squares);
    }

    /** To the six digits that are written. */
    private static void assertClose(double expected, JsonNode actual) {
        assertEquals(expected, actual.asDouble(), 1e-5 * Math.abs(expected));
    }

    private static List<String> keys(JsonNode node) {
        return StreamSupport.stream(((Iterable<String>) node::fieldNames).spliterator(), false)
                .toList();
    }
}
