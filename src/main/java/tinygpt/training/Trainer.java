package tinygpt.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Gpt;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Corpus;

/**
 * Trains a model on a corpus: every step asks the engine for the gradient and lets AdamW move the weights.
 *
 * <p>Everything a step does is a function of the weights, Adam's moments and the step's number. Restoring those three
 * continues a run as if it had never stopped.
 */
public final class Trainer implements AutoCloseable {
    private final Hyperparameters hyperparameters;
    private final Corpus corpus;
    private final WorkerTeam team;
    private final ParameterRegistry registry;
    private final Gpt model;
    private final GradientEngine engine;
    private final AdamW optimizer;
    private final List<TrainingListener> listeners = new ArrayList<>();
    private long step;
    private Evaluation.Result lastEvaluation;
    private double bestLoss = Double.POSITIVE_INFINITY;

    /**
     * A trainer of a fresh model, initialised from the hyperparameters' seed. The vocabulary is the corpus', whatever size
     * the hyperparameters say.
     *
     * @param threads worker threads; any number gives the same result, more than the shards of a batch do not help
     * @throws IllegalArgumentException if the corpus is too short for the context
     */
    public Trainer(Hyperparameters hyperparameters, Corpus corpus, int threads) {
        this.hyperparameters = withVocabulary(hyperparameters, corpus);
        this.corpus = corpus;
        ModelShape shape = this.hyperparameters.model();
        corpus.requireContext(shape.contextLength());
        this.registry = ParameterRegistry.of(this.hyperparameters).allocate();
        Initializer.initialize(registry, hyperparameters.seed());
        this.model = new Gpt(registry);
        this.team = new WorkerTeam(threads, Gpt.longestRow(shape));
        this.engine = new LocalEngine(model, this.hyperparameters, corpus.train(), team);
        this.optimizer = new AdamW(registry, hyperparameters.optimization(), team);
        registry.lendGradients(engine.gradients());
    }

    /** The hyperparameters with the vocabulary of a corpus. */
    public static Hyperparameters withVocabulary(Hyperparameters hyperparameters, Corpus corpus) {
        return hyperparameters.withModel(
                hyperparameters.model().withVocabularySize(corpus.tokenizer().vocabularySize()));
    }

    /** Adds somebody who looks on. */
    public Trainer listen(TrainingListener listener) {
        listeners.add(listener);
        return this;
    }

    /**
     * Continues from a state: the weights and Adam's moments have been written to {@link #registry()}, {@link #mean()} and
     * {@link #meanSquare()}.
     *
     * @param stepsDone steps that led to that state
     * @param bestSoFar the best validation loss on the way, or infinity
     */
    public void continueFrom(long stepsDone, double bestSoFar) {
        step = stepsDone;
        bestLoss = bestSoFar;
    }

    /**
     * Trains up to the number of steps in the hyperparameters.
     *
     * @param evaluateEvery steps between evaluations of the validation split, which is also evaluated before the first
     *     step and after the last; 0 for none at all
     * @param stop asked after every step; true ends training there
     * @throws TrainingFailedException if the loss or the gradient stops being finite; the weights are left as they were
     *     before that step
     */
    public void train(int evaluateEvery, BooleanSupplier stop) {
        int last = hyperparameters.optimization().steps();
        if (evaluateEvery > 0 && step == 0) {
            evaluate();
        }
        boolean stopped = false;
        while (step < last && !stopped) {
            step();
            stopped = stop.getAsBoolean();
            if (evaluateEvery > 0 && !stopped && (step % evaluateEvery == 0 || step == last)) {
                evaluate();
                stopped = stop.getAsBoolean();
            }
        }
    }

    /** Trains to the end, evaluating ten times on the way. */
    public void train() {
        train(Math.max(1, hyperparameters.optimization().steps() / 10), () -> false);
    }

