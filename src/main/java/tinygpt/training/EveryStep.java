package tinygpt.training;

import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;

/** One gradient, one step of AdamW; or none, if it is a spike. */
final class EveryStep implements Synchronizer {
    private final Hyperparameters hyperparameters;
    private final Gpt model;
    private final int[] tokens;
    private final WorkerTeam team;
    private final GradientEngine engine;
    private final AdamW optimizer;
    private final SpikeGuard guard;

    /** Takes over the engine, which is closed if this fails too. */
    EveryStep(
            GradientEngine engine,
            Gpt model,
            Hyperparameters hyperparameters,
            int[] tokens,
            WorkerTeam team,
            SpikeGuard guard) {
        this.hyperparameters = hyperparameters;
        this.model = model;
        this.tokens = tokens;
        this.team = team;
        this.engine = engine;
        this.guard = guard;
        try {
            this.optimizer = new AdamW(model.registry(), hyperparameters.optimization(), team);
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
        model.registry().lendGradients(engine.gradients());
    }

    @Override
    public Advance advance(long step, LongUnaryOperator tokensAt) {
        long start = System.nanoTime();
        double rate = LearningRateSchedule.at(hyperparameters.optimization(), step);
        double loss = engine.compute(step);
        double norm = optimizer.measure(engine.gradients());
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            TrainingListener.StepReport failed = new TrainingListener.StepReport(
                    step + 1, loss, rate, norm, false, false, 0, System.nanoTime() - start, tokensAt.applyAsLong(step));
            throw new Diagnosis(hyperparameters, model, tokens, team.workspace())
                    .of(step, step, loss, engine.gradients())
                    .with(failed);
        }
        boolean skipped = guard.isSpike(loss, norm);
        if (skipped) {
            optimizer.skip();
        } else {
            // Adam's bias correction counts the updates there were.
            optimizer.move(step + 1 - guard.skipped(), rate);
        }
        TrainingListener.StepReport report = new TrainingListener.StepReport(
                step + 1,
                loss,
                rate,
                norm,
                optimizer.clipFactor() < 1,
                skipped,
                optimizer.updateRatio(),
                System.nanoTime() - start,
                tokensAt.applyAsLong(step + 1));
        return new Advance(
                List.of(report),
                skipped
                        ? new TrainingListener.SpikeReport(step + 1, loss, guard.lossLimit(), norm, guard.normLimit())
                        : null);
    }

    AdamW optimizer() {
        return optimizer;
    }

    @Override
    public Movement movement() {
        return optimizer;
    }

    @Override
    public OptimizerState state() {
        return new OptimizerState(List.of(optimizer.moments()), Optional.empty());
    }

    @Override
    public void close() {
        engine.close();
        optimizer.close();
    }
}
