package tinygpt.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.spark.SparkEnv;
import org.apache.spark.broadcast.Broadcast;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Memory;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.ShardGradients;

/**
 * A model in an executor, which outlives the task that made it: the next task of the same run takes it up again. A task has
 * it for itself; two at a time in one process have one each.
 */
final class Replica implements AutoCloseable {
    private static final Deque<Replica> IDLE = new ArrayDeque<>();

    private final String id;
    private final int threads;
    private final ParameterBytes trained;
    private final ParameterRegistry registry;
    private final WorkerTeam team;
    private final Hyperparameters hyperparameters;
    private final Gpt model;
    private final int[] tokens;
    private ShardGradients gradients;
    private int most; // shards that there is room for
    private long weightsId = -1;
    private RoundTrainer rounds; // null until there is a round

    private Replica(ReplicaPlan plan, int threads) {
        this.id = plan.id();
        this.threads = threads;
        this.hyperparameters = parse(plan.hyperparameters());
        this.tokens = plan.tokens().value();
        this.registry = ParameterRegistry.of(hyperparameters);
        this.trained = new ParameterBytes(registry.trained());
        require("the weights of this model", registry.slabSize() * Float.BYTES);
        registry.allocate();
        new ParameterBytes(registry.frozen()).write(plan.frozen().value(), registry.weights(), SlabLayout.WEIGHTS);
        this.model = new Gpt(registry);
        this.team = new WorkerTeam(threads, Gpt.longestRow(hyperparameters.model()));
    }

    /**
     * Does a task's work with a model that has the weights of its step and that nobody else uses meanwhile.
     *
     * @param threads of a task, by executor
     */
    static <R> R use(
            ReplicaPlan plan, Map<String, Integer> threads, Broadcast<byte[][]> weights, Function<Replica, R> work) {
        Replica replica = borrow(plan, threads.getOrDefault(SparkEnv.get().executorId(), 1));
        try {
            replica.setWeights(weights);
            return work.apply(replica);
        } finally {
            replica.giveBack();
        }
    }

    private static Replica borrow(ReplicaPlan plan, int threads) {
        synchronized (IDLE) {
            Iterator<Replica> idle = IDLE.iterator();
            while (idle.hasNext()) {
                Replica one = idle.next();
                if (one.id.equals(plan.id()) && one.threads == threads) {
                    idle.remove();
                    return one;
                }
                if (!one.id.equals(plan.id())) { // of a run that is over
                    idle.remove();
                    one.close();
                }
            }
        }
        return new Replica(plan, threads);
    }

    private void giveBack() {
        synchronized (IDLE) {
            IDLE.push(this);
        }
    }

    /** Gives back the memory of idle models in this process. */
    static void closeAll(String id) {
        synchronized (IDLE) {
            List.copyOf(IDLE).stream().filter(one -> one.id.equals(id)).forEach(one -> {
                IDLE.remove(one);
                one.close();
            });
        }
    }

    /** Takes over the weights of a step, unless it has them. */
    private void setWeights(Broadcast<byte[][]> weights) {
        if (weights.id() != weightsId) {
            weightsId = -1;
            trained.write(weights.value(), registry.weights(), SlabLayout.WEIGHTS);
            weightsId = weights.id();
        }
    }

    BlockGradient gradient(long step, int first, int end) {
        makeRoom(end - first);
        long start = System.nanoTime();
        gradients.compute(step, first, end);
        double seconds = (System.nanoTime() - start) * 1e-9;
        double[] losses = new double[end - first];
        for (int i = 0; i < losses.length; i++) {
            losses[i] = gradients.loss(first + i);
        }
        return new BlockGradient(
                trained.read(gradients.sum(), SlabLayout.TRAINED), losses, seconds, host(), ArithmeticWatch.here());
    }

    /** Trains by itself for some steps, from moments that are given. */
    RoundPart round(int number, long first, int steps, byte[][][] moments) {
        weightsId = -1; // the weights move
        if (rounds == null) {
            rounds = new RoundTrainer(model, hyperparameters, tokens, team);
        }
        return rounds.train(number, first, steps, moments, host());
    }

    private static String host() {
        return SparkEnv.get().blockManager().blockManagerId().host();
    }

    /** A block of more shards comes when other executors are lost. */
    private void makeRoom(int shards) {
        if (shards > most) {
            if (gradients != null) {
                gradients.close();
                gradients = null;
                most = 0;
            }
            require(
                    "a part of a training step of this model",
                    ShardGradients.bytes(registry.trainedSize(), hyperparameters, threads, shards));
            gradients = new ShardGradients(model, hyperparameters, tokens, team, shards);
            most = shards;
        }
    }

    /** An executor that runs out of memory ends, and Spark starts the next; a refusal it tells. */
    private static void require(String what, long bytes) {
        Memory.require(
                what + " in an executor", bytes, Memory.available(), "more --shards make the activations smaller");
    }

    private static Hyperparameters parse(String json) {
        try {
            return Hyperparameters.fromJson(new ObjectMapper().readTree(json));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (gradients != null) {
            gradients.close();
        }
        if (rounds != null) {
            rounds.close();
        }
        team.close();
        registry.close();
    }
}
