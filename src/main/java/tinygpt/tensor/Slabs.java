package tinygpt.tensor;

/** Sweeps over stretches of slabs. */
public final class Slabs {
    private Slabs() {}

    /** y += x on a stretch. */
    public static void add(Workspace w, Slab x, Slab y, long offset, int length) {
        add(w, x, offset, y, offset, length);
    }

    /** y += x on a stretch that lies at another place in each. */
    public static void add(Workspace w, Slab x, long xOffset, Slab y, long yOffset, int length) {
        for (int done = 0; done < length; done += Workspace.TILE) {
            int n = Math.min(Workspace.TILE, length - done);
            get(x, xOffset + done, w.tileA, n);
            get(y, yOffset + done, w.tileB, n);
            w.kernels.add(w.tileA, 0, w.tileB, 0, n);
            put(y, yOffset + done, w.tileB, n);
        }
    }

    /** y = x on a stretch that lies at another place in each. */
    public static void copy(Workspace w, Slab x, long xOffset, Slab y, long yOffset, int length) {
        for (int done = 0; done < length; done += Workspace.TILE) {
            int n = Math.min(Workspace.TILE, length - done);
            get(x, xOffset + done, w.tileA, n);
            put(y, yOffset + done, w.tileA, n);
        }
    }

    /**
     * The outer step of DiLoCo on a stretch: with the change d = start - mean and PyTorch's form of Nesterov's momentum,
     * u' = mu u + d and w' = start - rate (d + mu u').
     *
     * <p>Computed as w' = mean + (1 - rate (1 + mu)) d - rate mu^2 u in double precision and rounded once, as is u'. A term
     * whose factor is 0 is left out, so that with the rate 1 and no momentum the result is the mean to the bit.
     *
     * @param sum of the replicas' weights
     * @param sums receives at 0 the sum of squared weights after, at 1 the sum of squared changes, at 2 the sum of |weight|
     *     after, at 3 the sum of |change|, at 4 the sum of squares of d
     */
    public static void nesterov(
            Workspace w,
            OuterRates rates,
            Slab weights,
            long offset,
            Slab start,
            Slab sum,
            Slab velocity,
            long trainedOffset,
            int length,
            double[] sums) {
        java.util.Arrays.fill(sums, 0);
        for (int done = 0; done < length; done += Workspace.TILE) {
            int n = Math.min(Workspace.TILE, length - done);
            long at = trainedOffset + done;
            get(start, at, w.tileA, n);
            get(sum, at, w.tileB, n);
            get(velocity, at, w.tileC, n);
            for (int i = 0; i < n; i++) {
                double mean = w.tileB[i] / (double) rates.replicas();
                double d = w.tileA[i] - mean;
                double next = mean;
                if (rates.ofChange() != 0) {
                    next += rates.ofChange() * d;
                }
                if (rates.ofVelocity() != 0) {
                    next -= rates.ofVelocity() * w.tileC[i];
                }
                w.tileC[i] = (float) (rates.momentum() * w.tileC[i] + d);
                w.tileB[i] = (float) next;
                double moved = (double) w.tileB[i] - w.tileA[i];
                sums[0] += (double) w.tileB[i] * w.tileB[i];
                sums[1] += moved * moved;
                sums[2] += Math.abs(w.tileB[i]);
                sums[3] += Math.abs(moved);
                sums[4] += d * d;
            }
            put(weights, offset + done, w.tileB, n);
            put(velocity, at, w.tileC, n);
        }
    }

    /** Sum of squares of a stretch. */
    public static double sumOfSquares(Workspace w, Slab x, long offset, int length) {
        double sum = 0;
        for (int done = 0; done < length; done += Workspace.TILE) {
            int n = Math.min(Workspace.TILE, length - done);
            get(x, offset + done, w.tileA, n);
            sum += w.kernels.sumOfSquares(w.tileA, 0, n);
        }
        return sum;
    }

    /** Sum of |x| over a stretch, in double precision; for what is measured rarely. */
    public static double sumOfSizes(Workspace w, Slab x, long offset, int length) {
        double sum = 0;
        for (int done = 0; done < length; done += Workspace.TILE) {
            int n = Math.min(Workspace.TILE, length - done);
            get(x, offset + done, w.tileA, n);
            for (int i = 0; i < n; i++) {
                sum += Math.abs(w.tileA[i]);
            }
        }
        return sum;
    }

    /**
     * AdamW on a stretch of one parameter. The gradient becomes the clipped one.
     *
     * @param offset of the stretch in the weights
     * @param trainedOffset of the stretch in the gradients and both moments
     * @param sums receives at 0 the sum of squared weights after, at 1 the sum of squared changes, at 2 the sum of |weight|
     *     after, at 3 the sum of |change|
     */
    public static void adamW(
            Workspace w,
            AdamWStep step,
            boolean decayed,
            Slab weights,
            Slab gradients,
            Slab m,
            Slab v,
            long offset,
            long trainedOffset,
            int length,
            double[] sums) {
        double weightSquares = 0;
        double changeSquares = 0;
        double weightSizes = 0;
        double changeSizes = 0;
        for (int done = 0; done < length; done += Workspace.TILE) {
            int n = Math.min(Workspace.TILE, length - done);
            long at = trainedOffset + done;
            get(weights, offset + done, w.tileA, n);
            get(gradients, at, w.tileB, n);
            get(m, at, w.tileC, n);
            get(v, at, w.tileD, n);
            w.kernels.adamW(step, decayed, w.tileA, w.tileB, w.tileC, w.tileD, n, w.sums);
            put(weights, offset + done, w.tileA, n);
            if (step.clips()) {
                put(gradients, at, w.tileB, n);
            }
            put(m, at, w.tileC, n);
            put(v, at, w.tileD, n);
            weightSquares += w.sums[0];
            changeSquares += w.sums[1];
            weightSizes += w.sums[2];
            changeSizes += w.sums[3];
        }
        sums[0] = weightSquares;
        sums[1] = changeSquares;
        sums[2] = weightSizes;
        sums[3] = changeSizes;
    }

    private static void get(Slab x, long offset, float[] to, int count) {
        x.buffer(offset).get(Slab.index(offset), to, 0, count);
    }

    private static void put(Slab x, long offset, float[] from, int count) {
        x.buffer(offset).put(Slab.index(offset), from, 0, count);
    }
}
