package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.tensor.Slab;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.AdamWMoments;
import tinygpt.training.Compute;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * All that training leaves behind.
 *
 * @param losses of all steps and evaluations
 * @param remembered moments, of each replica if there are any, and the velocity of their outer step
 */
record LearnedRun(List<Double> losses, float[] weights, List<float[]> remembered) {
    private static final String TEXT =
            "The quick brown fox jumps over the lazy dog, and the dog sleeps on. ".repeat(60);

    static final Corpus CORPUS = Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1);

    /** A small model with dropout everywhere, of 8 shards; path, value, path, value. */
    static Hyperparameters small(int steps, String... changes) {
        Hyperparameters h = Preset.named("nano")
                .hyperparameters()
                .with("optimization.steps", Integer.toString(steps))
                .with("data.shards", "8")
                .with("model.embedding_dropout", "0.1")
                .with("model.attention_dropout", "0.1")
                .with("model.residual_dropout", "0.1");
        for (int i = 0; i < changes.length; i += 2) {
            h = h.with(changes[i], changes[i + 1]);
        }
        return h;
    }

    /** The same by three replicas in rounds of four steps. */
    static Hyperparameters rounds(int steps, String... changes) {
        return small(steps, changes)
                .with("synchronization.sync", "diloco")
                .with("synchronization.replicas", "3")
                .with("synchronization.local_steps", "4");
    }

    /** Trains to the end. */
    static LearnedRun of(Hyperparameters h, Compute compute, TrainingListener... listeners) {
        return from(null, h, compute, listeners);
    }

    /** Trains to the end from weights that the trainer is given, as those of another model; null for its own. */
    static LearnedRun from(float[] start, Hyperparameters h, Compute compute, TrainingListener... listeners) {
        try (Trainer trainer = new Trainer(h, CORPUS, compute)) {
            if (start != null) {
                trainer.registry().weights().write(0, start, 0, start.length);
            }
            List<Double> losses = new ArrayList<>();
            trainer.listen(new TrainingListener() {
                @Override
                public void onStep(StepReport report) {
                    losses.add(report.loss());
                }

                @Override
                public void onEvaluation(EvaluationReport report) {
                    losses.add(report.result().loss());
                }
            });
            for (TrainingListener listener : listeners) {
                trainer.listen(listener);
            }
            trainer.train();
            return of(trainer, losses);
        }
    }

    static LearnedRun of(Trainer trainer, List<Double> losses) {
        List<float[]> remembered = new ArrayList<>();
        for (AdamWMoments moments : trainer.state().replicas()) {
            remembered.add(floats(moments.mean()));
            remembered.add(floats(moments.meanSquare()));
        }
        trainer.state().velocity().ifPresent(velocity -> remembered.add(floats(velocity)));
        return new LearnedRun(losses, floats(trainer.registry().weights()), remembered);
    }

    void assertSame(LearnedRun other) {
        assertEquals(losses, other.losses, "losses");
        assertArrayEquals(weights, other.weights, "weights");
        assertEquals(remembered.size(), other.remembered.size());
        for (int i = 0; i < remembered.size(); i++) {
            assertArrayEquals(remembered.get(i), other.remembered.get(i), "slab " + i + " of the optimizer");
        }
    }

    static float[] floats(Slab slab) {
        float[] all = new float[Math.toIntExact(slab.size())];
        slab.read(0, all, 0, all.length);
        return all;
    }
}
