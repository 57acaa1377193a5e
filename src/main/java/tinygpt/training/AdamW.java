package tinygpt.training;

import java.util.List;
import tinygpt.hyperparameters.Optimization;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.AdamWStep;
import tinygpt.tensor.Slab;
import tinygpt.tensor.Slabs;
import tinygpt.tensor.WorkerTeam;
import tinygpt.tensor.Workspace;

/**
 * Adam with decoupled weight decay, preceded by a clip of the whole gradient's 2-norm.
 *
 * <p>Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), with PyTorch's order of operations and
 * its clip: the factor is min(1, clip / (norm + 1e-6)). Which parameters decay and which are frozen is
 * said in the registry. What is frozen counts neither in the norm nor in the clip, is not touched, and has no moments.
 */
public final class AdamW implements Movement, AutoCloseable {
    private static final double CLIP_EPSILON = 1e-6;

    private final ParameterRegistry registry;
    private final Optimization optimization;
    private final WorkerTeam team;
    private final Pieces pieces;
    private final AdamWMoments moments;
    private final AdamWStep scalars = new AdamWStep();
    private final MovementSums movement;
    private final double[][] sums; // by piece
    private final Pieces.Work normWork = this::normOf;
    private final Pieces.Work weightWork = this::weightNormOf;
    private final Pieces.Work stepWork = this::movePiece;
    private Slab gradients;
    private boolean frozenMeasured;
    private double gradientNorm;
    private double clipFactor;

    public AdamW(ParameterRegistry registry, Optimization optimization, WorkerTeam team) {
        this(registry, optimization, team, AdamWMoments.allocate(registry));
    }

    /** An optimizer that goes on from moments, which it closes with itself. */
    AdamW(ParameterRegistry registry, Optimization optimization, WorkerTeam team, AdamWMoments moments) {
        this.registry = registry;
        this.optimization = optimization;
        this.team = team;
        this.pieces = new Pieces(registry, SlabLayout.WEIGHTS);
        this.moments = moments;
        this.movement = new MovementSums(pieces);
        this.sums = new double[pieces.count()][4];
    }

    /**
     * Moves the weights by one step.
     *
     * @param number the step, counted from 1, as the bias correction counts
     * @param gradients of the mean loss, with room for what is trained; left clipped
     * @param learningRate of this step
     * @return whether it moved them: false, with nothing changed, if the gradient's norm is not finite
     */
    public boolean step(long number, Slab gradients, double learningRate) {
        if (!Double.isFinite(measure(gradients))) {
            return false;
        }
        move(number, learningRate);
        return true;
    }

    /**
     * Looks at the gradient of a step, before {@link #move} or {@link #skip}.
     *
     * @return its 2-norm, which is not finite if any of its numbers is not
     */
    public double measure(Slab gradients) {
        this.gradients = gradients;
        pieces.sweep(team, normWork);
        movement.addUp(MovementSums.GRADIENT);
        gradientNorm = Math.sqrt(movement.trained(MovementSums.GRADIENT));
        return gradientNorm;
    }

    /** Moves the weights by the gradient that was measured; see {@link #step}. */
    public void move(long number, double learningRate) {
        double clip = optimization.gradientClip();
        clipFactor = clip > 0 ? Math.min(1, clip / (gradientNorm + CLIP_EPSILON)) : 1;
        scalars.set(
                number,
                learningRate,
                optimization.weightDecay(),
                optimization.beta1(),
                optimization.beta2(),
                optimization.epsilon(),
                clipFactor);
        pieces.sweep(team, stepWork);
        frozenMeasured = true;
        movement.addUpMove();
    }

    /** Leaves everything as it is in spite of the gradient that was measured: the change of this step is 0. */
    public void skip() {
        clipFactor = 1;
        pieces.sweep(team, weightWork);
        movement.addUp(MovementSums.WEIGHT);
        movement.addUp(MovementSums.WEIGHT_SIZE);
        movement.clear(MovementSums.CHANGE);
        movement.clear(MovementSums.CHANGE_SIZE);
    }

    private void normOf(Workspace workspace, int piece) {
        Parameter parameter = pieces.parameters.get(pieces.parameter[piece]);
        if (parameter.trainable()) {
            long at = pieces.trainedOffset(piece);
            movement.ofPiece(
                    MovementSums.GRADIENT, piece, Slabs.sumOfSquares(workspace, gradients, at, pieces.length[piece]));
        }
    }

    private void weightNormOf(Workspace workspace, int piece) {
        long at = pieces.offset[piece];
        int length = pieces.length[piece];
        Slab weights = registry.weights();
        movement.ofPiece(MovementSums.WEIGHT, piece, Slabs.sumOfSquares(workspace, weights, at, length));
        movement.ofPiece(MovementSums.WEIGHT_SIZE, piece, Slabs.sumOfSizes(workspace, weights, at, length));
    }

    private void movePiece(Workspace workspace, int piece) {
        Parameter parameter = pieces.parameters.get(pieces.parameter[piece]);
        if (!parameter.trainable()) {
            if (!frozenMeasured) {
                weightNormOf(workspace, piece);
            }
            return;
        }
        Slabs.adamW(
                workspace,
                scalars,
                parameter.decayed(),
                registry.weights(),
                gradients,
                moments.mean(),
                moments.meanSquare(),
                pieces.offset[piece],
                pieces.trainedOffset(piece),
                pieces.length[piece],
                sums[piece]);
        movement.ofPiece(piece, sums[piece]);
    }

    /** 2-norm of the whole gradient of the last step, before clipping. */
    public double gradientNorm() {
        return gradientNorm;
    }

    /** What the gradient was multiplied by in the last step; below 1 if it was clipped. */
    public double clipFactor() {
        return clipFactor;
    }

    /** |change|_2 / |weights|_2 of the last step over all that is trained: the real change, after Adam, clip and decay. */
    public double updateRatio() {
        return Math.sqrt(movement.trained(MovementSums.CHANGE) / movement.trained(MovementSums.WEIGHT));
    }

    @Override
    public List<Parameter> parameters() {
        return movement.parameters();
    }

    @Override
    public double gradientNorm(int parameter) {
        return movement.gradientNorm(parameter);
    }

    @Override
    public double weightNorm(int parameter) {
        return movement.weightNorm(parameter);
    }

    @Override
    public double changeNorm(int parameter) {
        return movement.changeNorm(parameter);
    }

    @Override
    public double weightSize(int parameter) {
        return movement.weightSize(parameter);
    }

    @Override
    public double changeSize(int parameter) {
        return movement.changeSize(parameter);
    }

    AdamWMoments moments() {
        return moments;
    }

    /** The running mean of gradients, with room for what is trained: {@link SlabLayout#TRAINED}. */
    public Slab mean() {
        return moments.mean();
    }

    /** The running mean of squared gradients, laid out in the same way. */
    public Slab meanSquare() {
        return moments.meanSquare();
    }

    @Override
    public void close() {
        moments.close();
    }
}
