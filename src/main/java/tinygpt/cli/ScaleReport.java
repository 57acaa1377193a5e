package tinygpt.cli;

import java.util.Arrays;
import java.util.List;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;
import tinygpt.search.PowerLaw;
import tinygpt.search.ScaleChart;
import tinygpt.search.ScaleStudy;

/** What a scale study shows, in a terminal: the table, the fitted law, and both logarithmic axes in plain characters. */
final class ScaleReport {
    private static final int COLUMNS = 64;
    private static final int ROWS = 15;
    private static final char TRAINED = 'o';
    private static final char LAW = '.';

    private ScaleReport() {}

    static String of(ScaleStudy study, Glyphs glyphs) {
        StringBuilder out = new StringBuilder(table(study));
        if (study.law() != null) {
            out.append('\n').append(chart(study));
        }
        out.append('\n');
        ScaleChart.laws(study).forEach(line -> out.append(glyphs.text(line)).append('\n'));
        out.append(
                "N counts the parameters of the layers, without embeddings; all sizes have the same learning rate and"
                        + " seed\n");
        return out.toString();
    }

    private static String table(ScaleStudy study) {
        TextTable table = new TextTable(
                "lrrrrrrrrr",
                List.of(
                        "model",
                        "layers",
                        "width",
                        "heads",
                        "parameters",
                        "N",
                        "steps",
                        "TFLOP",
                        "loss",
                        "by the law"));
        for (ScaleStudy.Point point : study.points()) {
            ModelShape shape = point.result().trial().hyperparameters().model();
            table.add(List.of(
                    "trial " + point.result().trial().name(),
                    Integer.toString(shape.layers()),
                    Integer.toString(shape.width()),
                    Integer.toString(shape.heads()),
                    Show.count(point.result().parameters()),
                    Show.count(point.n()),
                    Show.count(point.result().step()),
                    Show.decimals(point.flops() / 1e12, 4),
                    Show.loss(point.loss()),
                    study.best().map(law -> Show.loss(law.at(point.n()))).orElse(Show.NONE)));
        }
        PowerLaw published = ScaleStudy.gpt2Law();
        for (ScaleStudy.Published one : ScaleStudy.gpt2()) {
            ModelShape shape = Preset.named(one.name()).hyperparameters().model();
            table.add(List.of(
                    one.name() + " (published)",
                    Integer.toString(shape.layers()),
                    Integer.toString(shape.width()),
                    Integer.toString(shape.heads()),
                    Show.count(one.parameters()),
                    Show.count(one.n()),
                    "",
                    "",
                    Show.loss(one.loss()),
                    Show.loss(published.at(one.n()))));
        }
        return table.text("");
    }

    /** The sizes that were trained, between the smallest and the largest. */
    private static String chart(ScaleStudy study) {
        PowerLaw law = study.best().orElseThrow();
        List<ScaleStudy.Point> points = study.points();
        double lowX = Math.log(points.get(0).n());
        double highX = Math.log(points.get(points.size() - 1).n());
        double lowY = Double.POSITIVE_INFINITY;
        double highY = Double.NEGATIVE_INFINITY;
        for (ScaleStudy.Point point : points) {
            for (double loss : new double[] {point.loss(), law.at(point.n())}) {
                lowY = Math.min(lowY, Math.log(loss));
                highY = Math.max(highY, Math.log(loss));
            }
        }
        highY = Math.max(highY, lowY + 1e-6);
        char[][] cells = new char[ROWS][COLUMNS];
        for (char[] row : cells) {
            Arrays.fill(row, ' ');
        }
        for (int column = 0; column < COLUMNS; column++) {
            double n = Math.exp(lowX + (highX - lowX) * column / (COLUMNS - 1));
            cells[row(Math.log(law.at(n)), lowY, highY)][column] = LAW;
        }
        for (ScaleStudy.Point point : points) {
            int column = (int) Math.round((Math.log(point.n()) - lowX) / (highX - lowX) * (COLUMNS - 1));
            cells[row(Math.log(point.loss()), lowY, highY)][column] = TRAINED;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < ROWS; i++) {
            String label = i == 0 ? Show.loss(Math.exp(highY)) : i == ROWS - 1 ? Show.loss(Math.exp(lowY)) : "";
            out.append(Text.right(label, 8))
                    .append(" |")
                    .append(new String(cells[i]).stripTrailing())
                    .append('\n');
        }
        String first = "N = " + Show.shortCount(points.get(0).n());
        String last = Show.shortCount(points.get(points.size() - 1).n());
        return out.append(" ".repeat(9)).append('+').append("-".repeat(COLUMNS)).append('\n')
                + " ".repeat(10)
                + first
                + Text.right(last, COLUMNS - first.length())
                + "\n          loss (" + TRAINED + ") and the law (" + LAW + ") against N, both axes logarithmic\n";
    }

    private static int row(double y, double low, double high) {
        double share = Math.max(0, Math.min(1, (high - y) / (high - low)));
        return (int) Math.round(share * (ROWS - 1));
    }
}
