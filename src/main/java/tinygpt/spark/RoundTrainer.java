package tinygpt.spark;

import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Memory;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.AdamWMoments;
import tinygpt.training.LocalEngine;
import tinygpt.training.ReplicaReport;
import tinygpt.training.ReplicaSteps;

/** What a model in an executor needs besides to train by itself: gradients and moments. */
final class RoundTrainer implements AutoCloseable {
    private final ParameterRegistry registry;
    private final ParameterBytes trained;
    private final LocalEngine engine;
    private final AdamWMoments moments;
    private final ReplicaSteps steps;

    RoundTrainer(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team) {
        registry = model.registry();
        trained = new ParameterBytes(registry.trained());
        Memory.require(
                "a replica of this model",
                LocalEngine.bytes(registry.trainedSize(), hyperparameters, team.size()) + 2 * trained.size(),
                Memory.available(),
                "more --shards make the activations smaller");
        engine = new LocalEngine(model, hyperparameters, tokens, team);
        moments = AdamWMoments.allocate(registry);
        steps = new ReplicaSteps(model, hyperparameters, tokens, team, engine, moments);
    }

    /** Trains the model's present weights on, from moments that are given. */
    RoundPart train(int replica, long first, int count, byte[][][] given, String host) {
        trained.write(given[0], moments.mean(), SlabLayout.TRAINED);
        trained.write(given[1], moments.meanSquare(), SlabLayout.TRAINED);
        ReplicaReport report = steps.train(replica, first, count);
        return new RoundPart(
                trained.read(registry.weights(), SlabLayout.WEIGHTS),
                trained.read(moments.mean(), SlabLayout.TRAINED),
                trained.read(moments.meanSquare(), SlabLayout.TRAINED),
                report,
                host,
                ArithmeticWatch.here());
    }

    @Override
    public void close() {
        steps.close();
        engine.close();
    }
}
