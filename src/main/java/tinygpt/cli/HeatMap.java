package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import tinygpt.inspection.BlockMap;
import tinygpt.inspection.DivergingColors;

/**
 * A matrix in a terminal, two columns a cell. With colours a cell is orange below 0 and purple above; without, it is a sign
 * and a digit, the size in ninths of the limit. Cells beyond the limit are marked, as {@code --}, {@code ++}, {@code -!} or
 * {@code +!}, and what is not a number is {@code ??}.
 */
final class HeatMap {
    /** Columns that a cell takes. */
    static final int CELL = 2;

    private static final int DIGITS = 9;

    private final BlockMap map;
    private final double limit;
    private final TerminalColors colors;

    HeatMap(BlockMap map, double limit, TerminalColors colors) {
        this.map = map;
        this.limit = limit;
        this.colors = colors;
    }

    /**
     * One line for each row of cells.
     *
     * @param label the label of a row of the tensor
     */
    List<String> lines(IntFunction<String> label) {
        float[][] cells = map.cells();
        int width = 0;
        List<String> labels = new ArrayList<>();
        for (int row = 0; row < cells.length; row++) {
            labels.add(label.apply(row * map.rowsPerCell()));
            width = Math.max(width, Columns.of(labels.get(row)));
        }
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < cells.length; row++) {
            StringBuilder line = new StringBuilder()
                    .append(" ".repeat(width - Columns.of(labels.get(row))))
                    .append(labels.get(row))
                    .append(' ');
            for (float cell : cells[row]) {
                line.append(colors == TerminalColors.NONE ? signs(cell) : colored(cell));
            }
            lines.add(line.append(colors == TerminalColors.NONE ? "" : TerminalColors.RESET)
                    .toString());
        }
        return lines;
    }

    /** What a cell is, what its signs or colours mean, and the limits. */
    List<String> legend(BlockMap.Content content, BlockMap.Summary summary) {
        List<String> lines = new ArrayList<>();
        lines.add(what(map, content, summary));
        String range = "-" + Show.value(limit) + " to +" + Show.value(limit);
        lines.add(
                colors == TerminalColors.NONE
                        ? "limits " + range + ": sign, and size in ninths of the limit; . is nearly 0, ! is beyond"
                        : "limits " + range
                                + ": orange is negative, purple is positive, white is 0; -- and ++ are beyond");
        lines.add(clipped(map, limit));
        return lines;
    }

    /** {@code change since step 0; one cell = 4 rows x 3 columns, their mean}. */
    static String what(BlockMap map, BlockMap.Content content, BlockMap.Summary summary) {
        String numbers = switch (content) {
            case VALUE -> "value";
            case CHANGE -> "change since step 0";
        };
        if (map.rowsPerCell() == 1 && map.columnsPerCell() == 1) {
            return numbers + "; one cell = one number";
        }
        String block = switch (summary) {
            case MEAN -> "their mean";
            case LARGEST -> "the one farthest from 0";
        };
        return numbers + "; one cell = " + Show.counted(map.rowsPerCell(), "row") + " x "
                + Show.counted(map.columnsPerCell(), "column") + ", " + block;
    }

    /** What the limits hide. */
    static String clipped(BlockMap map, double limit) {
        long beyond = 0;
        long notNumbers = 0;
        for (float[] row : map.cells()) {
            for (float cell : row) {
                beyond += Math.abs(cell) > limit ? 1 : 0;
                notNumbers += Float.isNaN(cell) ? 1 : 0;
            }
        }
        return Show.count(beyond) + " cells beyond the limits"
                + (notNumbers > 0 ? ", " + Show.count(notNumbers) + " with numbers that are not finite" : "")
                + "; the largest |number| of the whole tensor is " + Show.value(map.largest());
    }

    private String signs(float cell) {
        if (Float.isNaN(cell)) {
            return "??";
        }
        String sign = cell < 0 ? "-" : "+";
        if (Math.abs(cell) > limit) {
            return sign + "!";
        }
        long digit = limit > 0 ? Math.round(Math.abs(cell) / limit * DIGITS) : 0;
        return digit == 0 ? " ." : sign + digit;
    }

    private String colored(float cell) {
        boolean beyond = Math.abs(cell) > limit;
        String text = Float.isNaN(cell) ? "\u001b[97m??" : beyond ? "\u001b[97m" + (cell < 0 ? "--" : "++") : "  ";
        return colors.background(DivergingColors.rgb(cell, limit)) + text;
    }
}
