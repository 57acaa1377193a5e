package tinygpt.runs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.metrics.RunMetrics;

/**
 * Whether two runs logged the same: every step's and evaluation's line of {@code metrics.jsonl} but for what a clock said,
 * every norm in {@code tensors.jsonl}, and the texts. Losses are logged so that they read back as the same double, so equal
 * lines are equal bits.
 *
 * @param steps lines of steps that were compared
 * @param evaluations lines of evaluations
 * @param norms lines of norms
 * @param difference the first, in words; empty if there is none
 */
public record LogComparison(long steps, long evaluations, long norms, Optional<String> difference) {
    /** Columns that say when a line was written or how long something took. */
    private static final List<String> OF_THE_CLOCK = List.of("wall", "step_ms", "tok_s");

    /**
     * Compares the logs of two runs.
     *
     * @throws BadFileException if one of them is missing or broken
     */
    public static LogComparison of(RunFolder one, RunFolder other) {
        List<String> left = metrics(one);
        List<String> tensors = lines(one, RunMetrics.TENSORS);
        Optional<String> difference = difference(RunMetrics.METRICS, left, metrics(other))
                .or(() -> difference(RunMetrics.TENSORS, tensors, lines(other, RunMetrics.TENSORS)))
                .or(() -> difference(
                        RunMetrics.SAMPLES, lines(one, RunMetrics.SAMPLES), lines(other, RunMetrics.SAMPLES)));
        return new LogComparison(
                left.stream().filter(line -> line.contains("\"loss\":")).count(),
                left.stream().filter(line -> line.contains("\"val_loss\":")).count(),
                tensors.size() - 1, // the first names the tensors
                difference);
    }

    private static Optional<String> difference(String file, List<String> left, List<String> right) {
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            if (!left.get(i).equals(right.get(i))) {
                return Optional.of(file + ", line " + (i + 1) + ": " + left.get(i) + " and " + right.get(i));
            }
        }
        return left.size() == right.size()
                ? Optional.empty()
                : Optional.of(file + " has " + left.size() + " lines and " + right.size());
    }

    private static List<String> metrics(RunFolder run) {
        Path file = run.path().resolve(RunMetrics.METRICS);
        return lines(run, RunMetrics.METRICS).stream()
                .map(line -> withoutClock(StrictJson.tree(file, "one of its lines", line)))
                .toList();
    }

    private static String withoutClock(JsonNode line) {
        return line instanceof ObjectNode object ? object.without(OF_THE_CLOCK).toString() : line.toString();
    }

    private static List<String> lines(RunFolder run, String name) {
        Path file = run.path().resolve(name);
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e.getMessage(), e);
        }
    }
}
