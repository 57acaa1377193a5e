package tinygpt.training;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Gpt;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Memory;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Corpus;

/**
 * Trains a model on a corpus: every step asks the engine for the gradient and lets AdamW move the weights. With {@link
 * tinygpt.hyperparameters.Synchronization rounds of replicas} the weights move at the end of a round, and that is when
 * training is evaluated, saved or stopped.
 *
 * <p>Everything a step does is a function of the weights, the optimizer's state and the step's number. Restoring those
 * three continues a run as if it had never stopped.
 */
public final class Trainer implements AutoCloseable {
    private final Hyperparameters hyperparameters;
    private final Corpus corpus;
    private final WorkerTeam team;
    private final ParameterRegistry registry;
    private final Gpt model;
    private final SpikeGuard guard;
    private final Synchronizer synchronizer;
    private final List<TrainingListener> listeners = new ArrayList<>();
    private long step;
    private long tokensBefore; // seen up to step stepBefore
    private long stepBefore;
    private long evaluatedStep = -1;
    private Evaluation.Result lastEvaluation;
    private double bestLoss = Double.POSITIVE_INFINITY;

    /**
     * A trainer of a fresh model, initialised from the hyperparameters' seed. The vocabulary is the corpus', whatever size
     * the hyperparameters say.
     *
     * @param threads worker threads; any number gives the same result, more than the shards of a batch do not help
     * @throws IllegalArgumentException if the corpus is too short for the context
     * @throws tinygpt.tensor.NotEnoughMemoryException before anything is allocated, if it would not fit
     */
    public Trainer(Hyperparameters hyperparameters, Corpus corpus, int threads) {
        this(hyperparameters, corpus, Compute.local(threads));
    }

    /** A trainer whose gradients whoever is named computes; otherwise as above. */
    public Trainer(Hyperparameters hyperparameters, Corpus corpus, Compute compute) {
        this(hyperparameters, corpus, compute.threads(), compute.engines());
    }

    /** A trainer whose gradients come from an engine of one's own; otherwise as above. */
    public Trainer(Hyperparameters hyperparameters, Corpus corpus, int threads, GradientEngine.Factory engines) {
        this.hyperparameters = withVocabulary(hyperparameters, corpus);
        this.corpus = corpus;
        ModelShape shape = this.hyperparameters.model();
        corpus.requireContext(shape.contextLength());
        Deque<Runnable> opened = new ArrayDeque<>();
        try {
            this.registry = ParameterRegistry.of(this.hyperparameters);
            TrainingMemory.require(registry, this.hyperparameters, threads, engines, Memory.available());
            opened.push(registry::close);
            registry.allocate();
            Initializer.initialize(registry, hyperparameters.seed());
            this.model = new Gpt(registry);
            this.team = new WorkerTeam(threads, Gpt.longestRow(shape));
            opened.push(team::close);
            this.guard = new SpikeGuard(hyperparameters.optimization().skipSpikes());
            this.synchronizer = synchronizer(engines);
        } catch (RuntimeException | Error e) {
            opened.forEach(Runnable::run);
            throw e;
        }
    }

