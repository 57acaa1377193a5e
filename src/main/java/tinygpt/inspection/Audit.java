package tinygpt.inspection;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Optimization;
import tinygpt.model.Gpt;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.AdamW;
import tinygpt.training.LocalEngine;

/**
 * Looks whether every parameter of a model is what the registry declares: initialised by its law, in its decay group,
 * counted once, reached by the backward pass and moved by the optimizer.
 *
 * <p>Design: a fresh model is initialised and trained for one step at the full learning rate, on random tokens, so that no
 * text is needed. In the first step of AdamW the corrected moments are g and g^2, so that a number's step is
 * {@code rate (g / (|g| + epsilon) + decay w)}. What the first part does not explain is projected on w: the coefficient is
 * the decay that was really applied, whatever group the tensor was declared to be in.
 */
public final class Audit {
    private static final int PIECE = 1 << 14;

    private Audit() {}

    /**
     * Audits a model of these hyperparameters.
     *
     * @return one entry for each parameter, tied ones too, in registry order
     */
    public static List<AuditedTensor> of(Hyperparameters hyperparameters, int threads) {
        return of(hyperparameters, threads, registry -> {});
    }

    /** The same, with something done to the weights after they were initialised. */
    static List<AuditedTensor> of(Hyperparameters h, int threads, Consumer<ParameterRegistry> tampering) {
        Optimization o = h.optimization();
        try (ParameterRegistry registry = ParameterRegistry.of(h).allocate();
                WorkerTeam team = new WorkerTeam(threads, Gpt.longestRow(h.model()));
                Slab before = Slab.allocate("weights before the step", registry.slabSize())) {
            Initializer.initialize(registry, h.seed());
            tampering.accept(registry);
            before.copyFrom(registry.weights());
            Gpt model = new Gpt(registry);
            try (LocalEngine engine = new LocalEngine(model, h, tokens(h), team);
                    AdamW adamW = new AdamW(registry, o, team)) {
                engine.compute(0);
                adamW.step(1, engine.gradients(), o.learningRate());
                List<AuditedTensor> audited = new ArrayList<>();
                for (Parameter parameter : registry.all()) {
                    audited.add(measure(parameter, o, before, registry.weights(), engine.gradients()));
                }
                return registry.adapters().isEmpty() ? audited : withSecondGradient(audited, engine);
            }
        }
    }

    /** The first factor of an adapter is only reached once the second, which begins at 0, has moved. */
    private static List<AuditedTensor> withSecondGradient(List<AuditedTensor> audited, LocalEngine engine) {
        engine.compute(1);
        return audited.stream()
                .map(a -> a.parameter().kind() == ParameterKind.ADAPTER
                                && a.parameter().trainable()
                        ? a.withGradientNorm(gradientNorm(a.parameter(), engine.gradients()))
                        : a)
                .toList();
    }

    private static double gradientNorm(Parameter parameter, Slab gradients) {
        float[] g = new float[PIECE];
        double squares = 0;
        for (long done = 0; done < parameter.size(); done += PIECE) {
            int n = (int) Math.min(PIECE, parameter.size() - done);
            gradients.read(parameter.trainedOffset() + done, g, 0, n);
            for (int i = 0; i < n; i++) {
                squares += (double) g[i] * g[i];
            }
        }
        return Math.sqrt(squares);
    }

    /** Random tokens, enough for one batch. */
    private static int[] tokens(Hyperparameters h) {
        int[] tokens = new int[(h.data().batchSize() + 1) * (h.model().contextLength() + 1)];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) CounterRandom.below(h.model().vocabularySize(), h.seed(), Stream.BATCH, 0, i);
        }
        return tokens;
    }

    private static AuditedTensor measure(Parameter parameter, Optimization o, Slab before, Slab after, Slab gradients) {
        float[] w0 = new float[PIECE];
        float[] w1 = new float[PIECE];
        float[] g = new float[PIECE];
        TensorStatistics initial = TensorStatistics.none(false);
        double changeSquares = 0;
        double unexplained = 0;
        for (long done = 0; done < parameter.size(); done += PIECE) {
            int n = (int) Math.min(PIECE, parameter.size() - done);
            before.read(parameter.offset() + done, w0, 0, n);
            after.read(parameter.offset() + done, w1, 0, n);
            if (parameter.trainable()) {
                gradients.read(parameter.trainedOffset() + done, g, 0, n);
            }
            initial = initial.plus(TensorStatistics.of(w0, null, n));
            for (int i = 0; i < n; i++) {
                double change = (double) w1[i] - w0[i];
                double adam = o.learningRate() * g[i] / (Math.abs(g[i]) + o.epsilon());
                changeSquares += change * change;
                unexplained -= (change + adam) * w0[i];
            }
        }
        double typical = Math.sqrt(initial.squares() / parameter.size());
        // A rounded sum is off by up to half a unit in the last place, here of the larger of weight and step.
        double rounding = Math.ulp((float) (typical + o.learningRate()));
        Parameter owner = parameter.tiedTo();
        return new AuditedTensor(
                parameter,
                initial,
                owner != null && owner.offset() == parameter.offset() && owner.size() == parameter.size(),
                parameter.trainable() ? gradientNorm(parameter, gradients) : Double.NaN,
                Math.sqrt(changeSquares),
                o.weightDecay(),
                parameter.trainable() ? unexplained / (o.learningRate() * initial.squares()) : Double.NaN,
                rounding / (o.learningRate() * typical));
    }
}
