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
public final class AdamW implements AutoCloseable {
    private static final double CLIP_EPSILON = 1e-6;

    private final ParameterRegistry registry;
    private final Optimization optimization;
    private final WorkerTeam team;
    private final Pieces pieces;
    private final Slab m;
    private final Slab v;
    private final AdamWStep scalars = new AdamWStep();
    private final double[] pieceGradient;
    private final double[] pieceWeight;
    private final double[] pieceChange;
    private final double[] pieceWeightSize;
    private final double[] pieceChangeSize;
    private final double[] gradientSquares; // by parameter
    private final double[] weightSquares;
    private final double[] changeSquares;
    private final double[] weightSizes; // sums of |weight|
    private final double[] changeSizes;
    private final double[][] sums;
    private final Pieces.Work normWork = this::normOf;
    private final Pieces.Work weightWork = this::weightNormOf;
    private final Pieces.Work stepWork = this::movePiece;
    private Slab gradients;
    private boolean frozenMeasured;
    private double gradientNorm;
    private double clipFactor;

    public AdamW(ParameterRegistry registry, Optimization optimization, WorkerTeam team) {
        this.registry = registry;
        this.optimization = optimization;
        this.team = team;
        this.pieces = new Pieces(registry, SlabLayout.WEIGHTS);
        this.m = Slab.allocate("Adam's mean of gradients", registry.trainedSize());
        this.v = secondSlab(m, registry.trainedSize());
        pieceGradient = new double[pieces.count()];
        pieceWeight = new double[pieces.count()];
        pieceChange = new double[pieces.count()];
        pieceWeightSize = new double[pieces.count()];
        pieceChangeSize = new double[pieces.count()];
        gradientSquares = new double[pieces.parameters.size()];
        weightSquares = new double[pieces.parameters.size()];
        changeSquares = new double[pieces.parameters.size()];
        weightSizes = new double[pieces.parameters.size()];
        changeSizes = new double[pieces.parameters.size()];
        sums = new double[pieces.count()][4];
    }

    private static Slab secondSlab(Slab first, long size) {
        try {
            return Slab.allocate("Adam's mean of squared gradients", size);
        } catch (OutOfMemoryError e) {
            first.close();
            throw e;
        }
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
        pieces.sumByParameter(pieceGradient, gradientSquares);
        gradientNorm = Math.sqrt(sum(gradientSquares));
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
        pieces.sumByParameter(pieceWeight, weightSquares);
        pieces.sumByParameter(pieceChange, changeSquares);
        pieces.sumByParameter(pieceWeightSize, weightSizes);
        pieces.sumByParameter(pieceChangeSize, changeSizes);
    }

    /** Leaves everything as it is in spite of the gradient that was measured: the change of this step is 0. */
    public void skip() {
        clipFactor = 1;
        pieces.sweep(team, weightWork);
        pieces.sumByParameter(pieceWeight, weightSquares);
        pieces.sumByParameter(pieceWeightSize, weightSizes);
        java.util.Arrays.fill(changeSquares, 0);
        java.util.Arrays.fill(changeSizes, 0);
    }

    private void normOf(Workspace workspace, int piece) {
        Parameter parameter = pieces.parameters.get(pieces.parameter[piece]);
        if (parameter.trainable()) {
            long at = trainedOffset(parameter, piece);
            pieceGradient[piece] = Slabs.sumOfSquares(workspace, gradients, at, pieces.length[piece]);
        }
    }

    private void weightNormOf(Workspace workspace, int piece) {
        pieceWeight[piece] =
                Slabs.sumOfSquares(workspace, registry.weights(), pieces.offset[piece], pieces.length[piece]);
        pieceWeightSize[piece] =
                Slabs.sumOfSizes(workspace, registry.weights(), pieces.offset[piece], pieces.length[piece]);
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
                m,
                v,
                pieces.offset[piece],
                trainedOffset(parameter, piece),
                pieces.length[piece],
                sums[piece]);
        pieceWeight[piece] = sums[piece][0];
        pieceChange[piece] = sums[piece][1];
        pieceWeightSize[piece] = sums[piece][2];
        pieceChangeSize[piece] = sums[piece][3];
    }

    /** Where a piece of a parameter lies among gradients and moments. */
    private long trainedOffset(Parameter parameter, int piece) {
        return parameter.trainedOffset() + (pieces.offset[piece] - parameter.offset());
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
        double weights = 0;
        for (int i = 0; i < weightSquares.length; i++) {
            weights += pieces.parameters.get(i).trainable() ? weightSquares[i] : 0;
        }
        return Math.sqrt(sum(changeSquares) / weights);
    }

    /** The parameters that the following norms are of, in their order. */
    public List<Parameter> parameters() {
        return pieces.parameters;
    }

    /** 2-norm of one parameter's gradient in the last step, before clipping; 0 if it is frozen. */
    public double gradientNorm(int parameter) {
        return Math.sqrt(gradientSquares[parameter]);
    }

    /** 2-norm of one parameter after the last step. */
    public double weightNorm(int parameter) {
        return Math.sqrt(weightSquares[parameter]);
    }

    /** 2-norm of one parameter's change in the last step. */
    public double changeNorm(int parameter) {
        return Math.sqrt(changeSquares[parameter]);
    }

    /** Sum of |weight| over one parameter after the last step. */
    public double weightSize(int parameter) {
        return weightSizes[parameter];
    }

    /** Sum of |change| over one parameter in the last step. */
    public double changeSize(int parameter) {
        return changeSizes[parameter];
    }

    /** The running mean of gradients, with room for what is trained: {@link SlabLayout#TRAINED}. */
    public Slab mean() {
        return m;
    }

    /** The running mean of squared gradients, laid out in the same way. */
    public Slab meanSquare() {
        return v;
    }

    @Override
    public void close() {
        m.close();
        v.close();
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
