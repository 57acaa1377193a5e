package tinygpt.tensor;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * The rate of the matrix products of a step of the preset shakespeare-cpu, half a batch on one thread: the counter
 * {@code gflop} is GFLOP/s. Products of OpenBLAS alone: {@code -Djmh.args="Products -jvmArgsAppend -Dtinygpt.blas=openblas"}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ProductsBenchmark {
    /** Rows x inner x columns: the four layers, the largest that the roofline is measured with, and a head's two. */
    @Param({"384x128x384", "384x128x128", "384x128x512", "384x512x128", "1024x1024x1024", "64x32x64", "64x64x32"})
    public String size;

    private Slab slab;
    private Workspace space;
    private Matrix x;
    private Matrix w;
    private Matrix y;
    private double operations;

    /** Products a second times what one takes. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Rate {
        public double gflop;
    }

    @Setup
    public void open() {
        int[] n = java.util.Arrays.stream(size.split("x"))
                .mapToInt(Integer::parseInt)
                .toArray();
        long sizeX = (long) n[0] * n[1];
        long sizeW = (long) n[1] * n[2];
        slab = Slab.allocate("products", sizeX + sizeW + (long) n[0] * n[2]);
        x = slab.matrix(0, n[0], n[1]);
        w = slab.matrix(sizeX, n[1], n[2]);
        y = slab.matrix(sizeX + sizeW, n[0], n[2]);
        for (Matrix m : new Matrix[] {x, w, y}) {
            float[] row = new float[m.columns()];
            for (int i = 0; i < m.rows(); i++) {
                for (int j = 0; j < row.length; j++) {
                    row[j] = (float) Math.sin(1 + i * 0.37 + j * 1.13);
                }
                m.writeRow(i, row, 0);
            }
        }
        space = new Workspace(Math.max(n[1], n[2]));
        operations = 2e-9 * n[0] * n[1] * n[2];
    }

    @TearDown
    public void close() {
        slab.close();
    }

    /** y = x w. */
    @Benchmark
    public void forward(Rate rate) {
        Blas.multiply(space, 1, x, w, 0, y);
        rate.gflop += operations;
    }

    /** dx = dy w^T. */
    @Benchmark
    public void inputGradient(Rate rate) {
        Blas.multiplyTransposedB(space, 1, y, w, 0, x);
        rate.gflop += operations;
    }

    /** dw = x^T dy. */
    @Benchmark
    public void weightGradient(Rate rate) {
        Blas.multiplyTransposedA(space, 1, x, y, 0, w);
        rate.gflop += operations;
    }
}