    /**
     * One step.
     *
     * @throws TrainingFailedException as {@link #train} does
     */
    public void step() {
        long start = System.nanoTime();
        double rate = LearningRateSchedule.at(hyperparameters.optimization(), step);
        double loss = engine.compute(step);
        if (!Double.isFinite(loss) || !optimizer.step(step + 1, engine.gradients(), rate)) {
            throw failed(loss);
        }
        step++;
        long nanoseconds = System.nanoTime() - start;
        if (!listeners.isEmpty()) {
            TrainingListener.StepReport report = new TrainingListener.StepReport(
                    step,
                    loss,
                    rate,
                    optimizer.gradientNorm(),
                    optimizer.clipFactor() < 1,
                    optimizer.updateRatio(),
                    nanoseconds,
                    tokensSeen());
            for (TrainingListener listener : listeners) {
                listener.onStep(report);
            }
        }
    }

    /** Evaluates the whole validation split with the present weights. */
    public Evaluation.Result evaluate() {
        lastEvaluation = Evaluation.evaluate(model, corpus.validation(), team);
        boolean best = lastEvaluation.loss() <= bestLoss;
        bestLoss = Math.min(bestLoss, lastEvaluation.loss());
        TrainingListener.EvaluationReport report = new TrainingListener.EvaluationReport(step, lastEvaluation, best);
        for (TrainingListener listener : listeners) {
            listener.onEvaluation(report);
        }
        return lastEvaluation;
    }

    public Hyperparameters hyperparameters() {
        return hyperparameters;
    }

    public Corpus corpus() {
        return corpus;
    }

    public Gpt model() {
        return model;
    }

    public ParameterRegistry registry() {
        return registry;
    }

    /** The workers, for other work between steps. */
    public WorkerTeam team() {
        return team;
    }

    /** Adam's running mean of gradients, with room for what is trained: {@link SlabLayout#TRAINED}. */
    public Slab mean() {
        return optimizer.mean();
    }

    /** Adam's running mean of squared gradients, laid out in the same way. */
    public Slab meanSquare() {
        return optimizer.meanSquare();
    }

    /** Steps done. */
    public long stepsDone() {
        return step;
    }

    /** Tokens trained on. */
    public long tokensSeen() {
        return step
                * hyperparameters.data().batchSize()
                * hyperparameters.model().contextLength();
    }

    /** The last evaluation, or null before the first. */
    public Evaluation.Result lastEvaluation() {
        return lastEvaluation;
    }

    /** The best validation loss so far, or infinity. */
    public double bestLoss() {
        return bestLoss;
    }

    /** Gives back all memory and threads; the model cannot be used any more. */
    @Override
    public void close() {
        engine.close();
        optimizer.close();
        team.close();
        registry.close();
    }

    private TrainingFailedException failed(double loss) {
        for (SlabLayout layout : SlabLayout.values()) {
            boolean weights = layout == SlabLayout.WEIGHTS;
            Slab slab = weights ? registry.weights() : engine.gradients();
            for (Parameter parameter : layout.parameters(registry)) {
                long bad = countNonFinite(slab, layout.offset(parameter), parameter.size());
                if (bad > 0) {
                    return new TrainingFailedException(String.format(
                            Locale.ROOT,
                            "step %,d: training stopped being finite (loss %s); the first tensor concerned is %s%s, %,d of"
                                    + " its %,d numbers are NaN or infinite. Try a lower --learning-rate, a longer"
                                    + " --warmup-steps or a --gradient-clip of 1",
                            step + 1,
                            loss,
                            weights ? "" : "the gradient of ",
                            parameter.name(),
                            bad,
                            parameter.size()));
                }
            }
        }
        return new TrainingFailedException(String.format(
                Locale.ROOT,
                "step %,d: the loss is %s, though every weight and gradient is finite; try a lower --learning-rate",
                step + 1,
                loss));
    }

    private static long countNonFinite(Slab slab, long offset, long size) {
        float[] piece = new float[1 << 14];
        long bad = 0;
        for (long done = 0; done < size; done += piece.length) {
            int count = (int) Math.min(piece.length, size - done);
            slab.read(offset + done, piece, 0, count);
            for (int i = 0; i < count; i++) {
                bad += Float.isFinite(piece[i]) ? 0 : 1;
            }
        }
        return bad;
    }
}
