package tinygpt.hyperparameters;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A named set of hyperparameters.
 *
 * @param name what is typed after {@code --preset}
 * @param about one line on where it comes from
 * @param hyperparameters the values
 */
public record Preset(String name, String about, Hyperparameters hyperparameters) {
    private static final Map<String, Preset> ALL = build();

    /** All presets, small ones first. */
    public static List<Preset> all() {
        return List.copyOf(ALL.values());
    }

    /**
     * The preset of that name.
     *
     * @throws InvalidHyperparameterException if there is none, listing those there are
     */
    public static Preset named(String name) {
        Preset preset = ALL.get(name);
        if (preset == null) {
            throw new InvalidHyperparameterException(
                    "there is no preset '" + name + "'; there are " + String.join(", ", ALL.keySet()));
        }
        return preset;
    }

    private static Map<String, Preset> build() {
        List<Preset> presets = new ArrayList<>();
        presets.add(new Preset(
                "nano",
                "seconds: for tests and a first look",
                new Hyperparameters(
                        shape(64, 32, 2, 2, 32, true, Activation.GELU_TANH, 0),
                        schedule(200, 1e-2, 1e-3, 20, 0.99, 0.1),
                        batches(8, 2),
                        Adaptation.NONE,
                        Synchronization.EVERY_STEP,
                        1337)));
        presets.add(new Preset(
                "tiny",
                "the default: about two minutes on two cores",
                new Hyperparameters(
                        shape(61, 128, 3, 4, 128, true, Activation.GELU_TANH, 0),
                        new Optimization(1800, 6e-3, 0, ScheduleKind.LINEAR, 100, 0.9, 0.99, 1e-8, 0.1, 1.0, 0),
                        batches(16, 4),
                        Adaptation.NONE,
                        Synchronization.EVERY_STEP,
                        1337)));
        presets.add(new Preset(
                "shakespeare-cpu",
                "nanoGPT's configuration for a CPU on tiny Shakespeare",
                new Hyperparameters(
                        shape(66, 64, 4, 4, 128, false, Activation.GELU_ERF, 0),
                        schedule(2000, 1e-3, 1e-4, 100, 0.99, 0.1),
                        batches(12, 2),
                        Adaptation.NONE,
                        Synchronization.EVERY_STEP,
                        1337)));
        presets.add(new Preset(
                "shakespeare-gpu",
                "nanoGPT's configuration for a GPU on tiny Shakespeare: hours on a CPU",
                new Hyperparameters(
                        shape(66, 256, 6, 6, 384, false, Activation.GELU_ERF, 0.2),
                        schedule(5000, 1e-3, 1e-4, 100, 0.99, 0.1),
                        batches(64, 16),
                        Adaptation.NONE,
                        Synchronization.EVERY_STEP,
                        1337)));
        presets.add(gpt2("gpt2", 12, 768, 12, "GPT-2 small, 124M"));
        presets.add(gpt2("gpt2-medium", 24, 1024, 16, "GPT-2 medium, 355M"));
        presets.add(gpt2("gpt2-large", 36, 1280, 20, "GPT-2 large, 774M"));
        presets.add(gpt2("gpt2-xl", 48, 1600, 25, "GPT-2 XL, 1.6B"));
        presets.add(gpt3("gpt3-small", 12, 768, 12, "125M"));
        presets.add(gpt3("gpt3-medium", 24, 1024, 16, "350M"));
        presets.add(gpt3("gpt3-large", 24, 1536, 16, "760M"));
        presets.add(
                gpt3("gpt3-xl", 24, 2048, 16, "1.3B (the paper lists 24 heads, which do not divide 2048; 16 here)"));
        presets.add(gpt3("gpt3-2.7b", 32, 2560, 32, "2.7B"));
        presets.add(gpt3("gpt3-6.7b", 32, 4096, 32, "6.7B"));
        presets.add(
                gpt3("gpt3-13b", 40, 5140, 20, "13B (the paper lists 40 heads, which do not divide 5140; 20 here)"));
        presets.add(gpt3("gpt3-175b", 96, 12288, 96, "175B"));
        Map<String, Preset> byName = new LinkedHashMap<>();
        presets.forEach(p -> byName.put(p.name(), p));
        return byName;
    }

    private static Preset gpt2(String name, int layers, int width, int heads, String about) {
        return new Preset(
                name,
                about,
                new Hyperparameters(
                        shape(50257, 1024, layers, heads, width, true, Activation.GELU_TANH, 0.1),
                        schedule(600_000, 6e-4, 6e-5, 2000, 0.95, 0.1),
                        batches(8, 8),
                        Adaptation.NONE,
                        Synchronization.EVERY_STEP,
                        1337));
    }

    private static Preset gpt3(String name, int layers, int width, int heads, String size) {
        Map<Integer, Double> learningRates = new TreeMap<>(Map.of(
                768, 6e-4, 1024, 3e-4, 1536, 2.5e-4, 2048, 2e-4, 2560, 1.6e-4, 4096, 1.2e-4, 5140, 1e-4, 12288, 6e-5));
        double rate = learningRates.get(width);
        return new Preset(
                name,
                "GPT-3 table 2.1: " + size,
                new Hyperparameters(
                        shape(50257, 2048, layers, heads, width, true, Activation.GELU_TANH, 0),
                        schedule(600_000, rate, rate / 10, 2000, 0.95, 0.1),
                        batches(8, 8),
                        Adaptation.NONE,
                        Synchronization.EVERY_STEP,
                        1337));
    }

    private static ModelShape shape(
            int vocabulary,
            int context,
            int layers,
            int heads,
            int width,
            boolean biases,
            Activation activation,
            double dropout) {
        return new ModelShape(
                vocabulary,
                context,
                layers,
                heads,
                width,
                4 * width,
                biases,
                true,
                activation,
                1e-5,
                0.02,
                dropout,
                dropout,
                dropout);
    }

    private static Optimization schedule(
            int steps, double rate, double minimum, int warmup, double beta2, double decay) {
        return new Optimization(steps, rate, minimum, ScheduleKind.COSINE, warmup, 0.9, beta2, 1e-8, decay, 1.0, 0);
    }

    private static DataPlan batches(int size, int shards) {
        return new DataPlan(TokenizerKind.CHARACTER, 0.1, size, shards, BatchOrder.SHUFFLED);
    }
}
