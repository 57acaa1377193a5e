package tinygpt.report;

import java.util.Base64;
import tinygpt.inspection.BlockMap;
import tinygpt.inspection.BlockMap.RowReader;
import tinygpt.inspection.BlockMap.Summary;
import tinygpt.metrics.LineBuffer;
import tinygpt.parameters.Parameter;

/**
 * A tensor at one snapshot as a picture of at most {@value #MOST} x {@value #MOST} cells, a byte a cell. A cell is the mean
 * of a block of numbers, and beside it the one of largest size; where a block is one number they are the same.
 *
 * @param meanScale value of 1 in {@code mean}
 * @param mean by row and column, from -127 to 127; {@value #NOT_FINITE} where a number of the block is not finite
 * @param scale value of 1 in {@code extreme}
 * @param extreme in the same way; null where a cell is one number
 */
record MatrixFrame(double meanScale, byte[] mean, double scale, byte[] extreme) {
    /** Cells a side. */
    static final int MOST = 128;

    private static final byte NOT_FINITE = -128;
    private static final int LARGEST = 127;

    /**
     * Which block of a tensor a cell is.
     *
     * @param rows of the tensor; a vector is one row
     * @param columns of the tensor
     * @param tall rows in a cell
     * @param wide columns in a cell
     */
    record Blocks(int rows, int columns, int tall, int wide) {
        static Blocks of(int[] shape) {
            int rows = shape.length == 1 ? 1 : shape[0];
            int columns = shape[shape.length - 1];
            return new Blocks(rows, columns, BlockMap.perCell(rows, MOST), BlockMap.perCell(columns, MOST));
        }

        int shownRows() {
            return BlockMap.cells(rows, tall);
        }

        int shownColumns() {
            return BlockMap.cells(columns, wide);
        }

        int cells() {
            return shownRows() * shownColumns();
        }

        boolean single() {
            return tall == 1 && wide == 1;
        }

        @Override
        public String toString() {
            return single() ? "1 cell = 1 weight" : "1 cell = " + plural(tall, "row") + " x " + plural(wide, "column");
        }

        private static String plural(int count, String what) {
            return count + " " + what + (count == 1 ? "" : "s");
        }
    }

    /** The present numbers of a parameter. */
    static MatrixFrame of(Parameter parameter) {
        var matrix = parameter.matrix();
        return of((row, numbers) -> matrix.readRow(row, numbers, 0), Blocks.of(parameter.shape()));
    }

    /** What a reader gives, which is asked for every row, more than once. */
    static MatrixFrame of(RowReader reader, Blocks blocks) {
        float[][] mean = cells(reader, blocks, Summary.MEAN);
        double meanScale = scale(mean);
        byte[] mean8 = quantized(mean, blocks, meanScale);
        if (blocks.single()) {
            return new MatrixFrame(meanScale, mean8, meanScale, null);
        }
        float[][] extreme = cells(reader, blocks, Summary.LARGEST);
        double scale = scale(extreme);
        return new MatrixFrame(meanScale, mean8, scale, quantized(extreme, blocks, scale));
    }

    private static float[][] cells(RowReader reader, Blocks blocks, Summary summary) {
        return BlockMap.of(reader, blocks.rows(), blocks.columns(), summary, MOST, MOST)
                .cells();
    }

    private static double scale(float[][] cells) {
        float largest = 0;
        for (float[] row : cells) {
            for (float cell : row) {
                largest = Float.isFinite(cell) ? Math.max(largest, Math.abs(cell)) : largest;
            }
        }
        return (double) largest / LARGEST;
    }

    private static byte[] quantized(float[][] cells, Blocks blocks, double scale) {
        byte[] bytes = new byte[blocks.cells()];
        int i = 0;
        for (float[] row : cells) {
            for (float cell : row) {
                bytes[i++] = Float.isNaN(cell) ? NOT_FINITE : scale == 0 ? 0 : (byte) Math.round(cell / scale);
            }
        }
        return bytes;
    }

    /** Writes it, with the place of its tensor in the header. */
    void write(LineBuffer line, int tensor) {
        line.add("{\"tensor\":").add(tensor).add(",\"scale\":").addRounded(scale);
        if (extreme != null) {
            line.add(",\"mean_scale\":").addRounded(meanScale);
            line.add(",\"extreme8\":\"")
                    .add(Base64.getEncoder().encodeToString(extreme))
                    .add('"');
        }
        line.add(",\"mean8\":\"").add(Base64.getEncoder().encodeToString(mean)).add("\"}");
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws tinygpt.formats.BadFileException if it is something else
     */
    static MatrixFrame read(JsonFields fields, Blocks blocks) {
        double scale = fields.scale("scale");
        return new MatrixFrame(
                blocks.single() ? scale : fields.scale("mean_scale"),
                fields.bytes("mean8", blocks.cells()),
                scale,
                blocks.single() ? null : fields.bytes("extreme8", blocks.cells()));
    }
}
