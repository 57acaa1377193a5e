package tinygpt.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.resource.ResourceProfile;
import org.apache.spark.resource.ResourceProfileBuilder;
import org.apache.spark.resource.TaskResourceRequests;
import tinygpt.search.LocalTrialRunner;
import tinygpt.search.SearchFolder;
import tinygpt.search.SharedText;
import tinygpt.search.Trial;
import tinygpt.search.TrialCluster;
import tinygpt.search.TrialOutcome;
import tinygpt.search.TrialRunner;
import tinygpt.search.TrialTask;
import tinygpt.training.Cluster;
import tinygpt.training.EngineFailedException;

/**
 * Trials on a cluster that Spark manages: a job each time one is trained to a rung, with a single task that has an executor
 * for itself.
 */
final class SparkTrials implements TrialCluster {
    private static final String TAG = "tinygpt-trial-";
    private static final long LOOK_MILLISECONDS = 100;

    private final SparkCluster cluster;
    private final List<Broadcast<SharedText>> sent = new ArrayList<>();

    private SparkTrials(SparkCluster cluster) {
        this.cluster = cluster;
    }

    /**
     * Connects to a cluster.
     *
     * @throws IllegalArgumentException if the settings cannot be meant
     * @throws EngineFailedException if nobody answers there
     */
    static SparkTrials connect(Cluster.Settings settings) {
        Map<String, String> properties = new TreeMap<>(settings.properties());
        properties.putIfAbsent("spark.scheduler.mode", "FAIR");
        properties.put("spark.speculation", "false"); // a trial has one run folder, and nobody may train it twice
        return new SparkTrials(SparkCluster.connect(
                new Cluster.Settings(settings.master(), properties, settings.notes(), settings.stop())));
    }

    @Override
    public String describe() {
        return cluster.describe();
    }

    @Override
    public int width() {
        cluster.describe(); // waits for those that come together
        return cluster.width();
    }

    @Override
    public TrialRunner runner(SearchFolder folder, SharedText text, int threads, LocalTrialRunner.Limits limits) {
        cluster.awaitExecutors();
        Broadcast<SharedText> broadcast = cluster.context().broadcast(text);
        sent.add(broadcast);
        return new Runner(folder, broadcast, threads, limits, wholeExecutor());
    }

    /** The profile of a task that needs all cores of an executor, or null where there are none to choose. */
    private ResourceProfile wholeExecutor() {
        int cores = cluster.coresOfAnExecutor();
        boolean fixed = cluster.context().getConf().contains("spark.task.cpus")
                || cluster.context().getConf().getBoolean("spark.dynamicAllocation.enabled", false);
        return cores < 2 || fixed
                ? null
                : new ResourceProfileBuilder()
                        .require(new TaskResourceRequests().cpus(cores))
                        .build();
    }

    @Override
    public void close() {
        sent.forEach(cluster::release);
        cluster.close();
    }

    /** Has a trial trained, and waits for it; called by a thread for each trial that is trained at a time. */
    private final class Runner implements TrialRunner {
        private final SearchFolder folder;
        private final String definitionSha256;
        private final Broadcast<SharedText> text;
        private final int threads;
        private final LocalTrialRunner.Limits limits;
        private final ResourceProfile profile;

        Runner(
                SearchFolder folder,
                Broadcast<SharedText> text,
                int threads,
                LocalTrialRunner.Limits limits,
                ResourceProfile profile) {
            this.folder = folder;
            this.definitionSha256 = folder.definitionSha256();
            this.text = text;
            this.threads = threads;
            this.limits = limits;
            this.profile = profile;
        }

        @Override
        public TrialOutcome run(Trial trial, int step, BooleanSupplier stop) {
            TrialTask task = TrialTask.of(folder, definitionSha256, trial, step, limits);
            try {
                return run(task, trial, step, stop);
            } catch (IllegalStateException e) { // Spark, once the connection has ended
                if (!stop.getAsBoolean()) {
                    cluster.giveUpIfAlone();
                    throw e;
                }
                task.awaitEnd();
                return stopped(task);
            }
        }

        private TrialOutcome run(TrialTask task, Trial trial, int step, BooleanSupplier stop) {
            String tag = TAG + trial.name();
            cluster.context().clearJobTags(); // those of this thread
            cluster.context().addJobTag(tag);
            cluster.context().setJobDescription("trial " + trial.name() + " to step " + step);
            JavaRDD<Integer> one = cluster.context().parallelize(List.of(trial.index()), 1);
            JavaRDD<RemoteTrial.Ended> job = one.map(new RemoteTrial(task, text, threads));
            return await((profile == null ? job : job.withResources(profile)).collectAsync(), task, tag, stop);
        }

        private TrialOutcome await(
                JavaFutureAction<List<RemoteTrial.Ended>> job, TrialTask task, String tag, BooleanSupplier stop) {
            try {
                while (!stop.getAsBoolean()) {
                    try {
                        RemoteTrial.Ended ended = job.get(LOOK_MILLISECONDS, TimeUnit.MILLISECONDS)
                                .get(0);
                        if (ended.outcome() == null) {
                            throw new EngineFailedException(ended.problem());
                        }
                        return ended.outcome();
                    } catch (TimeoutException e) {
                        cluster.giveUpIfAlone();
                    }
                }
                cluster.context().cancelJobsWithTag(tag);
                task.awaitEnd(); // it saves the run
            } catch (ExecutionException | CancellationException e) {
                if (!stop.getAsBoolean()) { // which may end the connection
                    cluster.giveUpIfAlone();
                    return task.ended(TrialOutcome.Kind.FAILED, Failures.inWords(e), attempts());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return stopped(task);
        }

        private static TrialOutcome stopped(TrialTask task) {
            return task.ended(TrialOutcome.Kind.STOPPED, "", 1);
        }

        private int attempts() {
            return cluster.context().getConf().getInt("spark.task.maxFailures", 1);
        }
    }
}
