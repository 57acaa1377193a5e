package tinygpt.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.LoggerFactory;

/** Chooses the kernels once: vector ones where the module is there, scalar ones otherwise. */
public final class KernelChoice {
    private static final boolean VECTOR =
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private static final AtomicBoolean TAKEN = new AtomicBoolean();

    private KernelChoice() {}

    /** What the kernels are, in a few words. */
    public static String describe() {
        return create().name();
    }

    /**
     * What to tell a user whose arithmetic is slower than it could be: what, why, how to make it fast. It is given once:
     * empty if nothing is slow, or if somebody has taken it before. If nobody does, it is logged as a warning when work
     * begins.
     */
    public static Optional<String> takeAdvice() {
        return TAKEN.getAndSet(true) ? Optional.empty() : advice(VECTOR, Blas.oneDnnAllowed());
    }

    /** The advice for a JVM with or without the vector module and oneDNN. */
    static Optional<String> advice(boolean vector, boolean oneDnn) {
        List<String> faults = new ArrayList<>();
        if (!vector) {
            faults.add("the scalar kernels are in use, several times slower, because the JVM was started without "
                    + "the vector module: add --add-modules jdk.incubator.vector after 'java'");
        }
        if (!oneDnn) {
            faults.add("oneDNN is not in use, so that small matrix products take up to twice as long, because the "
                    + "environment variable OMP_NUM_THREADS is not 1: set it before the start");
        }
        return faults.isEmpty()
                ? Optional.empty()
                : Optional.of(String.join("; ", faults) + "; or start with scripts/tinygpt, which does it");
    }

    static Kernels newKernels() {
        takeAdvice()
                .ifPresent(advice -> LoggerFactory.getLogger(KernelChoice.class).warn(advice));
        return create();
    }

    private static Kernels create() {
        return VECTOR ? Vectorized.create() : new ScalarKernels();
    }

    /** Apart, so that VectorKernels is not linked where its module is absent. */
    private static final class Vectorized {
        static Kernels create() {
            return new VectorKernels();
        }
    }
}
