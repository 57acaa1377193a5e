package tinygpt.spark;

import java.lang.reflect.Field;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.ShutdownHookManager;
import tinygpt.training.Cluster;
import tinygpt.training.EngineFailedException;
import tinygpt.training.GradientEngine;

/** A Spark application: the executors that compute for this process, and the jobs they are given. */
final class SparkCluster implements Cluster {
    /** Seconds without any executor after which a job is given up; may be set. */
    static final String PATIENCE = "spark.tinygpt.executorWait";

    private static final String DEFAULT_PATIENCE = "120s";

    /** Seconds that the first executor may take in any case: it has to be started. */
    private static final long START_SECONDS = 60;

    private static final long LOOK_MILLISECONDS = 500;

    /** When nobody else is likely to come, if nobody knows how many will. */
    private static final double SETTLED_SECONDS = 2;

    /** How long one is waited for that was asked for. */
    private static final double MISSING_SECONDS = 20;

    private final Master master;
    private final JavaSparkContext context;
    private final ExecutorWatch executors;
    private final Consumer<String> notes;
    private final BooleanSupplier stop;
    private final long patienceSeconds;
    private volatile Exchange lastExchange;

    private SparkCluster(Master master, JavaSparkContext context, Settings settings) {
        this.master = master;
        this.context = context;
        this.notes = settings.notes();
        this.stop = settings.stop();
        this.executors = ExecutorWatch.ofNewContext();
        this.patienceSeconds = context.getConf().getTimeAsSeconds(PATIENCE, DEFAULT_PATIENCE);
        executors.tell(notes);
    }

    /**
     * Connects to a cluster.
     *
     * @throws IllegalArgumentException if the settings cannot be meant
     * @throws EngineFailedException if nobody answers there
     */
    static SparkCluster connect(Settings settings) {
        SparkSettings checked = SparkSettings.of(settings);
        try {
            JavaSparkContext context = new JavaSparkContext(checked.conf());
            keepOnSignals(context);
            return new SparkCluster(checked.master(), context, settings);
        } catch (Exception e) { // Scala throws what Java would have to declare
            throw new EngineFailedException(
                    "Spark cannot be started with --master " + checked.master().url() + ": " + Failures.inWords(e), e);
        }
    }

    /**
     * Spark would end the connection as soon as a signal comes, while the step that is underway is being finished and saved.
     * Whoever has connected closes it.
     */
    private static void keepOnSignals(JavaSparkContext context) {
        try {
            Field hook = SparkContext.class.getDeclaredField("_shutdownHookRef");
            hook.setAccessible(true);
            Object registered = hook.get(context.sc());
            if (registered != null) {
                ShutdownHookManager.removeShutdownHook(registered);
            }
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Another Spark: the step that is underway is lost, and the run is saved without it.
        }
    }

    JavaSparkContext context() {
        return context;
    }

    Consumer<String> notes() {
        return notes;
    }

    @Override
    public GradientEngine.Factory engines() {
        return new SparkEngineFactory(this);
    }

    /** How many blocks of shards are computed at the same time. */
    int width() {
        Map<String, ExecutorWatch.Executor> present = executors.present();
        return Math.max(1, master.isThisProcess() ? cores(present) : present.size());
    }

    /** The cores that every executor has; 1 where tasks run in this process. */
    int coresOfAnExecutor() {
        return master.isThisProcess()
                ? 1
                : executors.present().values().stream()
                        .mapToInt(ExecutorWatch.Executor::cores)
                        .min()
                        .orElse(1);
    }

    /** Threads of a task, by executor. In this process, tasks are the threads. */
    Map<String, Integer> threads() {
        Map<String, Integer> threads = new java.util.TreeMap<>();
        executors.present().forEach((id, one) -> threads.put(id, master.isThisProcess() ? 1 : one.cores()));
        return threads;
    }

    @Override
    public String describe() {
        assemble();
        Map<String, ExecutorWatch.Executor> present = executors.counted();
        long hosts = present.values().stream()
                .map(ExecutorWatch.Executor::host)
                .distinct()
                .count();
        return master.url() + " · " + present.size() + (present.size() == 1 ? " executor" : " executors")
                + (hosts > 1 ? " on " + hosts + " machines" : "") + " with " + cores(present)
                + (cores(present) == 1 ? " core" : " cores");
    }

    private static int cores(Map<String, ExecutorWatch.Executor> present) {
        return present.values().stream().mapToInt(ExecutorWatch.Executor::cores).sum();
    }

    /** Waits for the first executor, and a while for the others. */
    void assemble() {
        awaitExecutors();
        awaitCompany();
    }

