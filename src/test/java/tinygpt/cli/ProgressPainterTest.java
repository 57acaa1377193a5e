package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.cli.TrainingStatus.Snapshot;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.training.Evaluation;
import tinygpt.training.TrainingListener.EvaluationReport;
import tinygpt.training.TrainingListener.StepReport;

class ProgressPainterTest {
    private static final Hyperparameters H = Preset.named("shakespeare-cpu").hyperparameters();

    @Test
    void lines_atEightyColumns_readAsDesigned() {
        List<String> lines = painter(80, StandardCharsets.UTF_8).lines(snapshot());
        assertEquals(
                List.of(
                        "step     640/2,000 ▕██▉      ▏  32%  19.2 steps/s · 14.7K tok/s  0:33  eta 1:11",
                        "loss   1.9731 (smoothed)  val 2.0310 @600 (best)  uniform guess ln 66 = 4.1897",
                        "       █▇▆▅▄▃▂▁          |g| 0.84 (3% clipped)  |ΔW|/|W| 1.1e-03  lr 9.1e-04",
                        "sample ROMEO: And the sun of my so"),
                lines);
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 40, 80, 200})
    void lines_atAnyWidth_areNarrowerThanTheTerminal(int columns) {
        for (String line : painter(columns, StandardCharsets.UTF_8).lines(snapshot())) {
            assertTrue(line.codePointCount(0, line.length()) < Math.max(40, columns), line);
        }
    }

    @Test
    void firstLine_whereThereIsRoom_saysWhatHasElapsed() {
        assertEquals(
                "step     640/2,000 ▕████████▎                 ▏  32%  19.2 steps/s · 14.7K tok/s  elapsed 0:33  eta 1:11",
                painter(120, StandardCharsets.UTF_8).lines(snapshot()).get(0));
    }

    @Test
    void sampleOfWideCharacters_isCutWhereTheTerminalEnds() {
        String wide = "\u6625".repeat(60); // an ideograph, two columns each
        TrainingStatus status = new TrainingStatus(0, 100, 1000);
        status.step(new StepReport(1, 2.0, 1e-3, 1, false, false, 1e-3, 1_000_000, 1000));
        status.sample(wide);
        String line =
                painter(80, StandardCharsets.UTF_8).lines(status.snapshot()).get(3);
        assertEquals("sample " + wide.substring(0, 36), line);
        assertEquals(79, Columns.of(line));
    }

    @Test
    void columns_ofMarksAndEmoji() {
        assertEquals(2, Columns.of("e\u0301x"));
        assertEquals(2, Columns.of("\uD83D\uDE00"));
        assertEquals(3, Columns.of("\uFF21b"));
        assertEquals("a", Columns.first("a\uD83D\uDE00", 2));
    }

    @Test
    void beforeTheFirstStep_somethingIsShown() {
        assertEquals(
                "step       0/2,000  evaluating the validation split ...  elapsed 0:05",
                painter(80, StandardCharsets.UTF_8).beforeFirstStep(new TrainingStatus.Start(0, true, 5)));
        TrainingStatus status = new TrainingStatus(0, 100, 1000);
        assertTrue(status.start().evaluating());
        status.evaluation(new EvaluationReport(0, new Evaluation.Result(4, 0.1, 10), true, 0), 1);
        assertFalse(status.start().evaluating());
        assertFalse(new TrainingStatus(7, 100, 1000).start().evaluating(), "a resumed run begins with a step");
    }

    @Test
    void lines_onAnAsciiTerminal_holdAsciiOnly() {
        String all = String.join("\n", painter(100, StandardCharsets.US_ASCII).lines(snapshot()));
        assertTrue(all.chars().allMatch(c -> c < 128), all);
        assertTrue(all.contains("[####"), all);
    }

    @Test
    void plainLine_hasFixedNamesForGrep() {
        assertEquals(
                "step 00640/02000 (32.00%) | loss 1.973100 | val 2.031000 | lr 9.10e-04 | gnorm 0.840 | upd 1.1e-03"
                        + " | dt 52.1ms | tok/s 14,746 | eta 71s",
                painter(80, StandardCharsets.UTF_8).plainLine(snapshot()));
    }

    @Test
    void status_leavesOutTheFirstTenStepsOfTheTiming() {
        TrainingStatus status = new TrainingStatus(0, 100, 1000);
        for (int step = 1; step <= 20; step++) {
            long nanoseconds = step <= 10 ? 900_000_000L : 100_000_000L;
            status.step(
                    new StepReport(step, 2.0, 1e-3, 1, step % 4 == 0, step % 10 == 7, 1e-3, nanoseconds, step * 1000L));
        }
        Snapshot now = status.snapshot();
        assertEquals(0.1, now.stepSeconds(), 1e-12);
        assertEquals(8.0, now.remainingSeconds(), 1e-9);
        assertEquals(10_000, now.tokensPerSecond(), 1e-6);
        assertEquals(0.25, now.clippedShare(), 1e-12);
        assertEquals(2, now.skipped());
        String gradients = painter(80, StandardCharsets.UTF_8).lines(now).get(2);
        assertTrue(gradients.contains("(25% clipped)  2 skipped  |ΔW|"), gradients);
        assertEquals(2.0, now.smoothedLoss(), 1e-12);
    }

    @Test
    void oneLine_ofATextWithBreaksAndEscapes_isPlain() {
        assertEquals("a b [31mc", ProgressPainter.oneLine("a\n\n b\u001b[31mc\u0007"));
        // The 8-bit form of the escape, right-to-left override, line separator.
        assertEquals("a 31mb c d", ProgressPainter.oneLine("a\u009b31mb\u202ec\u2028d"));
    }

    private static ProgressPainter painter(int columns, java.nio.charset.Charset charset) {
        return new ProgressPainter(H, Glyphs.of(charset), columns);
    }

    private static Snapshot snapshot() {
        StepReport step = new StepReport(640, 1.9731, 9.1e-4, 0.84, false, false, 1.1e-3, 52_100_000, 491_520);
        EvaluationReport evaluation =
                new EvaluationReport(600, new Evaluation.Result(2.031, 0.01, 1000), true, 600 * 256);
        double[] curve = new double[TrainingStatus.CURVE];
        java.util.Arrays.fill(curve, Double.NaN);
        for (int i = 0; i < 8; i++) {
            curve[i] = 4 - i * 0.25;
        }
        return new Snapshot(
                step, 1.9731, 0.03, 0, 0.0521, 14746, 33, 71, evaluation, true, curve, "ROMEO:\nAnd the sun of my so");
    }
}
