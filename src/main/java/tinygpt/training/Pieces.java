package tinygpt.training;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.WorkerTeam;
import tinygpt.tensor.Workspace;

/**
 * The parameters of a slab cut into pieces of at most 2^14 floats, the grain of every sweep over the slabs. Pieces never cross the
 * border of a parameter, and do not depend on the number of threads: what is summed by piece, and then over pieces in
 * their order, is the same to the bit for any team.
 */
final class Pieces {
    private static final int SIZE = 1 << 14;

    final long[] offset;
    final int[] length;
    final int[] parameter; // index in the list of parameters
    final List<Parameter> parameters;
    private final AtomicInteger next = new AtomicInteger();
    private final WorkerTeam.Job job = this::take;
    private Work work;

    /** What is done with one piece. */
    @FunctionalInterface
    interface Work {
        void piece(Workspace workspace, int index);
    }

    Pieces(ParameterRegistry registry, SlabLayout layout) {
        parameters = layout.parameters(registry);
        int count = 0;
        for (Parameter p : parameters) {
            count = Math.addExact(count, Math.toIntExact((p.size() + SIZE - 1) / SIZE));
        }
        offset = new long[count];
        length = new int[count];
        parameter = new int[count];
        int at = 0;
        for (int i = 0; i < parameters.size(); i++) {
            long size = parameters.get(i).size();
            for (long done = 0; done < size; done += SIZE, at++) {
                offset[at] = layout.offset(parameters.get(i)) + done;
                length[at] = (int) Math.min(SIZE, size - done);
                parameter[at] = i;
            }
        }
    }

    int count() {
        return offset.length;
    }

    /** Where a piece of weights lies among what is trained: gradients and moments. */
    long trainedOffset(int piece) {
        Parameter owner = parameters.get(parameter[piece]);
        return owner.trainedOffset() + (offset[piece] - owner.offset());
    }

    /** Runs the work on every piece, spread over the team. */
    void sweep(WorkerTeam team, Work work) {
        this.work = work;
        next.set(0);
        team.run(job);
    }

    /** Adds up one number a piece into one number a parameter, in order. */
    void sumByParameter(double[] byPiece, double[] byParameter) {
        java.util.Arrays.fill(byParameter, 0);
        for (int i = 0; i < byPiece.length; i++) {
            byParameter[parameter[i]] += byPiece[i];
        }
    }

    private void take(int worker, Workspace workspace) {
        int count = count();
        int i;
        while ((i = next.getAndIncrement()) < count) {
            work.piece(workspace, i);
        }
    }
}
