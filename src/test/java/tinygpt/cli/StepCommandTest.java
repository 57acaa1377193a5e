package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.runs.TrainingText;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

class StepCommandTest {
    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, "It was many and many a year ago, in a kingdom by the sea. ".repeat(40));
    }

    /** Every figure of the page is what the trainer reports of that step. */
    @Test
    void figures_areTheTrainers_andTheLossFalls() throws IOException {
        Run shown = Run.of("step", "--data=" + text, "--dropout=0.1", "--json", "--threads=1");
        assertEquals(0, shown.exitCode(), shown.out() + shown.err());
        JsonNode json = new ObjectMapper().readTree(shown.out());

        Hyperparameters h = Preset.named("nano")
                .hyperparameters()
                .with("model.embedding_dropout", "0.1")
                .with("model.attention_dropout", "0.1")
                .with("model.residual_dropout", "0.1");
        TrainingText read = TrainingText.read(text, h.data().tokenizer(), 0.1);
        List<TrainingListener.StepReport> reports = new ArrayList<>();
        try (Trainer trainer = new Trainer(h, read.corpus(), 2)) {
            trainer.listen(new TrainingListener() {
                @Override
                public void onStep(StepReport report) {
                    reports.add(report);
                }
            });
            trainer.step();
            float[] after = new float[1];
            int id = json.get("ids").get(0).asInt();
            trainer.registry()
                    .weights()
                    .read(trainer.registry().get("wte.weight").offset() + id * 32L, after, 0, 1);
            assertEquals("wte.weight[" + id + ",0]", json.at("/weight/weight").asText());
            assertEquals(after[0], json.at("/weight/value_after").floatValue());
            int start = json.get("first_token").asInt();
            for (int i = 0; i < 32; i++) {
                assertEquals(
                        read.corpus().train()[start + i], json.get("ids").get(i).asInt());
                assertEquals(
                        read.corpus().train()[start + i + 1],
                        json.get("targets").get(i).asInt());
            }
        }
        TrainingListener.StepReport report = reports.get(0);
        assertEquals(report.loss(), json.get("loss_before").asDouble());
        assertEquals(report.gradientNorm(), json.get("gradient_norm").asDouble());
        assertEquals(report.updateRatio(), json.get("update_ratio").asDouble());
        assertTrue(json.get("loss_after").asDouble() < report.loss(), shown.out());
        assertTrue(json.at("/weight/gradients_agree").asBoolean(), shown.out());
        assertEquals(
                Math.log(read.corpus().tokenizer().vocabularySize()),
                json.get("loss_of_even_guess").asDouble());
        double squares = 0;
        for (Iterator<JsonNode> norms = json.get("gradient_norm_by_kind").elements(); norms.hasNext(); ) {
            double norm = norms.next().asDouble();
            squares += norm * norm;
        }
        assertEquals(report.gradientNorm(), Math.sqrt(squares), 1e-12);
    }

    @Test
    void explanation_showsTextIdsTargetsAndLowerLoss() {
        Run shown = Run.of("step", "--explain", "--data=" + text, "--weight=h.1.ln_2.bias[3]");
        assertEquals(0, shown.exitCode(), shown.err());
        String out = shown.out();
        assertTrue(out.startsWith("step 1 of the preset nano on " + text + "\n"), out);
        assertTrue(out.contains("1  text: 8 sequences of 32 tokens; the first one begins at token "), out);
        assertTrue(out.matches("(?s).*3  targets: [^\n]*\n   '[^\n]' \u2192 '.*"), out);
        assertTrue(out.contains("   guessing evenly would give ln 21 = 3.0445\n"), out);
        assertTrue(out.matches("(?s).*\n   all, to be clipped +27,168 +2[.]5014\n.*"), out);
        assertTrue(out.contains("6  one weight: h.1.ln_2.bias[3]\n"), out);
        assertTrue(out.contains("not decayed: biases and norms are not"), out);
        assertTrue(
                out.matches(
                        "(?s).*7  the same batch again: loss 3[.][0-9]{4} before, [0-9.]+ after: lower by [0-9.e-]+\n"),
                out);
    }

    @Test
    void run_takesItsNextStep_andStaysAsItIs() throws IOException {
        Path run = folder.resolve("run");
        assertEquals(
                0,
                Run.of("train", "--preset=nano", "--steps=6", "--eval-every=0", "--data=" + text, "--out=" + run)
                        .exitCode());
        long bytes = new tinygpt.runs.RunFolder(run).bytes();
        Run shown = Run.of("step", "--model=" + run);
        assertEquals(0, shown.exitCode(), shown.out() + shown.err());
        assertTrue(shown.out().startsWith("step 7 of " + run + ", its batch: loss "), shown.out());
        assertFalse(shown.out().contains("targets"), shown.out());
        assertEquals(bytes, new tinygpt.runs.RunFolder(run).bytes());
        Run both = Run.of("step", "--model=" + run, "--preset=tiny");
        assertEquals(2, both.exitCode());
        assertTrue(both.err().contains("--model has its own hyperparameters"), both.err());
    }
}
