package tinygpt.parameters;

/** Makes low-rank adapters part of the layers they adapt: W + scale A B. */
public final class AdapterMerge {
    private AdapterMerge() {}

    /**
     * A model without adapters that computes the same as one with them, up to rounding.
     *
     * @param adapted with memory
     * @return a registry with memory of its own, of which everything is trained
     */
    public static ParameterRegistry merge(ParameterRegistry adapted) {
        ParameterRegistry plain = ParameterRegistry.of(adapted.shape()).allocate();
        try {
            float[] piece = new float[1 << 14];
            for (Parameter to : plain.owned()) {
                Parameter from = adapted.get(to.name());
                Adapter adapter = adapted.adapterOf(from);
                if (adapter != null) {
                    merge(adapter, plain, to);
                    continue;
                }
                for (long done = 0; done < to.size(); done += piece.length) {
                    int count = (int) Math.min(piece.length, to.size() - done);
                    adapted.weights().read(from.offset() + done, piece, 0, count);
                    plain.weights().write(to.offset() + done, piece, 0, count);
                }
            }
            return plain;
        } catch (RuntimeException | Error e) {
            plain.close();
            throw e;
        }
    }

    /** Row by row, summed in double precision and rounded once. */
    private static void merge(Adapter adapter, ParameterRegistry plain, Parameter to) {
        int rank = adapter.a().shape()[1];
        int out = to.shape()[1];
        float[] a = new float[rank];
        float[] row = new float[out];
        float[] b = adapter.b().matrix().toArray(); // (r, out)
        double[] sum = new double[out];
        for (int i = 0; i < to.shape()[0]; i++) {
            adapter.a().matrix().readRow(i, a, 0);
            adapter.weight().matrix().readRow(i, row, 0);
            java.util.Arrays.fill(sum, 0);
            for (int k = 0; k < rank; k++) {
                for (int o = 0; o < out; o++) {
                    sum[o] += (double) a[k] * b[k * out + o];
                }
            }
            for (int o = 0; o < out; o++) {
                row[o] = (float) (row[o] + adapter.scale() * sum[o]);
            }
            plain.weights().write(to.offset() + (long) i * out, row, 0, out);
        }
    }
}
