package tinygpt.tensor;

/** Workspaces with chosen kernels, for tests of other rooms. */
public final class TestWorkspaces {
    private TestWorkspaces() {}

    /** {@code scalar} or {@code vector}. */
    public static Workspace of(String kernels, int longestRow) {
        return new Workspace(longestRow, kernels.equals("scalar") ? new ScalarKernels() : new VectorKernels());
    }
}
