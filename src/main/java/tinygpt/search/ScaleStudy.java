package tinygpt.search;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;

/**
 * What a family of sizes shows.
 *
 * @param points the sizes that were trained to their end, the smallest first
 * @param law L = a N^-b through them; null with fewer than two
 * @param floored the same with + c; null with fewer than {@link PowerLaw#FEWEST_FOR_FLOOR}, or if there is no such c above 0
 */
public record ScaleStudy(List<Point> points, PowerLaw law, PowerLaw floored) {

    private static final double LEAST_FLOOR = 1e-3;

    /**
     * A size and its loss.
     *
     * @param n parameters of its layers, without embeddings
     * @param flops floating point operations of its training
     */
    public record Point(Result result, long n, double flops) {
        public double loss() {
            return result.loss();
        }
    }

    /**
     * A published size beside ours.
     *
     * @param name of the preset
     * @param n parameters of its layers, without embeddings
     * @param parameters all
     * @param perplexity on WikiText-2 without training on it, per word
     */
    public record Published(String name, long n, long parameters, double perplexity) {
        /** Nats per word: words are longer than characters, so only how it falls with size can be compared. */
        public double loss() {
            return Math.log(perplexity);
        }

        private static Published of(String preset, double perplexity) {
            Hyperparameters hyperparameters = Preset.named(preset).hyperparameters();
            return new Published(
                    preset,
                    SizeFamily.layerParameters(hyperparameters),
                    ParameterRegistry.of(hyperparameters).count(),
                    perplexity);
        }
    }

    public ScaleStudy {
        points = List.copyOf(points);
    }

    /** Radford et al., "Language models are unsupervised multitask learners" (2019), table 3, WikiText-2. */
    public static List<Published> gpt2() {
        return List.of(
                Published.of("gpt2", 29.41),
                Published.of("gpt2-medium", 22.76),
                Published.of("gpt2-large", 19.93),
                Published.of("gpt2-xl", 18.34));
    }

    /** What the results of a family show. */
    public static ScaleStudy of(List<Result> results) {
        List<Point> points = results.stream()
                .filter(result -> result.state() == TrialState.COMPLETE && Double.isFinite(result.loss()))
                .map(result -> new Point(
                        result,
                        SizeFamily.layerParameters(result.trial().hyperparameters()),
                        SizeFamily.flops(result.trial().hyperparameters())))
                .sorted(Comparator.comparingLong(Point::n)
                        .thenComparingInt(point -> point.result().trial().index()))
                .toList();
        double[] sizes = points.stream().mapToDouble(Point::n).toArray();
        double[] losses = points.stream().mapToDouble(Point::loss).toArray();
        long different = points.stream().mapToLong(Point::n).distinct().count();
        PowerLaw law = different < 2 ? null : PowerLaw.fit(sizes, losses);
        PowerLaw floored =
                different < PowerLaw.FEWEST_FOR_FLOOR || law.b() < 0 ? null : PowerLaw.fitWithFloor(sizes, losses);
        return new ScaleStudy(points, law, floored == null || floored.c() < LEAST_FLOOR ? null : floored);
    }

    /** The law of the published sizes. */
    public static PowerLaw gpt2Law() {
        return PowerLaw.fit(
                gpt2().stream().mapToDouble(Published::n).toArray(),
                gpt2().stream().mapToDouble(Published::loss).toArray());
    }

    /** The law to draw: with its floor where there are sizes enough. */
    public Optional<PowerLaw> best() {
        return Optional.ofNullable(floored == null ? law : floored);
    }
}
