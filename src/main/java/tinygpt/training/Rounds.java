package tinygpt.training;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;

/**
 * Rounds of DiLoCo, see {@link tinygpt.hyperparameters.Synchronization}: replicas train apart, then one outer step.
 *
 * <p>Rounds end at multiples of H and at the last step. What is told of a step is the mean over replicas in their order,
 * and that it was clipped if it was in any; the time is that of the round, in equal parts.
 */
final class Rounds implements Synchronizer {
    private final Hyperparameters hyperparameters;
    private final List<AdamWMoments> moments = new ArrayList<>();
    private final OuterStep outer;
    private final ReplicaEngine replicas;

    Rounds(GradientEngine.Factory engines, Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team) {
        this.hyperparameters = hyperparameters;
        Deque<Runnable> opened = new ArrayDeque<>();
        try {
            for (int k = 0; k < hyperparameters.synchronization().replicas(); k++) {
                AdamWMoments own = AdamWMoments.allocate(model.registry());
                opened.push(own::close);
                moments.add(own);
            }
            outer = new OuterStep(model.registry(), hyperparameters.synchronization(), team);
            opened.push(outer::close);
            replicas = engines.openReplicas(model, hyperparameters, tokens, team, List.copyOf(moments));
        } catch (RuntimeException | Error e) {
            opened.forEach(Runnable::run);
            throw e;
        }
    }

    @Override
    public Advance advance(long step, LongUnaryOperator tokensAt) {
        long start = System.nanoTime();
        long last = hyperparameters.optimization().steps();
        long end = Math.min(last, hyperparameters.synchronization().roundEnd(step));
        List<ReplicaReport> parts = new ArrayList<>();
        outer.begin();
        try {
            replicas.train(step, Math.toIntExact(end - step), (replica, report) -> {
                if (report.failed().isPresent()) {
                    throw failure(step, replica, report, tokensAt.applyAsLong(step), System.nanoTime() - start);
                }
                outer.add();
                parts.add(report);
            });
        } catch (RuntimeException | Error e) {
            outer.takeBack();
            throw e;
        }
        outer.move();
        long each = (System.nanoTime() - start) / (end - step);
        List<TrainingListener.StepReport> reports = new ArrayList<>();
        for (int i = 0; i < end - step; i++) {
            reports.add(mean(parts, i, step + i, each, tokensAt));
        }
        return new Advance(reports, null);
    }

    private TrainingListener.StepReport mean(
            List<ReplicaReport> parts, int index, long step, long nanoseconds, LongUnaryOperator tokensAt) {
        double loss = 0;
        double norm = 0;
        double ratio = 0;
        boolean clipped = false;
        for (ReplicaReport part : parts) {
            ReplicaStep one = part.steps().get(index);
            loss += one.loss();
            norm += one.gradientNorm();
            ratio += one.updateRatio();
            clipped |= one.clipped();
        }
        int k = parts.size();
        return new TrainingListener.StepReport(
                step + 1,
                loss / k,
                LearningRateSchedule.at(hyperparameters.optimization(), step),
                norm / k,
                clipped,
                false,
                ratio / k,
                nanoseconds,
                tokensAt.applyAsLong(step + 1));
    }

    private TrainingFailedException failure(
            long first, int replica, ReplicaReport report, long tokens, long nanoseconds) {
        long step = first + report.steps().size() - 1;
        ReplicaStep failed = report.steps().get(report.steps().size() - 1);
        return new TrainingFailedException("replica " + replica + ", " + report.failure())
                .with(new TrainingListener.StepReport(
                        step + 1,
                        failed.loss(),
                        LearningRateSchedule.at(hyperparameters.optimization(), step),
                        failed.gradientNorm(),
                        false,
                        false,
                        0,
                        nanoseconds,
                        tokens));
    }

    @Override
    public Movement movement() {
        return outer.movement();
    }

    @Override
    public OptimizerState state() {
        return new OptimizerState(moments, Optional.of(outer.velocity()));
    }

    @Override
    public void close() {
        replicas.close();
        outer.close();
        moments.forEach(AdamWMoments::close);
    }
}
