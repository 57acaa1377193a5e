package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BenchCommandTest {
    private static final List<String> SPREAD =
            List.of("count", "median", "min", "lower_quartile", "upper_quartile", "max");

    @Test
    void json_hasAllValuesPositiveAndConsistent() throws Exception {
        Run run = bench("--threads", "2", "--json");
        assertEquals(0, run.exitCode(), run.err());
        JsonNode root = new ObjectMapper().readTree(run.out());
        assertEquals(
                List.of(
                        "model",
                        "hyperparameters",
                        "parameters",
                        "threads",
                        "tokens_per_step",
                        "step",
                        "one_thread_step",
                        "roofline",
                        "generation",
                        "peak_resident_bytes",
                        "machine"),
                keys(root));
        assertEquals("nano", root.get("model").asText());
        assertEquals(28_544, root.get("parameters").asInt());
        assertEquals(2, root.get("threads").asInt());
        assertEquals(8 * 32, root.get("tokens_per_step").asInt());

        JsonNode step = root.get("step");
        List<String> ofStep =
                List.of("gradients_median_ms", "optimizer_median_ms", "tokens_per_second", "gflop", "gflop_per_second");
        assertEquals(Stream.concat(spread("ms"), ofStep.stream()).toList(), keys(step));
        JsonNode alone = root.get("one_thread_step");
        assertEquals(Stream.concat(spread("ms"), Stream.of("speed_up")).toList(), keys(alone));
        JsonNode roofline = root.get("roofline");
        JsonNode generation = root.get("generation");
        assertEquals(
                Stream.of(
                                Stream.of("tokens_per_text", "microseconds_per_token"),
                                spread("tokens_per_second"),
                                Stream.of("sampled"))
                        .flatMap(keys -> keys)
                        .toList(),
                keys(generation));
        JsonNode sampled = generation.get("sampled");
        assertEquals(
                Stream.concat(Stream.of("microseconds_per_token"), spread("tokens_per_second"))
                        .toList(),
                keys(sampled));
        for (JsonNode part : List.of(step, alone, roofline, generation, sampled)) {
            part.properties().stream()
                    .filter(e -> e.getValue().isNumber())
                    .forEach(e -> assertTrue(e.getValue().asDouble() > 0, e.toString()));
        }
        assertEquals(3, step.get("count").asInt());
        assertEquals(3, alone.get("count").asInt());
        assertEquals(32, generation.get("tokens_per_text").asInt());
        assertOrdered(step, "ms");
        assertOrdered(alone, "ms");
        assertOrdered(generation, "tokens_per_second");
        assertOrdered(sampled, "tokens_per_second");

        double seconds = number(step, "median_ms") / 1e3;
        assertClose(256 / seconds, number(step, "tokens_per_second"));
        assertClose(number(step, "gflop") / seconds, number(step, "gflop_per_second"));
        assertClose(number(alone, "median_ms") / number(step, "median_ms"), number(alone, "speed_up"));
        assertClose(2 * number(roofline, "one_thread_gflop_per_second"), number(roofline, "gflop_per_second"));
        assertClose(
                number(step, "gflop_per_second") / number(roofline, "gflop_per_second"),
                number(roofline, "fraction_reached"));
        assertClose(1e6 / number(generation, "median_tokens_per_second"), number(generation, "microseconds_per_token"));
        for (String key : List.of("cpu", "system", "jdk", "kernels", "blas")) {
            assertTrue(root.at("/machine/" + key).asText().length() > 1, key);
        }
    }

    @Test
    void json_withoutGenerationAndOnOneThread_hasNullsThere() throws Exception {
        Run run = bench("--threads", "1", "--no-generation", "--json");
        assertEquals(0, run.exitCode(), run.err());
        JsonNode root = new ObjectMapper().readTree(run.out());
        assertTrue(root.get("generation").isNull());
        assertTrue(root.get("one_thread_step").isNull());
        assertClose(
                root.at("/roofline/one_thread_gflop_per_second").asDouble(),
                root.at("/roofline/gflop_per_second").asDouble());
    }

    @Test
    void table_saysWhatTheNumbersMean() {
        Run run = bench("--threads", "2");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().startsWith("nano: 28.5K parameters"), run.out());
        assertTrue(run.lines().stream().allMatch(line -> line.length() <= 80), run.out());
        for (String label :
                List.of("Training step", "  speed-up", "Roofline", "  reached", "Generation", "Memory", "Machine")) {
            assertTrue(run.lines().stream().anyMatch(line -> line.startsWith(label)), label + " in " + run.out());
        }
        assertTrue(run.out().contains("The roofline is the number of threads times\nthe rate of one"), run.out());
    }

    @Test
    void notComparing_isSaid() {
        Run run = bench("--threads", "2", "--no-compare-threads", "--no-generation");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("  one thread    not measured; --compare-threads does"), run.out());
    }

    @Test
    void logging_measuresStepsWithAndWithoutLogs() throws Exception {
        Run run = bench("--threads", "2", "--logging", "--json");
        assertEquals(0, run.exitCode(), run.err());
        JsonNode root = new ObjectMapper().readTree(run.out());
        assertEquals(
                List.of(
                        "model",
                        "hyperparameters",
                        "threads",
                        "step_with_logs",
                        "step_without_logs",
                        "ratio_of_medians",
                        "logs_mean_ms",
                        "logs_bytes_per_step",
                        "logs_at_evaluation_median_ms",
                        "machine"),
                keys(root));
        for (String part : List.of("step_with_logs", "step_without_logs")) {
            assertEquals(spread("ms").toList(), keys(root.get(part)));
            assertEquals(3, root.at("/" + part + "/count").asInt());
            assertOrdered(root.get(part), "ms");
        }
        assertClose(
                number(root.get("step_with_logs"), "median_ms") / number(root.get("step_without_logs"), "median_ms"),
                number(root, "ratio_of_medians"));
        assertTrue(number(root, "logs_mean_ms") > 0, run.out());
        assertTrue(number(root, "logs_mean_ms") < number(root.get("step_with_logs"), "max_ms"), run.out());
        assertTrue(number(root, "logs_at_evaluation_median_ms") > 0, run.out());
        // Four norms of each of the 28 tensors, a line of metrics, and no more than a few times that for TensorBoard.
        assertTrue(number(root, "logs_bytes_per_step") > 1000, run.out());
        assertTrue(number(root, "logs_bytes_per_step") < 10_000, run.out());
    }

    @Test
    void logging_inATable_namesTheRatio() {
        Run run = bench("--threads", "1", "--logging");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().startsWith("nano, 1 thread: training steps with and without logs"), run.out());
        assertTrue(run.lines().stream().anyMatch(l -> l.matches("Ratio +[0-9.]+ of the medians")), run.out());
        assertTrue(run.lines().stream().allMatch(line -> line.length() <= 80), run.out());
    }

    @Test
    void help_namesItsOwnDefaultPreset() {
        Run run = Run.of("bench", "--help");
        assertEquals(0, run.exitCode());
        assertTrue(
                run.out().replaceAll("\\s+", " ").contains("hyperparameters, shakespeare-cpu unless given"), run.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--steps 0 | --steps is 0; a benchmark measures at least 1",
                "--seconds 0 | --seconds is 0.0; it must be positive and at most a day, 86400",
                "--seconds NaN | --seconds is NaN; it must be positive and at most a day, 86400",
                "--threads 0 | --threads is 0; it must be at least 1",
                "--threads 3 | 3 threads have nothing to do with 2 shards; use --threads 2 or cut the batch with --shards",
                "--logging --threads 3 | 3 threads have nothing to do with 2 shards",
                "--logging --no-generation | --logging measures steps only; leave out --no-generation",
                "--steps 3 --seconds 1 | --steps and --seconds both say how long; give one of them",
                "--width 33 | width 33 cannot be divided into 2 heads of equal size"
            })
    void badOption_isWrongUsage(String options, String message) {
        Run run = Run.of(Stream.concat(Stream.of("bench", "--preset", "nano"), Arrays.stream(options.split(" ")))
                .toArray(String[]::new));
        assertEquals(2, run.exitCode());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("tinygpt: error: " + message), run.err());
    }

    @Test
    void modelThatDoesNotFit_isRefusedWithNeedAndSupply() {
        Run run = Run.of("bench", "--preset", "gpt3-175b");
        assertEquals(1, run.exitCode());
        assertTrue(
                run.err().matches("tinygpt: error: measuring this model needs [0-9.]+ GB .* are available.*\n"),
                run.err());
    }

    private static Run bench(String... options) {
        return Run.of(Stream.concat(Stream.of("bench", "--preset", "nano", "--steps", "3"), Arrays.stream(options))
                .toArray(String[]::new));
    }

    private static void assertOrdered(JsonNode spread, String unit) {
        double last = 0;
        for (String name : List.of("min", "lower_quartile", "median", "upper_quartile", "max")) {
            double value = number(spread, name + "_" + unit);
            assertTrue(value >= last, name + " of " + spread);
            last = value;
        }
    }

    private static void assertClose(double expected, double actual) {
        assertEquals(expected, actual, 1e-9 * expected);
    }

    private static double number(JsonNode node, String key) {
        return node.get(key).asDouble();
    }

    private static Stream<String> spread(String unit) {
        return SPREAD.stream().map(name -> name.equals("count") ? name : name + "_" + unit);
    }

    private static List<String> keys(JsonNode node) {
        return StreamSupport.stream(((Iterable<String>) node::fieldNames).spliterator(), false)
                .toList();
    }
}
