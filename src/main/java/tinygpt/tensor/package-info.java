/**
 * Memory and arithmetic: off-heap slabs, matrix views, BLAS calls, row kernels and the worker team. The only room that
 * touches ND4J, Bytedeco and the Vector API (and {@code INDArray} appears in the public API of {@code parameters}).
 *
 * <p>Matrix products go straight to {@code cblas_sgemm} of the OpenBLAS that ND4J itself uses: it takes leading
 * dimensions, so that attention heads are multiplied in place, and it allocates nothing. Everything else is a kernel on
 * rows: a tile of rows is copied from the slab into a {@code float[]} that stays in the first-level cache, worked on,
 * and copied back. There are two sets of kernels behind one interface, {@code ScalarKernels} (plain loops, the
 * definition) and {@code VectorKernels} (the Vector API), chosen once when the program starts.
 */
package tinygpt.tensor;
