package tinygpt.spark;

import java.io.Serializable;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import tinygpt.search.SharedText;
import tinygpt.search.TrialOutcome;
import tinygpt.search.TrialTask;

/**
 * A trial in an executor: the one task of a job. When its executor dies, Spark begins it again on another, where it goes on
 * from the trial's last checkpoint.
 *
 * @param trial what is to be trained
 * @param text that it learns
 * @param threads of it; 0 for as many as the task has cores
 */
record RemoteTrial(TrialTask trial, Broadcast<SharedText> text, int threads)
        implements Function<Integer, RemoteTrial.Ended> {
    /**
     * How a task ended. What went wrong with a trial is a result: an exception would have it tried again.
     *
     * @param outcome what became of the trial, or null if it could not be looked at
     * @param problem why it could not be
     */
    record Ended(TrialOutcome outcome, String problem) implements Serializable {}

    @Override
    public Ended call(Integer unused) {
        TaskContext task = TaskContext.get();
        try {
            // In the driver's process a task outlives the connection, which takes the environment with it.
            TrialOutcome outcome = trial.run(
                    text.value(),
                    threads > 0 ? threads : task.cpus(),
                    () -> task.isInterrupted() || SparkEnv.get() == null);
            return new Ended(outcome.afterFailures(task.attemptNumber()), "");
        } catch (TrialTask.FolderNotSharedException e) {
            String host = SparkEnv.get().blockManager().blockManagerId().host();
            return new Ended(null, "executor " + SparkEnv.get().executorId() + " on " + host + " " + e.getMessage());
        }
    }
}
