package tinygpt.formats;

/** Turns [in, out], as GPT-2's layers are stored, into [out, in], as most other layers are, and back. */
final class Transpose {
    private Transpose() {}

    /** The transpose of a row-major matrix. */
    static float[] of(float[] matrix, int rows, int columns) {
        float[] out = new float[matrix.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                out[j * rows + i] = matrix[i * columns + j];
            }
        }
        return out;
    }
}
