package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;
import tinygpt.inspection.InitialValues;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;

/** The numbers of one row of a tensor, before, after and the difference one under the other, as wide as the terminal. */
final class RowNumbers {
    private static final int NUMBER = 9;
    private static final int LABEL = 12;

    private final WeightFile file;
    private final InitialValues initial;
    private final Parameter parameter;
    private final int terminal;

    RowNumbers(WeightFile file, InitialValues initial, Parameter parameter, int terminal) {
        this.file = file;
        this.initial = initial;
        this.parameter = parameter;
        this.terminal = terminal;
    }

    /** How many numbers fit side by side. */
    int columns() {
        return Math.max(1, (terminal - LABEL) / (NUMBER + 1));
    }

    /**
     * The lines of a stretch of a row.
     *
     * @param first first column, counted from 0
     * @param count how many columns
     */
    List<String> lines(int row, int first, int count) {
        int width = parameter.shape()[parameter.shape().length - 1];
        float[] now = new float[count];
        float[] start = new float[count];
        long at = (long) row * width + first;
        file.read(parameter, at, now, 0, count);
        long step = file.header().map(h -> h.step()).orElse(-1L);
        boolean compare = initial.known() && step != 0;
        if (compare) {
            initial.read(parameter, at, start, count);
        }
        List<String> lines = new ArrayList<>();
        for (int done = 0; done < count; done += columns()) {
            int from = done;
            int n = Math.min(columns(), count - done);
            lines.add(line("column", n, i -> Integer.toString(first + from + i)));
            if (compare) {
                lines.add(line("step 0", n, i -> number(start[from + i])));
            }
            lines.add(line(step < 0 ? "value" : "step " + step, n, i -> number(now[from + i])));
            if (compare) {
                lines.add(line("change", n, i -> number((double) now[from + i] - start[from + i])));
            }
        }
        return lines;
    }

    private static String line(String label, int n, java.util.function.IntFunction<String> cell) {
        StringBuilder line = new StringBuilder(Text.left(label, LABEL));
        for (int i = 0; i < n; i++) {
            line.append(i == 0 ? "" : " ").append(Text.right(cell.apply(i), NUMBER));
        }
        return line.toString();
    }

    /** Five decimals, scientific where that would show nothing. */
    private static String number(double value) {
        return value != 0 && Math.abs(value) < 1e-4 ? Show.ratio(value) : Show.decimals(value, 5);
    }
}
