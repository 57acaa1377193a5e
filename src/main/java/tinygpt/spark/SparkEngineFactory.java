package tinygpt.spark;

import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.AdamWMoments;
import tinygpt.training.GradientEngine;
import tinygpt.training.ReplicaEngine;

/** Engines on a cluster; the driver keeps one gradient, and computes none. */
record SparkEngineFactory(SparkCluster cluster) implements GradientEngine.Factory {
    @Override
    public GradientEngine open(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team) {
        return new SparkEngine(cluster, model, hyperparameters, tokens, team);
    }

    @Override
    public ReplicaEngine openReplicas(
            Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team, List<AdamWMoments> moments) {
        return new SparkReplicas(cluster, model, hyperparameters, tokens, moments);
    }

    @Override
    public long bytes(ParameterRegistry registry, Hyperparameters hyperparameters, int threads) {
        return registry.trainedSize() * Float.BYTES;
    }
}