    private Synchronizer synchronizer(GradientEngine.Factory engines) {
        int[] tokens = corpus.train();
        return hyperparameters.synchronization().inRounds()
                ? new Rounds(engines, model, hyperparameters, tokens, team)
                : new EveryStep(
                        engines.open(model, hyperparameters, tokens, team),
                        model,
                        hyperparameters,
                        tokens,
                        team,
                        guard);
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
     * Continues from a state: the weights and what the optimizer remembers have been written to {@link #registry()} and
     * {@link #state()}.
     *
     * @param stepsDone steps that led to that state
     * @param tokensSeen tokens trained on in those steps
     * @param bestSoFar the best validation loss on the way, or infinity
     * @param lastEvaluated the step of the last evaluation, or -1
     */
    public void continueFrom(long stepsDone, long tokensSeen, double bestSoFar, long lastEvaluated) {
        step = stepsDone;
        stepBefore = stepsDone;
        tokensBefore = tokensSeen;
        bestLoss = bestSoFar;
        evaluatedStep = lastEvaluated;
    }

    /**
     * Trains up to the number of steps in the hyperparameters.
     *
     * @param evaluateEvery steps between evaluations of the validation split, which is also evaluated before the first
     *     step and after the last; 0 for none at all
     * @param stop asked after every step or round, and during evaluations; true ends training there
     * @throws TrainingFailedException if the loss or the gradient stops being finite; the weights are left as they were
     *     before that step
     */
    public void train(int evaluateEvery, BooleanSupplier stop) {
        train(hyperparameters.optimization().steps(), evaluateEvery, stop);
    }

    /**
     * Trains up to a step that is not the last one: what is planned for later steps stays as it is.
     *
     * @param until step to stop after, or after the end of its round
     */
    public void train(long until, int evaluateEvery, BooleanSupplier stop) {
        long last = hyperparameters.optimization().steps();
        boolean stopped = evaluateIfDue(evaluateEvery, last, stop);
        while (step < Math.min(until, last) && !stopped) {
            step();
            stopped = stop.getAsBoolean() || evaluateIfDue(evaluateEvery, last, stop);
        }
    }

    /** Whether training is to stop after it. */
    private boolean evaluateIfDue(int every, long last, BooleanSupplier stop) {
        boolean due = every > 0
                && evaluatedStep != step
                && (hyperparameters.synchronization().due(step, every) || step == last);
        return due && (evaluate(stop) == null || stop.getAsBoolean());
    }

    /** Trains to the end, evaluating ten times on the way. */
    public void train() {
        train(Math.max(1, hyperparameters.optimization().steps() / 10), () -> false);
    }

    /**
     * One step, or one round of replicas.
     *
     * @throws TrainingFailedException as {@link #train} does
     */
    public void step() {
        Synchronizer.Advance advance;
        try {
            advance = synchronizer.advance(step, this::tokensAt);
        } catch (TrainingFailedException e) {
            listeners.forEach(listener -> listener.onFailure(e.report()));
            throw e;
        }
        step += advance.reports().size();
        for (TrainingListener.StepReport report : advance.reports()) {
            for (TrainingListener listener : listeners) {
                if (advance.spike() != null) {
                    listener.onSpike(advance.spike());
                }
                listener.onStep(report);
            }
        }
    }

    /**
     * Evaluates the whole validation split with the present weights.
     *
     * @throws TrainingFailedException if the loss is not finite
     */
    public Evaluation.Result evaluate() {
        return evaluate(() -> false);
    }

    /** The same; null, and nobody is told, if it was stopped on the way. */
    private Evaluation.Result evaluate(BooleanSupplier stop) {
        Evaluation.Result result = Evaluation.evaluate(model, corpus.validation(), team, stop);
        if (result == null) {
            return null;
        }
        if (!Double.isFinite(result.loss())) {
            TrainingListener.EvaluationReport failed =
                    new TrainingListener.EvaluationReport(step, result, false, tokensSeen());
            listeners.forEach(listener -> listener.onFailure(failed));
            throw diagnosis().ofEvaluation(step, result.loss()); // before a listener saves or samples such weights
        }
        lastEvaluation = result;
        evaluatedStep = step;
        boolean best = lastEvaluation.loss() <= bestLoss;
        bestLoss = Math.min(bestLoss, lastEvaluation.loss());
        TrainingListener.EvaluationReport report =
                new TrainingListener.EvaluationReport(step, lastEvaluation, best, tokensSeen());
        for (TrainingListener listener : listeners) {
            listener.onEvaluation(report);
        }
        return lastEvaluation;
    }

    private Diagnosis diagnosis() {
        return new Diagnosis(hyperparameters, model, corpus.train(), team.workspace());
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

    /**
     * The optimizer, for what its last step was.
     *
     * @throws IllegalStateException if there are replicas, each with one of its own
     */
    public AdamW optimizer() {
        if (synchronizer instanceof EveryStep every) {
            return every.optimizer();
        }
        throw new IllegalStateException("replicas have an optimizer each; there is not one of the model");
    }

    /** What the last step, or the end of the last round, did to each parameter. */
    public Movement movement() {
        return synchronizer.movement();
    }

    /** What the optimizer remembers, or the optimizers of replicas and the outer step. */
    public OptimizerState state() {
        return synchronizer.state();
    }

    /** Adam's running mean of gradients, with room for what is trained: {@link SlabLayout#TRAINED}; without replicas. */
    public Slab mean() {
        return optimizer().mean();
    }

    /** Adam's running mean of squared gradients, laid out in the same way; without replicas. */
    public Slab meanSquare() {
        return optimizer().meanSquare();
    }

    /** Steps done. */
    public long stepsDone() {
        return step;
    }

    /** Tokens trained on. */
    public long tokensSeen() {
        return tokensAt(step);
    }

    private long tokensAt(long steps) {
        return tokensBefore + (steps - stepBefore) * hyperparameters.tokensPerStep();
    }

    /** Steps that were not taken because they were spikes; none unless the hyperparameters ask for it. */
    public long stepsSkipped() {
        return guard.skipped();
    }

    /** What the guard against spikes remembers. */
    public SpikeHistory spikeHistory() {
        return guard.state();
    }

    /** Lets the guard against spikes go on from what it remembered at the step to continue from. */
    public void continueSpikeHistory(SpikeHistory history) {
        guard.restore(history);
    }

    /** The last evaluation, or null before the first. */
    public Evaluation.Result lastEvaluation() {
        return lastEvaluation;
    }

    /** Steps that were done at the last evaluation of the run, or -1. */
    public long lastEvaluatedStep() {
        return evaluatedStep;
    }

    /** The best validation loss so far, or infinity. */
    public double bestLoss() {
        return bestLoss;
    }

    /** Gives back all memory and threads; the model cannot be used any more. */
    @Override
    public void close() {
        synchronizer.close();
        team.close();
        registry.close();
    }
}
