package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tinygpt.formats.StrictJson;
import tinygpt.metrics.RunMetrics;

/**
 * What the log of a trial's run says.
 *
 * @param evaluations in the order of their steps
 * @param seconds that its steps took together
 */
record TrialLog(List<Evaluation> evaluations, double seconds) {
    /**
     * An evaluation.
     *
     * @param loss of the validation split, nats per token
     * @param seconds that the steps before it took together
     */
    record Evaluation(long step, long tokens, double loss, double seconds) {}

    TrialLog {
        evaluations = List.copyOf(evaluations);
    }

    /** Reads the log in the folder of a run; an empty one if there is none. A line that a killed program tore is left out. */
    static TrialLog read(Path run) throws IOException {
        Path file = run.resolve(RunMetrics.METRICS);
        List<Evaluation> evaluations = new ArrayList<>();
        double milliseconds = 0;
        if (!Files.exists(file)) {
            return new TrialLog(evaluations, 0);
        }
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            int number = 0;
            for (String text = lines.readLine(); text != null; text = lines.readLine()) {
                number++;
                if (!text.endsWith("}")) {
                    break;
                }
                JsonNode line = StrictJson.tree(file, "line " + number, text);
                milliseconds += line.path("step_ms").asDouble(0);
                if (line.path("val_loss").isNumber()) {
                    evaluations.add(new Evaluation(
                            line.path("step").asLong(),
                            line.path("tokens").asLong(),
                            line.path("val_loss").doubleValue(),
                            milliseconds / 1e3));
                }
            }
        }
        return new TrialLog(evaluations, milliseconds / 1e3);
    }

    /** What is known of a trial whose run nobody has at hand: as much as its log says. */
    static TrialOutcome ended(Path run, TrialOutcome.Kind kind, String message, int attempts) {
        try {
            TrialLog log = read(run);
            Evaluation last = log.evaluations.isEmpty() ? null : log.evaluations.get(log.evaluations.size() - 1);
            return log.outcome(
                    kind, last == null ? 0 : last.step(), last == null ? 0 : last.tokens(), attempts, message);
        } catch (IOException | RuntimeException e) {
            return TrialOutcome.unknown(kind, message, attempts);
        }
    }

    /** What came of the steps so far. */
    TrialOutcome outcome(TrialOutcome.Kind kind, long step, long tokens, int attempts, String message) {
        Evaluation best = null;
        for (Evaluation one : evaluations) {
            best = best == null || one.loss() < best.loss() ? one : best;
        }
        double last = evaluations.isEmpty()
                ? Double.NaN
                : evaluations.get(evaluations.size() - 1).loss();
        return new TrialOutcome(
                kind,
                step,
                tokens,
                last,
                best == null ? Double.NaN : best.loss(),
                best == null ? -1 : best.step(),
                seconds,
                attempts,
                message);
    }
}
