package tinygpt.inspection;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tinygpt.formats.HuggingFaceGpt2;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Optimization;
import tinygpt.hyperparameters.ScheduleKind;
import tinygpt.model.Activations;
import tinygpt.model.Dropouts;
import tinygpt.model.Gpt;
import tinygpt.model.Gradients;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.AdamW;

/**
 * Computes again what PyTorch computed for a small GPT-2 that comes with the program: logits, loss, the gradient of every
 * tensor, and five steps of AdamW.
 *
 * <p>The idea, and the tolerance by quantity, are those of the test of llm.c: expected and got side by side. The bias of
 * the keys is left out after the steps: softmax does not see it, so that its gradient is rounding alone, which AdamW
 * turns into steps of full size.
 */
public final class GoldenCheck implements AutoCloseable {
    private static final String NAME = "gpt2-tiny-tied";
    private static final List<String> FILES =
            List.of("config.json", "model.safetensors", "expected.safetensors", "expected.json");
    private static final int STEPS = 5;
    private static final double LOGITS = 1e-4;
    private static final double LOSS = 1e-5;
    private static final double GRADIENT = 1e-4;
    private static final double WEIGHTS = 1e-4;
    private static final double SMALLEST_NORM = 1e-4;

    /**
     * One quantity.
     *
     * @param name what it is
     * @param expected what PyTorch computed; of a tensor its 2-norm
     * @param got what is computed here
     * @param difference of a tensor: |difference|_2 / |expected|_2, or the largest difference of an element; else the
     *     plain difference
     * @param tolerance the largest difference that is rounding
     */
    public record Quantity(String name, double expected, double got, double difference, double tolerance) {
        public boolean passes() {
            return difference <= tolerance;
        }
    }

    private final List<Quantity> quantities = new ArrayList<>();
    private final SafetensorsReader expected;
    private final JsonNode scalars;
    private final ParameterRegistry registry;
    private final Gpt model;

    private GoldenCheck(Path folder) throws IOException {
        HuggingFaceGpt2 files = HuggingFaceGpt2.open(folder);
        Path json = folder.resolve("expected.json");
        scalars = StrictJson.tree(json, "the expected values", Files.readString(json));
        expected = SafetensorsReader.open(folder.resolve("expected.safetensors"));
        registry = ParameterRegistry.of(files.shape()).allocate();
        files.readWeights(registry);
        model = new Gpt(registry);
    }

    /** Computes everything and compares it. */
    public static List<Quantity> run(int threads) throws IOException {
        return run(threads, registry -> {});
    }

    /** The same, with something done to the weights first. */
    static List<Quantity> run(int threads, Consumer<ParameterRegistry> tampering) throws IOException {
        Path folder = Files.createTempDirectory("tinygpt-golden");
        try {
            for (String file : FILES) {
                try (InputStream in = GoldenCheck.class.getResourceAsStream("/" + NAME + "/" + file)) {
                    if (in == null) {
                        throw new FileNotFoundException(NAME + "/" + file + " is missing in this build of the program");
                    }
                    Files.copy(in, folder.resolve(file));
                }
            }
            try (GoldenCheck check = new GoldenCheck(folder)) {
                tampering.accept(check.registry);
                check.compute(threads);
                return List.copyOf(check.quantities);
            }
        } finally {
            for (String file : FILES) {
                Files.deleteIfExists(folder.resolve(file));
            }
            Files.deleteIfExists(folder);
        }
    }

    private void compute(int threads) {
        ModelShape shape = registry.shape();
        long[] batch = expected.entry("input_ids").shape();
        int tokens = Math.toIntExact(batch[0] * batch[1]);
        try (WorkerTeam team = new WorkerTeam(threads, Gpt.longestRow(shape));
                AdamW adamW = new AdamW(registry, optimization(), team);
                Gradients gradients = new Gradients(registry, "gradients of the golden model");
                Activations a = new Activations(model, (int) batch[0], (int) batch[1], new Dropouts(shape, 0))) {
            expected.readInts("input_ids", 0, a.tokens(), 0, tokens);
            expected.readInts("target_ids", 0, a.targets(), 0, tokens);
            JsonNode losses = scalars.at("/adamw/losses_before_each_step_and_after_the_last");
            for (int step = 0; step <= STEPS; step++) {
                model.forward(team.workspace(), a);
                if (step == 0) {
                    compareElements("logits", read("logits"), a.logits().toArray(), LOGITS);
                }
                double loss = model.lossAndGradients(team.workspace(), a, 1f / tokens, gradients) / tokens;
                String when = step == 0 ? "loss" : "loss after " + step + (step == 1 ? " step" : " steps");
                compare(when, losses.get(step).asDouble(), loss, LOSS);
                if (step == 0) {
                    compareGradients(gradients.slab());
                }
                if (step < STEPS) {
                    adamW.step(step + 1, gradients.slab(), optimization().learningRate());
                    if (step == 0) {
                        double norm = scalars.get("gradient_norm").asDouble();
                        compare("gradient norm", norm, adamW.gradientNorm(), LOSS);
                    }
                }
            }
        }
        compareWeights();
    }

    private Optimization optimization() {
        JsonNode o = scalars.get("adamw");
        double rate = o.get("lr").asDouble();
        return new Optimization(
                STEPS,
                rate,
                rate,
                ScheduleKind.CONSTANT,
                0,
                o.at("/betas/0").asDouble(),
                o.at("/betas/1").asDouble(),
                o.get("eps").asDouble(),
                o.get("weight_decay").asDouble(),
                o.get("clip").asDouble(),
                0);
    }

    private void compareGradients(Slab slab) {
        for (Parameter p : registry.trained()) {
            float[] got = new float[Math.toIntExact(p.size())];
            slab.read(p.trainedOffset(), got, 0, got.length);
            float[] golden = read("grad." + p.name());
            double squares = 0;
            for (int i = 0; i < got.length; i++) {
                squares += square((double) golden[i] - got[i]);
            }
            double norm = norm(golden);
            double difference = Math.sqrt(squares) / Math.max(norm, SMALLEST_NORM);
            quantities.add(new Quantity("gradient " + p.name(), norm, norm(got), difference, GRADIENT));
        }
    }

    private void compareWeights() {
        for (Parameter p : registry.owned()) {
            float[] got = new float[Math.toIntExact(p.size())];
            registry.weights().read(p.offset(), got, 0, got.length);
            float[] golden = read("after5." + p.name());
            if (p.name().endsWith(".c_attn.bias")) {
                int width = registry.shape().width();
                System.arraycopy(golden, width, got, width, width);
            }
            compareElements("after 5 steps " + p.name(), golden, got, WEIGHTS);
        }
    }

    private void compareElements(String name, float[] golden, float[] got, double tolerance) {
        double largest = 0;
        for (int i = 0; i < got.length; i++) {
            double difference = Math.abs((double) golden[i] - got[i]);
            // Double.compare puts NaN above every number.
            largest = Double.compare(difference, largest) > 0 ? difference : largest;
        }
        quantities.add(new Quantity(name, norm(golden), norm(got), largest, tolerance));
    }

    private void compare(String name, double golden, double got, double tolerance) {
        quantities.add(new Quantity(name, golden, got, Math.abs(golden - got), tolerance));
    }

    private float[] read(String name) {
        float[] values = new float[Math.toIntExact(expected.entry(name).elements())];
        expected.readFloats(name, 0, values, 0, values.length);
        return values;
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += square(value);
        }
        return Math.sqrt(squares);
    }

    private static double square(double x) {
        return x * x;
    }

    @Override
    public void close() {
        expected.close();
        registry.close();
    }
}
