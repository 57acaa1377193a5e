package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter;
import tinygpt.tensor.Slab;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;

class TrainerTest {
    private static final String TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(40);

    @Test
    void freshModel_guessesAlmostEvenly() {
        try (Trainer trainer = trainer(nano())) {
            double uniform = Math.log(trainer.hyperparameters().model().vocabularySize());
            assertEquals(uniform, trainer.evaluate().loss(), 0.2);
        }
    }

    @Test
    void oneBatch_trainedOnAgainAndAgain_isLearnedByHeart() {
        // The text is as long as one window needs, so every batch is the same.
        Hyperparameters h = nano().with("optimization.steps", "300")
                .with("optimization.learning_rate", "0.01")
                .with("optimization.schedule", "constant")
                .with("optimization.weight_decay", "0")
                .with("data.validation_fraction", "0.5");
        String once = "pack my box with five dozen jugs!";
        Corpus corpus = Corpus.of(CharacterTokenizer.of(once), once + once, 0.5);
        List<Double> losses = new ArrayList<>();
        try (Trainer trainer = new Trainer(h, corpus, 1)) {
            trainer.listen(new TrainingListener() {
                @Override
                public void onStep(StepReport report) {
                    losses.add(report.loss());
                }
            });
            trainer.train(0, () -> false);
        }
        assertEquals(300, losses.size());
        assertTrue(losses.get(0) > 2.5, "first loss " + losses.get(0));
        assertTrue(losses.get(299) < 0.02, "last loss " + losses.get(299));
    }

