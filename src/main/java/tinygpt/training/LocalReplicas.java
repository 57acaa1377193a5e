package tinygpt.training;

import java.util.ArrayList;
import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;

/** The replicas of a round one after the other on one model, each with all threads. */
final class LocalReplicas implements ReplicaEngine {
    private final GradientEngine engine;
    private final List<ReplicaSteps> replicas = new ArrayList<>();

    /** Takes over the engine; the moments are the caller's. */
    LocalReplicas(
            GradientEngine engine,
            Gpt model,
            Hyperparameters hyperparameters,
            int[] tokens,
            WorkerTeam team,
            List<AdamWMoments> moments) {
        this.engine = engine;
        for (AdamWMoments own : moments) {
            replicas.add(new ReplicaSteps(model, hyperparameters, tokens, team, engine, own));
        }
        model.registry().lendGradients(engine.gradients());
    }

    @Override
    public void train(long first, int steps, Arrival arrival) {
        for (int k = 0; k < replicas.size(); k++) {
            arrival.replica(k, replicas.get(k).train(k, first, steps));
        }
    }

    @Override
    public void close() {
        replicas.forEach(ReplicaSteps::close);
        engine.close();
    }
}
