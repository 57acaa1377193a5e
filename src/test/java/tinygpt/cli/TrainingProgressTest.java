package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.training.Evaluation;
import tinygpt.training.TrainingListener.EvaluationReport;
import tinygpt.training.TrainingListener.SpikeReport;
import tinygpt.training.TrainingListener.StepReport;

class TrainingProgressTest {
    private static final Hyperparameters NANO =
            Preset.named("nano").hyperparameters().with("optimization.steps", "7");

    @Test
    void json_isAnObjectALine_everySoManyStepsAndAtTheLast() throws Exception {
        StringWriter err = new StringWriter();
        try (TrainingProgress progress = progress(TrainingProgress.Mode.json, err)) {
            progress.onEvaluation(new EvaluationReport(0, new Evaluation.Result(4.5, Double.NaN, 100), true, 0));
            progress.sample("a \"fox\"\nü");
            for (int step = 1; step <= 7; step++) {
                progress.onStep(new StepReport(step, 3.25, 1e-3, 2, true, false, 0.5, 4_000_000, step * 256L));
            }
            progress.sample("end");
        }
        List<JsonNode> lines = new ArrayList<>();
        for (String line : err.toString().split("\n")) {
            lines.add(new ObjectMapper().readTree(line));
        }
        assertEquals(6, lines.size(), err.toString());
        assertEquals(4.5, lines.get(0).get("val_loss").asDouble());
        assertTrue(lines.get(0).get("val_stderr").isNull());
        assertEquals(
                "{\"step\":0,\"sample\":\"a \\\"fox\\\"\\nü\"}", lines.get(1).toString());
        assertEquals(3, lines.get(2).get("step").asInt());
        assertEquals(6, lines.get(3).get("step").asInt());
        assertEquals(7, lines.get(4).get("step").asInt());
        assertEquals("{\"step\":7,\"sample\":\"end\"}", lines.get(5).toString());
        assertEquals(3.25, lines.get(2).get("loss").asDouble());
        assertEquals(64_000, lines.get(2).get("tok_s").asInt());
        assertEquals(768, lines.get(2).get("tokens").asInt());
        assertTrue(err.toString().chars().allMatch(c -> c < 128), "ASCII, whatever the terminal");
        assertFalse(err.toString().contains("\r"));
    }

    @Test
    void skippedStep_isShownAtOnce() throws Exception {
        StepReport skipped = new StepReport(2, 30, 1e-3, 50, true, true, 0, 4_000_000, 256);
        SpikeReport spike = new SpikeReport(2, 30, 5.5, 50, 7.25);
        StringWriter json = new StringWriter();
        try (TrainingProgress progress = progress(TrainingProgress.Mode.json, json)) {
            progress.onSpike(spike);
            progress.onStep(skipped);
        }
        JsonNode line = new ObjectMapper().readTree(json.toString());
        assertEquals(2, line.get("step").asInt());
        assertTrue(line.get("skipped").asBoolean());
        StringWriter plain = new StringWriter();
        try (TrainingProgress progress = progress(TrainingProgress.Mode.plain, plain)) {
            progress.onSpike(spike);
            progress.onStep(skipped);
        }
        assertEquals(
                "step 00002/00007 | skipped: loss 30.0000 (limit 5.5000), gradient norm 50.0000 (limit 7.2500)",
                plain.toString().strip());
    }

    @Test
    void none_isSilent() {
        StringWriter err = new StringWriter();
        try (TrainingProgress progress = progress(TrainingProgress.Mode.none, err)) {
            progress.onStep(new StepReport(3, 3.25, 1e-3, 2, true, false, 0.5, 4_000_000, 256));
            progress.onEvaluation(new EvaluationReport(3, new Evaluation.Result(4.5, 0.1, 100), true, 768));
            progress.sample("a fox");
        }
        assertEquals("", err.toString());
    }

    private static TrainingProgress progress(TrainingProgress.Mode mode, StringWriter err) {
        Glyphs glyphs = Glyphs.of(StandardCharsets.UTF_8);
        return new TrainingProgress(mode, new PrintWriter(err), glyphs, 80, 3, NANO, 0);
    }
}
