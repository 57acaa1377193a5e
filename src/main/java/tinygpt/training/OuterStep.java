package tinygpt.training;

import tinygpt.hyperparameters.Synchronization;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.OuterRates;
import tinygpt.tensor.Slab;
import tinygpt.tensor.Slabs;
import tinygpt.tensor.WorkerTeam;
import tinygpt.tensor.Workspace;

/**
 * The step that ends a round of DiLoCo: the mean of the replicas' changes, taken as a gradient by SGD with Nesterov's
 * momentum; the arithmetic is in {@link Slabs#nesterov}. Weights are added up in float32 in the order of replicas, so that
 * one replica's sum is its weights to the bit. What is frozen is not touched.
 */
final class OuterStep implements AutoCloseable {
    private final ParameterRegistry registry;
    private final WorkerTeam team;
    private final OuterRates rates;
    private final Pieces pieces;
    private final MovementSums movement;
    private final double[][] sums; // by piece
    private final Slab start;
    private final Slab sum;
    private final Slab velocity;
    private boolean frozenMeasured;
    private int arrived;

    OuterStep(ParameterRegistry registry, Synchronization synchronization, WorkerTeam team) {
        this.registry = registry;
        this.team = team;
        this.rates = OuterRates.of(
                synchronization.replicas(), synchronization.outerLearningRate(), synchronization.outerMomentum());
        this.pieces = new Pieces(registry, SlabLayout.WEIGHTS);
        this.movement = new MovementSums(pieces);
        this.sums = new double[pieces.count()][5];
        Slab[] slabs = new Slab[3];
        String[] roles = {"the weights that a round began with", "the sum of replicas", "the outer velocity"};
        try {
            for (int i = 0; i < slabs.length; i++) {
                slabs[i] = Slab.allocate(roles[i], registry.trainedSize());
            }
        } catch (OutOfMemoryError e) {
            for (Slab slab : slabs) {
                if (slab != null) {
                    slab.close();
                }
            }
            throw e;
        }
        start = slabs[0];
        sum = slabs[1];
        velocity = slabs[2];
    }

    /** The number of slabs of what is trained that it takes. */
    static int slabs() {
        return 3;
    }

    /** Remembers the weights that a round begins with. */
    void begin() {
        arrived = 0;
        pieces.sweep(
                team,
                trained((workspace, piece, at) -> Slabs.copy(
                        workspace, registry.weights(), pieces.offset[piece], start, at, pieces.length[piece])));
    }

    /** Adds the weights that the next replica ended with, and puts those of the round back. */
    void add() {
        boolean first = arrived++ == 0;
        pieces.sweep(team, trained((workspace, piece, at) -> {
            Slab weights = registry.weights();
            long offset = pieces.offset[piece];
            int length = pieces.length[piece];
            if (first) {
                Slabs.copy(workspace, weights, offset, sum, at, length);
            } else {
                Slabs.add(workspace, weights, offset, sum, at, length);
            }
            Slabs.copy(workspace, start, at, weights, offset, length);
        }));
    }

    /** Puts the weights of the round back. */
    void takeBack() {
        pieces.sweep(
                team,
                trained((workspace, piece, at) -> Slabs.copy(
                        workspace, start, at, registry.weights(), pieces.offset[piece], pieces.length[piece])));
    }

    /** Moves the weights, when every replica was added. */
    void move() {
        if (arrived != rates.replicas()) {
            throw new IllegalStateException(arrived + " of " + rates.replicas() + " replicas have arrived");
        }
        pieces.sweep(team, this::movePiece);
        frozenMeasured = true;
        movement.addUpMove();
        movement.addUp(MovementSums.GRADIENT);
    }

    private void movePiece(Workspace workspace, int piece) {
        Parameter parameter = pieces.parameters.get(pieces.parameter[piece]);
        Slab weights = registry.weights();
        long offset = pieces.offset[piece];
        int length = pieces.length[piece];
        if (parameter.trainable()) {
            long at = pieces.trainedOffset(piece);
            Slabs.nesterov(workspace, rates, weights, offset, start, sum, velocity, at, length, sums[piece]);
            movement.ofPiece(piece, sums[piece]);
            movement.ofPiece(MovementSums.GRADIENT, piece, sums[piece][MovementSums.GRADIENT]);
        } else if (!frozenMeasured) {
            movement.ofPiece(MovementSums.WEIGHT, piece, Slabs.sumOfSquares(workspace, weights, offset, length));
            movement.ofPiece(MovementSums.WEIGHT_SIZE, piece, Slabs.sumOfSizes(workspace, weights, offset, length));
        }
    }

    /** What is done with a piece of a trained parameter. */
    private interface TrainedWork {
        /** The piece, which lies at this place among what is trained. */
        void piece(Workspace workspace, int piece, long at);
    }

    private Pieces.Work trained(TrainedWork work) {
        return (workspace, piece) -> {
            if (pieces.parameters.get(pieces.parameter[piece]).trainable()) {
                work.piece(workspace, piece, pieces.trainedOffset(piece));
            }
        };
    }

    Movement movement() {
        return movement;
    }

    /** The running sum of changes, u. */
    Slab velocity() {
        return velocity;
    }

    @Override
    public void close() {
        start.close();
        sum.close();
        velocity.close();
    }
}