    /** Waits for the first executor. */
    void awaitExecutors() {
        try {
            while (executors.present().isEmpty()) {
                giveUpIfAlone();
                executors.await(LOOK_MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EngineFailedException("interrupted while waiting for executors", e);
        }
    }

    /** Executors that are started together come one after the other; none is needed, but a user wants to see them all. */
    private void awaitCompany() {
        try {
            int expected = master.executors().orElse(context.getConf().getInt("spark.executor.instances", 1));
            double patience = expected > 1 ? MISSING_SECONDS : SETTLED_SECONDS;
            while (!master.isThisProcess()
                    && executors.secondsUnchanged() < patience
                    && (expected == 1 || executors.present().size() < expected)) {
                executors.await(LOOK_MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Has parts computed, and waits for them.
     *
     * @return the results in the order of the parts
     * @throws EngineFailedException if a part fails again and again, or nobody is there to compute it
     */
    <T> List<T> collect(JavaRDD<T> parts, String what) {
        awaitExecutors();
        JavaFutureAction<List<T>> job = parts.collectAsync();
        try {
            while (true) {
                try {
                    return job.get(LOOK_MILLISECONDS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    giveUpIfAlone();
                }
            }
        } catch (ExecutionException | CancellationException e) {
            throw new EngineFailedException(what + " failed on the cluster: " + Failures.inWords(e), e);
        } catch (InterruptedException e) {
            job.cancel(true);
            Thread.currentThread().interrupt();
            throw new EngineFailedException(what + " was interrupted", e);
        } catch (EngineFailedException e) {
            job.cancel(true);
            throw e;
        }
    }

    /** Fails if nobody can be expected to compute any more. */
    void giveUpIfAlone() {
        if (context.sc().isStopped()) {
            throw ended(null);
        }
        if (executors.present().isEmpty() && stop.getAsBoolean()) {
            throw new EngineFailedException("stopped while no executor of " + master.url() + " was there");
        }
        long seconds = executors.lost() == 0 ? Math.max(START_SECONDS, patienceSeconds) : patienceSeconds;
        if (executors.present().isEmpty() && executors.secondsUnchanged() > seconds) {
            throw new EngineFailedException("no executor of " + master.url() + " has been there for " + seconds
                    + " seconds; look whether its workers run and have cores and memory free (--spark-conf " + PATIENCE
                    + "=10m waits longer, spark.executor.memory and spark.cores.max ask for less)");
        }
    }

    private EngineFailedException ended(Exception cause) {
        boolean refused = executors.none() && master.isStandalone();
        return new EngineFailedException(
                refused
                        ? master.url() + " does not accept this program: its secret may be another than that of the"
                                + " variable " + SparkSettings.SECRET + ", or its Spark another version"
                        : "the connection to " + master.url() + " has ended",
                cause);
    }

    /** Does something with the connection. Whatever goes wrong once it has ended, has that cause. */
    <T> T connected(Supplier<T> work) {
        try {
            return work.get();
        } catch (EngineFailedException e) {
            throw e;
        } catch (Exception e) { // Scala throws what Java would have to declare
            if (context.sc().isStopped()) {
                throw ended(e);
            }
            throw e;
        }
    }

    @Override
    public void synchronise() {
        int width = width();
        Broadcast<byte[]> nothing = context.broadcast(new byte[0]);
        try {
            collect(
                    context.parallelize(Collections.nCopies(width, 0), width).map(part -> nothing.value().length),
                    "a synchronisation");
        } finally {
            release(nothing);
        }
    }

    @Override
    public Exchange lastExchange() {
        return lastExchange;
    }

    void exchanged(Exchange exchange) {
        lastExchange = exchange;
    }

    /** Bytes that the Java heap of an executor may have. */
    private long executorHeap() {
        return master.isThisProcess()
                ? Runtime.getRuntime().maxMemory()
                : context.getConf().getSizeAsBytes("spark.executor.memory", "1g");
    }

    /** Refuses a model for which an executor has no room on its Java heap: it would die of it again and again. */
    void requireExecutorHeap(long needed) {
        long heap = executorHeap();
        if (needed > heap) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "an executor's heap has %,d MB, and what it is sent of this model needs %,d MB there; use %s",
                    heap >> 20,
                    needed >> 20,
                    master.moreExecutorHeap(1 + (needed >> 30))));
        }
    }

    /** Refuses a model whose exchange would not fit into the heap of this process, before a step dies of it. */
    static void requireDriverHeap(long needed, String advice) {
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "the heap of this process has %,d MB, and what goes to executors and comes back needs %,d MB; start it"
                            + " with TINYGPT_JAVA_OPTS=-Xmx%dg%s",
                    heap >> 20,
                    needed >> 20,
                    1 + (needed >> 30),
                    advice.isEmpty() ? "" : "; " + advice));
        }
    }

    /** Frees what was sent to everybody. */
    void release(Broadcast<?> sent) {
        try {
            if (!context.sc().isStopped()) {
                sent.destroy();
            }
        } catch (Exception e) { // Scala throws what Java would have to declare
            if (!context.sc().isStopped()) {
                throw e;
            }
        }
    }

    @Override
    public void close() {
        context.close();
    }
}
