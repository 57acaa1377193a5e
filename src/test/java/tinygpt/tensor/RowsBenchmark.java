package tinygpt.tensor;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the operations on rows cost in one layer of the preset shakespeare-cpu, for half a batch on one thread: 6 sequences
 * of 64 tokens, width 128, 4 heads.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RowsBenchmark {
    private static final int TIME = 64;
    private static final int TOKENS = 6 * TIME;
    private static final int WIDTH = 128;
    private static final int HIDDEN = 4 * WIDTH;
    private static final int VOCABULARY = 66;
    /** The four matrices of a layer. */
    private static final int PARAMETERS = 12 * WIDTH * WIDTH;

    @Param({"vector", "scalar"})
    public String kernels;

    private final int[] targets = new int[TOKENS];
    private Workspace space;
    private Slab slab;
    private long taken;
    private Matrix scores;
    private Matrix scoreGradients;
    private Matrix wide;
    private Matrix wideToo;
    private Matrix narrow;
    private Matrix narrowToo;
    private Matrix narrowThree;
    private Matrix vector;
    private Matrix vectorToo;
    private Matrix statistics;
    private Matrix logits;
    private Slab weights;
    private Slab gradients;
    private Slab means;
    private Slab squares;
    private final AdamWStep adam = new AdamWStep();
    private final double[] sums = new double[4];

    /** Fills all matrices with numbers like those of a model that is being trained. */
    @Setup
    public void open() {
        space = TestWorkspaces.of(kernels, HIDDEN);
        slab = Slab.allocate("rows", 1 << 20);
        scores = take(TIME, TIME);
        scoreGradients = take(TIME, TIME);
        wide = take(TOKENS, HIDDEN);
        wideToo = take(TOKENS, HIDDEN);
        narrow = take(TOKENS, WIDTH);
        narrowToo = take(TOKENS, WIDTH);
        narrowThree = take(TOKENS, WIDTH);
        logits = take(TOKENS, VOCABULARY);
        vector = take(1, WIDTH);
        vectorToo = take(1, WIDTH);
        statistics = take(1, 2 * TOKENS);
        weights = Slab.allocate("weights", PARAMETERS);
        gradients = Slab.allocate("gradients", PARAMETERS);
        means = Slab.allocate("means", PARAMETERS);
        squares = Slab.allocate("squares", PARAMETERS);
        adam.set(100, 1e-9, 0.1, 0.9, 0.99, 1e-8, 0.5);
        refill();
    }

    private Matrix take(int rows, int columns) {
        Matrix matrix = slab.matrix(taken, rows, columns);
        taken += (long) rows * columns;
        return matrix;
    }

    /** Operations in place would carry their numbers away; they begin anew each time. */
    @Setup(Level.Iteration)
    public void refill() {
        for (Matrix m : new Matrix[] {
            scores, scoreGradients, wide, wideToo, narrow, narrowToo, narrowThree, logits, vector, vectorToo
        }) {
            float[] row = new float[m.columns()];
            for (int i = 0; i < m.rows(); i++) {
                for (int j = 0; j < row.length; j++) {
                    row[j] = (float) Math.sin(1 + i * 0.37 + j * 1.13);
                }
                m.writeRow(i, row, 0);
            }
        }
    }

    @TearDown
    public void close() {
        for (Slab s : new Slab[] {slab, weights, gradients, means, squares}) {
            s.close();
        }
    }

    @Benchmark
    public void geluErfWithSlope() {
        Rows.gelu(space, true, true, wide, wideToo);
    }

    @Benchmark
    public void geluTanhWithSlope() {
        Rows.gelu(space, false, true, wide, wideToo);
    }

    @Benchmark
    public void multiplyHidden() {
        Rows.multiply(space, wide, wideToo);
    }

    @Benchmark
    public void copyHidden() {
        Rows.copy(space, wide, wideToo);
    }

    @Benchmark
    public void addResidual() {
        Rows.add(space, narrow, narrowToo, narrowThree);
    }

    @Benchmark
    public void layerNorm() {
        Rows.layerNorm(space, narrow, vector, null, 1e-5f, narrowToo, statistics);
    }

    @Benchmark
    public void layerNormBackward() {
        Rows.layerNormBackward(space, narrow, statistics, vector, narrowToo, narrowThree, vectorToo, null);
    }

    @Benchmark
    public void causalSoftmaxOfAHead() {
        Rows.causalSoftmax(space, scores, 1, 0.17f);
    }

    @Benchmark
    public void causalSoftmaxBackwardOfAHead() {
        Rows.causalSoftmaxBackward(space, scores, scoreGradients, 1, 0.17f);
    }

    @Benchmark
    public double crossEntropy() {
        return Rows.crossEntropy(space, logits, targets, 0, 1e-3f);
    }

    @Benchmark
    public double adamWOfALayer() {
        Slabs.adamW(space, adam, true, weights, gradients, means, squares, 0, 0, PARAMETERS, sums);
        return sums[0];
    }
}
