package tinygpt.inspection;

import tinygpt.parameters.Parameter;

/**
 * A tensor as a picture of at most so many cells, each of which stands for a block of its numbers. A vector is one row.
 *
 * @param cells by row and column; NaN if a number of the block is not finite
 * @param rowsPerCell rows of the tensor in a cell; the last may have fewer
 * @param columnsPerCell columns of the tensor in a cell; the last may have fewer
 * @param largest largest finite |value| of all numbers, before averaging
 */
public record BlockMap(float[][] cells, int rowsPerCell, int columnsPerCell, double largest) {
    /** What a block of numbers becomes. */
    public enum Summary {
        /** Their mean; it hides single large numbers, and noise averages out. */
        MEAN,
        /** The one that is farthest from 0, with its sign. */
        LARGEST
    }

    /** What the numbers are. */
    public enum Content {
        /** The weights. */
        VALUE,
        /** How far the weights are from their initial values. */
        CHANGE
    }

    /** Largest finite |cell|: limits under which no cell is clipped. */
    public double largestCell() {
        double found = 0;
        for (float[] row : cells) {
            for (float cell : row) {
                found = Float.isFinite(cell) ? Math.max(found, Math.abs(cell)) : found;
            }
        }
        return found;
    }

    /** Reads one row of a tensor into an array. */
    @FunctionalInterface
    public interface RowReader {
        void read(int row, float[] numbers);
    }

    /**
     * Reads a tensor into cells, row by row.
     *
     * @param initial where a change is counted from; only asked for changes
     * @param mostRows most rows of cells
     * @param mostColumns most columns of cells
     * @throws IllegalStateException if changes are asked for and initial values are not known
     */
    public static BlockMap of(
            WeightFile file,
            InitialValues initial,
            Parameter parameter,
            Content content,
            Summary summary,
            int mostRows,
            int mostColumns) {
        int[] shape = parameter.shape();
        int rows = shape.length == 1 ? 1 : shape[0];
        int columns = shape[shape.length - 1];
        float[] start = new float[columns];
        RowReader reader = (row, numbers) -> {
            file.read(parameter, (long) row * columns, numbers, 0, columns);
            if (content == Content.CHANGE) {
                initial.read(parameter, (long) row * columns, start, columns);
                for (int c = 0; c < columns; c++) {
                    numbers[c] -= start[c];
                }
            }
        };
        return of(reader, rows, columns, summary, mostRows, mostColumns);
    }

    /** Reads any matrix into cells, row by row. */
    public static BlockMap of(RowReader reader, int rows, int columns, Summary summary, int mostRows, int mostColumns) {
        int tall = perCell(rows, mostRows);
        int wide = perCell(columns, mostColumns);
        float[][] cells = new float[cells(rows, tall)][cells(columns, wide)];
        double[] sums = new double[cells[0].length];
        float[] row = new float[columns];
        double largest = 0;
        for (int r = 0; r < rows; r++) {
            reader.read(r, row);
            for (int c = 0; c < columns; c++) {
                largest = Float.isFinite(row[c]) ? Math.max(largest, Math.abs(row[c])) : largest;
                int cell = c / wide;
                sums[cell] = switch (summary) {
                    case MEAN -> sums[cell] + row[c];
                    // Not a number stays: a comparison with NaN is false.
                    case LARGEST -> Math.abs(row[c]) <= Math.abs(sums[cell]) ? sums[cell] : row[c];
                };
            }
            if ((r + 1) % tall == 0 || r + 1 == rows) {
                int height = r % tall + 1;
                for (int cell = 0; cell < sums.length; cell++) {
                    int numbers = height * Math.min(wide, columns - cell * wide);
                    double value = summary == Summary.MEAN ? sums[cell] / numbers : sums[cell];
                    cells[r / tall][cell] = Double.isFinite(value) ? (float) value : Float.NaN;
                    sums[cell] = 0;
                }
            }
        }
        return new BlockMap(cells, tall, wide, largest);
    }

    /** How many rows or columns a cell takes so that there are at most so many cells. */
    public static int perCell(int size, int most) {
        return (size + most - 1) / most;
    }

    /** How many cells that makes. */
    public static int cells(int size, int perCell) {
        return (size + perCell - 1) / perCell;
    }
}