    @Test
    void trainAndEvaluate_reportsEveryStepAndEvaluation() {
        List<Long> evaluated = new ArrayList<>();
        List<Long> steps = new ArrayList<>();
        try (Trainer trainer = trainer(nano().with("optimization.steps", "7"))) {
            trainer.listen(new TrainingListener() {
                @Override
                public void onStep(StepReport report) {
                    steps.add(report.step());
                    assertEquals(report.step() * 8 * 32, report.tokensSeen());
                }

                @Override
                public void onEvaluation(EvaluationReport report) {
                    evaluated.add(report.step());
                }
            });
            trainer.train(3, () -> false);
        }
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L), steps);
        assertEquals(List.of(0L, 3L, 6L, 7L), evaluated);
    }

    @Test
    void stopRequest_endsAfterTheStep() {
        try (Trainer trainer = trainer(nano())) {
            trainer.train(0, () -> trainer.stepsDone() == 4);
            assertEquals(4, trainer.stepsDone());
        }
    }

    @Test
    void hyperparameters_afterTraining_haveTheSameFingerprint() {
        try (Trainer trainer = trainer(nano().with("optimization.steps", "5"))) {
            String before = trainer.hyperparameters().sha256();
            float weight = trainer.registry().get("wte.weight").matrix().toArray()[0];
            trainer.train(0, () -> false);
            assertEquals(before, trainer.hyperparameters().sha256());
            assertNotEquals(
                    weight, trainer.registry().get("wte.weight").matrix().toArray()[0]);
        }
    }

    @Test
    void valueAndGradient_areLiveViewsOfTheModel() {
        try (Trainer trainer = trainer(nano())) {
            Parameter parameter = trainer.registry().get("h.0.attn.c_attn.weight");
            INDArray value = parameter.value();
            assertArrayEquals(new long[] {32, 96}, value.shape());
            double before = value.getDouble(3, 5);
            trainer.step();
            assertNotEquals(before, value.getDouble(3, 5));
            assertEquals(parameter.matrix().toArray()[3 * 96 + 5], value.getFloat(3, 5));
            assertTrue(parameter.gradient().norm2Number().doubleValue() > 0);
        }
    }

    @Test
    void infiniteWeight_stopsTrainingNamingStepAndTensor() {
        try (Trainer trainer = trainer(nano())) {
            trainer.step();
            Parameter parameter = trainer.registry().get("h.1.mlp.c_fc.weight");
            trainer.registry().weights().write(parameter.offset() + 7, new float[] {Float.POSITIVE_INFINITY}, 0, 1);
            var e = assertThrows(TrainingFailedException.class, trainer::step);
            assertTrue(e.getMessage().contains("step 2"), e.getMessage());
            assertTrue(e.getMessage().contains("h.1.mlp.c_fc.weight, 1 of its 4,096 numbers"), e.getMessage());
            assertEquals(1, trainer.stepsDone());
        }
    }

    /** Loss and gradients are NaN everywhere then: the message must name where it began. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "wpe.weight             | the output of h.0.ln_1, where",
                "h.0.ln_1.weight        | the output of h.0.ln_1, where",
                "h.1.attn.c_attn.weight | the output of h.1.attn.c_attn, where",
                "h.0.mlp.c_fc.weight    | the output of h.0.mlp.c_fc and its GELU, where",
                "h.1.mlp.c_proj.weight  | the residual stream after h.1.mlp.c_proj, where",
                "ln_f.weight            | the output of ln_f, where"
            })
    void finiteWeightsThatOverflow_stopTrainingNamingTheModule(String name, String place) {
        try (Trainer trainer = trainer(nano())) {
            trainer.step();
            Parameter parameter = trainer.registry().get(name);
            float[] huge = new float[(int) parameter.size()];
            for (int i = 0; i < huge.length; i++) {
                huge[i] = i % 3 == 0 ? 3e38f : -2e38f;
            }
            trainer.registry().weights().write(parameter.offset(), huge, 0, huge.length);
            var e = assertThrows(TrainingFailedException.class, trainer::step);
            assertTrue(
                    e.getMessage()
                            .startsWith("step 2: training stopped being finite (loss NaN); every weight is finite (the"
                                    + " largest, 3.00e+38, is in " + name + "), and the first to overflow is " + place),
                    e.getMessage());
        }
    }

    /** Training ended there or went on, saved such weights and failed in the sample. */
    @Test
    void evaluationThatOverflows_stopsTraining_andIsToldAsAFailure() {
        try (Trainer trainer = trainer(nano())) {
            trainer.step();
            Parameter parameter = trainer.registry().get("ln_f.weight");
            float[] huge = new float[(int) parameter.size()];
            java.util.Arrays.fill(huge, 3e38f);
            trainer.registry().weights().write(parameter.offset(), huge, 0, huge.length);
            List<Long> evaluated = new ArrayList<>();
            List<TrainingListener.EvaluationReport> failed = new ArrayList<>();
            trainer.listen(new TrainingListener() {
                @Override
                public void onEvaluation(EvaluationReport report) {
                    evaluated.add(report.step());
                }

                @Override
                public void onFailure(EvaluationReport report) {
                    failed.add(report);
                }
            });
            var e = assertThrows(TrainingFailedException.class, () -> trainer.train(1, () -> false));
            assertEquals(1, failed.size());
            assertEquals(1, failed.get(0).step());
            assertTrue(Double.isNaN(failed.get(0).result().loss())
                    && !failed.get(0).best());
            assertTrue(
                    e.getMessage()
                            .startsWith("after step 1: the validation loss is not finite (NaN); every weight is finite"
                                    + " (the largest, 3.00e+38, is in ln_f.weight), and the first to overflow is the"
                                    + " output of ln_f"),
                    e.getMessage());
            assertEquals(List.of(), evaluated);
            assertEquals(1, trainer.stepsDone());
        }
    }

    @Test
    void scoresThatOverflow_areTheAttentions() {
        try (Trainer trainer = trainer(nano())) {
            Parameter parameter = trainer.registry().get("h.1.attn.c_attn.weight");
            float[] large = new float[(int) parameter.size()];
            java.util.Arrays.fill(large, 1e25f);
            large[0] = -1e25f;
            trainer.registry().weights().write(parameter.offset(), large, 0, large.length);
            var e = assertThrows(TrainingFailedException.class, trainer::step);
            assertTrue(e.getMessage().contains("the attention of h.1.attn, the input of its c_proj"), e.getMessage());
        }
    }

    /** Decay of 99 x 99 times a weight and step: the weights grow until the forward pass overflows. */
    @Test
    void absurdLearningRate_stopsWithWeightsStillFinite() {
        Hyperparameters h = nano().with("optimization.learning_rate", "99")
                .with("optimization.warmup_steps", "0")
                .with("optimization.gradient_clip", "0")
                .with("optimization.weight_decay", "99")
                .with("optimization.schedule", "constant");
        try (Trainer trainer = trainer(h)) {
            var e = assertThrows(TrainingFailedException.class, () -> trainer.train(0, () -> false));
            assertTrue(e.getMessage().contains("Try a lower --learning-rate"), e.getMessage());
            assertTrue(trainer.stepsDone() > 1 && trainer.stepsDone() < 20, "steps " + trainer.stepsDone());
            for (Parameter parameter : trainer.registry().owned()) {
                for (float weight : parameter.matrix().toArray()) {
                    assertTrue(Float.isFinite(weight), parameter + " holds " + weight);
                }
            }
        }
    }

    @Test
    void engineOfOnesOwn_givesTheGradients() {
        List<String> calls = new ArrayList<>();
        Corpus corpus = Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1);
        float[] usual;
        try (Trainer trainer = trainer(nano())) {
            trainer.step();
            usual = TrainingFixtures.floats(trainer.registry().weights());
        }
        GradientEngine.Factory counting = (model, h, tokens, team) -> {
            LocalEngine local = new LocalEngine(model, h, tokens, team);
            return new GradientEngine() {
                @Override
                public double compute(long step) {
                    calls.add("compute " + step);
                    return local.compute(step);
                }

                @Override
                public Slab gradients() {
                    return local.gradients();
                }

                @Override
                public void close() {
                    calls.add("close");
                    local.close();
                }
            };
        };
        try (Trainer trainer = new Trainer(nano(), corpus, 2, counting)) {
            trainer.step();
            assertArrayEquals(usual, TrainingFixtures.floats(trainer.registry().weights()));
        }
        assertEquals(List.of("compute 0", "close"), calls);
    }

    @Test
    void trainerThatCannotBeOpened_givesEverythingBack() {
        Corpus corpus = Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1);
        GradientEngine.Factory failing = (model, h, tokens, team) -> {
            throw new OutOfMemoryError("no engine");
        };
        long before = Pointer.totalBytes();
        long workers = workers();
        assertThrows(OutOfMemoryError.class, () -> new Trainer(nano(), corpus, 3, failing));
        // The BLAS pointers of the workspaces, 4 bytes each, go when the collector finds them.
        assertTrue(Pointer.totalBytes() - before <= 3 * 3 * 4, "bytes behind pointers");
        // Workers end on their own, a moment later.
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (workers() > workers && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        assertTrue(workers() <= workers, "threads are left behind");
    }

    private static long workers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("tinygpt-worker"))
                .count();
    }

    @Test
    void corpusShorterThanTheContext_isRefused() {
        Corpus corpus = Corpus.of(CharacterTokenizer.of("abcabc"), "abcabc", 0.5);
        assertThrows(IllegalArgumentException.class, () -> new Trainer(nano(), corpus, 1));
    }

    private static Hyperparameters nano() {
        return Preset.named("nano").hyperparameters();
    }

    private static Trainer trainer(Hyperparameters hyperparameters) {
        return new Trainer(hyperparameters, Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1), 2);
    }
}
