package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** One line of what Spark says in a page. */
class FailuresTest {
    private static String words(String message) {
        return Failures.inWords(new ExecutionException(new RuntimeException(message)));
    }

    @Test
    void taskThatFailed_isWhatItSaid_andWhere() {
        assertEquals("no room for weights (tried again and again, at last on 10.0.0.7)", words("""
                        Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most recent failure: Lost task 0.3 in stage 3.0 (TID 9) (10.0.0.7 executor 1): tinygpt.tensor.NotEnoughMemoryException: no room for weights
                        \tat tinygpt.spark.Replica.<init>(Replica.java:60)

                        Driver stacktrace:"""));
    }

    @Test
    void executorThatDied_isToldWithTheReason() {
        assertEquals(
                "ExecutorLostFailure (executor 3 exited caused by one of the running tasks) Reason: Command exited with"
                        + " code 52 (tried again and again, at last on 127.0.0.1)",
                words("Job aborted due to stage failure: Task 1 in stage 0.0 failed 4 times, most recent failure: Lost"
                        + " task 1.3 in stage 0.0 (TID 7) (127.0.0.1 executor 3): ExecutorLostFailure (executor 3 exited"
                        + " caused by one of the running tasks) Reason: Command exited with code 52\nDriver"
                        + " stacktrace:"));
    }

    @Test
    void otherMessages_areTheirFirstLine_withoutTheClass() {
        assertEquals("Could not parse it", words("org.apache.spark.SparkException: Could not parse it\nmore"));
        assertEquals("NullPointerException", Failures.inWords(new NullPointerException()));
    }
}
