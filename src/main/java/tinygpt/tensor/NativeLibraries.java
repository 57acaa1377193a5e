package tinygpt.tensor;

import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_full;
import org.nd4j.linalg.factory.Nd4j;

/** Which native libraries there are and what they say of themselves. Asking loads them. */
public final class NativeLibraries {
    private static final int SIZE = 24;

    private NativeLibraries() {}

    /** ND4J's backend and version; starts ND4J. */
    public static String nd4j() {
        String version = Nd4j.class.getPackage().getImplementationVersion();
        return Nd4j.getBackend().getClass().getSimpleName() + (version == null ? "" : " " + version);
    }

    /** What OpenBLAS was built as and the processor core that its kernels were chosen for at the start. */
    public static String openBlas() {
        return openblas_full.openblas_get_config().getString().strip();
    }

    /** The core alone: {@code Zen}, {@code SkylakeX}. */
    public static String openBlasCore() {
        return openblas_full.openblas_get_corename().getString();
    }

    /** The version of oneDNN and the instruction set it uses: {@code 3.11.0, AVX2}. */
    public static String oneDnn() {
        var version = dnnl.dnnl_version();
        return version.major() + "." + version.minor() + "." + version.patch() + ", "
                + instructionSet(dnnl.dnnl_get_effective_cpu_isa());
    }

    private static String instructionSet(int isa) {
        if (isa == dnnl.dnnl_cpu_isa_default) {
            return "default";
        }
        // A later set contains the bits of those before it.
        return isa >= dnnl.dnnl_cpu_isa_avx512_core
                ? "AVX-512"
                : isa >= dnnl.dnnl_cpu_isa_avx2 ? "AVX2" : isa >= dnnl.dnnl_cpu_isa_avx ? "AVX" : "SSE 4.1";
    }

    /** The folder that native libraries are unpacked to. */
    public static Path cache() throws IOException {
        return Loader.getCacheDir().toPath();
    }

    /**
     * Multiplies two small matrices with the library that training uses.
     *
     * @return whether the product is right to the bit, which it must be: it is made of small whole numbers
     */
    public static boolean multiplies() {
        try (Slab slab = Slab.allocate("a trial product", 3L * SIZE * SIZE)) {
            Matrix a = slab.matrix(0, SIZE, SIZE);
            Matrix b = slab.matrix((long) SIZE * SIZE, SIZE, SIZE);
            Matrix c = slab.matrix(2L * SIZE * SIZE, SIZE, SIZE);
            float[] row = new float[SIZE];
            for (int i = 0; i < SIZE; i++) {
                for (int j = 0; j < SIZE; j++) {
                    row[j] = i - j;
                }
                a.writeRow(i, row, 0);
                b.writeRow(i, row, 0);
            }
            Blas.multiply(new Workspace(SIZE), 1, a, b, 0, c);
            for (int i = 0; i < SIZE; i++) {
                c.readRow(i, row, 0);
                for (int j = 0; j < SIZE; j++) {
                    float sum = 0;
                    for (int k = 0; k < SIZE; k++) {
                        sum += (i - k) * (k - j);
                    }
                    if (row[j] != sum) {
                        return false;
                    }
                }
            }
            return true;
        }
    }
}
