package tinygpt.training;

import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.model.Gpt;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;

/** What tests of training start from. */
final class TrainingFixtures {
    private TrainingFixtures() {}

    /** The preset nano with some values replaced: path, value, path, value. */
    static Hyperparameters nano(String... changes) {
        Hyperparameters h = Preset.named("nano").hyperparameters();
        for (int i = 0; i < changes.length; i += 2) {
            h = h.with(changes[i], changes[i + 1]);
        }
        return h;
    }

    /** A text of random tokens, in which each is likely to follow from the one before. */
    static int[] text(Hyperparameters h, int length) {
        int vocabulary = h.model().vocabularySize();
        int[] tokens = new int[length];
        for (int i = 1; i < length; i++) {
            int noise = (int) CounterRandom.below(4, 1, Stream.BATCH, 0, i);
            tokens[i] = (tokens[i - 1] * 5 + 1 + noise) % vocabulary;
        }
        return tokens;
    }

    static float[] floats(Slab slab) {
        float[] all = new float[Math.toIntExact(slab.size())];
        slab.read(0, all, 0, all.length);
        return all;
    }

    /** A model in training, with all that belongs to it. */
    static final class Training implements AutoCloseable {
        final Hyperparameters hyperparameters;
        final ParameterRegistry registry;
        final Gpt model;
        final WorkerTeam team;
        final LocalEngine engine;
        final AdamW adamW;

        Training(Hyperparameters h, int[] tokens, int threads) {
            this(h, tokens, threads, ShardGradients.SLAB_BUDGET);
        }

        Training(Hyperparameters h, int[] tokens, int threads, long slabBudget) {
            hyperparameters = h;
            registry = ParameterRegistry.of(h).allocate();
            Initializer.initialize(registry, h.seed());
            model = new Gpt(registry);
            team = new WorkerTeam(threads, Gpt.longestRow(h.model()));
            engine = new LocalEngine(model, h, tokens, team, slabBudget);
            adamW = new AdamW(registry, h.optimization(), team);
        }

        /** One step, counted from 0; its loss. */
        double step(long step) {
            double loss = engine.compute(step);
            adamW.step(step + 1, engine.gradients(), LearningRateSchedule.at(hyperparameters.optimization(), step));
            return loss;
        }

        @Override
        public void close() {
            adamW.close();
            engine.close();
            team.close();
            registry.close();
        }
    }
}
