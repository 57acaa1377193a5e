package tinygpt.tensor;

import java.util.Optional;

/** Chooses the kernels once: vector ones where the module is there, scalar ones otherwise. */
public final class KernelChoice {
    private static final boolean VECTOR =
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private KernelChoice() {}

    /** What the kernels are, in a few words. */
    public static String describe() {
        return newKernels().name();
    }

    /** What to tell a user whose arithmetic is slow: what, why, how to make it fast; empty if it is not. */
    public static Optional<String> advice() {
        return VECTOR
                ? Optional.empty()
                : Optional.of(
                        "the scalar kernels are in use, several times slower, because the JVM was started without "
                                + "the vector module; add --add-modules jdk.incubator.vector after 'java', or start with "
                                + "scripts/tinygpt");
    }

    static Kernels newKernels() {
        return VECTOR ? Vectorized.create() : new ScalarKernels();
    }

    /** Apart, so that VectorKernels is not linked where its module is absent. */
    private static final class Vectorized {
        static Kernels create() {
            return new VectorKernels();
        }
    }
}
