package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.training.TrainingFixtures.Training;

/** A training step makes no array, no pointer and no INDArray: everything is made when training is set up. */
class AllocationTest {
    private static final int WINDOWS = 12;
    private static final int STEPS = 500;
    private static final int THREADS = 2;

    /** Heap bytes a step and thread: the JIT's and the JVM's own crumbs. The smallest INDArray costs more than 1,000. */
    private static final double BYTES_PER_STEP = 200;

    /** What the resident set may grow by through the heap and compiled code. */
    private static final long PHYSICAL_GROWTH = 64L << 20;

    @Test
    void fiveHundredSteps_allocateNothing() {
        Hyperparameters h = TrainingFixtures.nano("model.attention_dropout", "0.1", "model.residual_dropout", "0.1");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] ids = new long[THREADS];
        try (Training training = new Training(h, TrainingFixtures.text(h, 5000), THREADS)) {
            training.team.run(
                    (worker, workspace) -> ids[worker] = Thread.currentThread().getId());
            // Until the JIT has compiled every kernel, the Vector API itself allocates; on a busy machine that takes
            // long.
            double heap = Double.POSITIVE_INFINITY;
            long pointersBefore = 0;
            long countBefore = 0;
            long physicalBefore = 0;
            for (int window = 0; window < WINDOWS && heap > BYTES_PER_STEP; window++) {
                pointersBefore = Pointer.totalBytes();
                countBefore = Pointer.totalCount();
                physicalBefore = Pointer.physicalBytes();
                long[] before = threads.getThreadAllocatedBytes(ids);
                for (int step = window * STEPS; step < (window + 1) * STEPS; step++) {
                    training.step(step);
                }
                long[] after = threads.getThreadAllocatedBytes(ids);
                heap = 0;
                for (int i = 0; i < THREADS; i++) {
                    assertTrue(after[i] > 0, "the JVM counts allocations");
                    heap = Math.max(heap, (after[i] - before[i]) / (double) STEPS);
                }
            }
            assertTrue(
                    heap <= BYTES_PER_STEP,
                    "a thread of " + Arrays.toString(ids) + " allocated " + heap + " bytes a step");
            assertEquals(pointersBefore, Pointer.totalBytes(), "bytes behind pointers");
            assertEquals(countBefore, Pointer.totalCount(), "number of pointers");
            long grown = Pointer.physicalBytes() - physicalBefore;
            assertTrue(grown < PHYSICAL_GROWTH, "the process grew by " + grown + " bytes");
        }
    }

    /** What is opened is given back: many short trainings need no more memory than one. */
    @Test
    void closedTrainings_giveTheirMemoryBack() {
        Hyperparameters h = TrainingFixtures.nano();
        int[] tokens = TrainingFixtures.text(h, 5000);
        train(h, tokens);
        long before = Pointer.totalBytes();
        for (int i = 0; i < 20; i++) {
            train(h, tokens);
        }
        // BLAS pointers of workspaces, 4 bytes each, go when the collector finds them.
        assertTrue(Pointer.totalBytes() - before <= 20 * THREADS * 3 * 4, "bytes behind pointers");
    }

    private static void train(Hyperparameters h, int[] tokens) {
        try (Training training = new Training(h, tokens, THREADS)) {
            training.step(0);
        }
    }
}
