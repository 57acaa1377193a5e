package tinygpt.spark;

import tinygpt.tensor.Blas;
import tinygpt.tensor.KernelChoice;

/** Says once if an executor computes with other kernels: other processors have other vectors, and so other last digits. */
final class ArithmeticWatch {
    private final SparkCluster cluster;
    private boolean told;

    ArithmeticWatch(SparkCluster cluster) {
        this.cluster = cluster;
    }

    /** Looks at who has computed something, which is chance. */
    void see(String host, String arithmetic) {
        String here = here();
        if (!told && !arithmetic.equals(here)) {
            told = true;
            cluster.notes()
                    .accept("executor on " + host + " computes with " + arithmetic + ", this machine with " + here
                            + "; the last digits may differ from those of another run");
        }
    }

    /** What the last bits of a result of this process hang on. */
    static String here() {
        return KernelChoice.describe() + ", " + Blas.describe();
    }
}
