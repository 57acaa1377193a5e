package tinygpt.training;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.tensor.Workspace;

/** Adds up, along the {@link ShardTree}, the gradients of blocks of shards that other machines computed and sent. */
public final class BlockSum {
    private final ParameterBytes bytes;
    private final WorkerTeam team;
    private final AtomicInteger next = new AtomicInteger();
    private List<byte[][]> blocks;
    private Slab sum;

    public BlockSum(ParameterRegistry registry, WorkerTeam team) {
        this.bytes = new ParameterBytes(registry.trained());
        this.team = team;
    }

    /**
     * Adds up.
     *
     * @param blocks gradients in the order of {@link ShardTree#blocks}, as {@link ParameterBytes} of what is trained
     * @param sum receives the sum; it has room for what is trained
     */
    public void of(List<byte[][]> blocks, Slab sum) {
        this.blocks = blocks;
        this.sum = sum;
        next.set(0);
        team.run(this::pieces);
        this.blocks = null;
    }

    private void pieces(int worker, Workspace workspace) {
        float[][] parts = new float[blocks.size()][ParameterBytes.PIECE];
        for (int piece = next.getAndIncrement(); piece < bytes.pieces(); piece = next.getAndIncrement()) {
            for (int i = 0; i < parts.length; i++) {
                bytes.get(blocks.get(i), piece, parts[i]);
            }
            ShardTree.sum(parts, bytes.length(piece));
            bytes.put(piece, parts[0], sum, SlabLayout.TRAINED);
        }
    }
}
