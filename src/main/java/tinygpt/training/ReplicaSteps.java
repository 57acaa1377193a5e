package tinygpt.training;

import java.util.ArrayList;
import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;

/**
 * A replica's part of a round: some steps of AdamW on batches of its own.
 *
 * <p>It is a pure function of weights, moments, the replica's number and the steps' numbers, so it may be done on any
 * machine, at any time, and again. Replica k of K trains in step t, counted from 0, on batch t K + k of {@link BatchPlan},
 * with the dropout of that batch: no two see the same batch, and together they read the text as one model would in K times
 * as many steps. The learning rate and Adam's bias correction go by t.
 */
public final class ReplicaSteps implements AutoCloseable {
    private final Hyperparameters hyperparameters;
    private final Gpt model;
    private final int[] tokens;
    private final WorkerTeam team;
    private final GradientEngine engine;
    private final AdamW optimizer;

    /**
     * A replica on a model; engine, model and team are the caller's to close.
     *
     * @param tokens the training tokens
     * @param engine where gradients of the model come from
     * @param moments what its AdamW remembers; closed with it
     */
    public ReplicaSteps(
            Gpt model,
            Hyperparameters hyperparameters,
            int[] tokens,
            WorkerTeam team,
            GradientEngine engine,
            AdamWMoments moments) {
        this.hyperparameters = hyperparameters;
        this.model = model;
        this.tokens = tokens;
        this.team = team;
        this.engine = engine;
        this.optimizer = new AdamW(model.registry(), hyperparameters.optimization(), team, moments);
    }

    /**
     * Moves the model's weights and the moments by some steps, or until a loss or gradient is not finite.
     *
     * @param replica its number k, counted from 0
     * @param first number of the first step, counted from 0
     */
    public ReplicaReport train(int replica, long first, int steps) {
        List<ReplicaStep> taken = new ArrayList<>();
        for (long step = first; step < first + steps; step++) {
            long batch = step * hyperparameters.synchronization().replicas() + replica;
            double loss = engine.compute(batch);
            double norm = optimizer.measure(engine.gradients());
            if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
                taken.add(new ReplicaStep(loss, norm, false, 0));
                Diagnosis diagnosis = new Diagnosis(hyperparameters, model, tokens, team.workspace());
                return new ReplicaReport(
                        taken,
                        diagnosis.of(step, batch, loss, engine.gradients()).getMessage());
            }
            optimizer.move(step + 1, LearningRateSchedule.at(hyperparameters.optimization(), step));
            taken.add(new ReplicaStep(loss, norm, optimizer.clipFactor() < 1, optimizer.updateRatio()));
        }
        return new ReplicaReport(taken, null);
    }

    @Override
    public void close() {
        optimizer.close();
    }
}
