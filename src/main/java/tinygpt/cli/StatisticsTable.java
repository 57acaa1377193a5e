package tinygpt.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tinygpt.inspection.InitialValues;
import tinygpt.inspection.ModelStatistics.Tensor;
import tinygpt.inspection.TensorStatistics;
import tinygpt.parameters.ParameterKind;
import tinygpt.runs.CheckpointHeader;

/** The statistics of weights as a table for people. */
final class StatisticsTable {
    private static final int BINS = 16;

    private final StatisticsReport report;
    private final boolean collapse;
    private final Glyphs glyphs;

    StatisticsTable(StatisticsReport report, boolean collapse, Glyphs glyphs) {
        this.report = report;
        this.collapse = collapse;
        this.glyphs = glyphs;
    }

    void print(PrintWriter out) {
        headline().forEach(out::println);
        out.println();
        table().lines().forEach(out::println);
        out.println();
        kinds().lines().forEach(out::println);
        out.println();
        notes().forEach(out::println);
    }

    void printMarkdown(PrintWriter out) {
        headline().forEach(out::println);
        out.println();
        table().markdown().forEach(out::println);
        out.println();
        kinds().markdown().forEach(out::println);
        out.println();
        notes().forEach(out::println);
    }

    private List<String> headline() {
        List<String> words = new ArrayList<>();
        words.add(report.file()
                .header()
                .map((CheckpointHeader h) -> "step " + Show.count(h.step()) + glyphs.text(" · ") + "seed "
                        + h.hyperparameters().seed())
                .orElse("GPT-2 of another program"));
        words.add(Show.count(report.file().registry().count()) + " parameters");
        return List.of(
                report.title() + "   " + String.join(glyphs.text(" · "), words),
                "weights sha256 " + report.statistics().sha256());
    }

    private TextTable table() {
        TextTable table = new TextTable(
                "llrrrrrrll",
                List.of("name", "kind", "mean", "std", "min", "max", "|W|", "|W-W0|", "set by", "histogram"));
        Sparkline sparkline = new Sparkline(glyphs);
        for (StatisticsReport.Row row : report.rows(collapse)) {
            TensorStatistics sum = row.sum();
            boolean any = sum.notFinite() < sum.count();
            table.add(List.of(
                    row.name(),
                    row.first().parameter().kind().label(),
                    any ? Show.value(sum.mean()) : Show.NONE,
                    any ? Show.value(sum.std()) : Show.NONE,
                    any ? Show.value(sum.min()) : Show.NONE,
                    any ? Show.value(sum.max()) : Show.NONE,
                    Show.value(row.norm()),
                    known(row.change()),
                    glyphs.text(row.setBy()),
                    sparkline.of(report.histogram(row, BINS).counts())));
        }
        return table;
    }

    private TextTable kinds() {
        TextTable kinds = new TextTable(
                "lrrrrrl", List.of("by kind", "params", "tensors", "|W|", "|W-W0|", "|W-W0|/|W0|", "set by"));
        for (Map.Entry<ParameterKind, List<Tensor>> kind : report.byKind().entrySet()) {
            kinds.add(kindCells(kind.getKey().label(), kind.getValue()));
        }
        List<Tensor> all =
                report.byKind().values().stream().flatMap(List::stream).toList();
        kinds.add(kindCells("together", all));
        return kinds;
    }

    private List<String> kindCells(String label, List<Tensor> tensors) {
        TensorStatistics sum = StatisticsReport.sum(tensors);
        boolean initial = report.statistics().source() != InitialValues.Source.UNKNOWN;
        double relative = sum.relativeChange();
        return List.of(
                label,
                Show.count(sum.count()),
                Show.count(tensors.size()),
                Show.value(sum.norm()),
                known(sum.change()),
                initial && sum.startSquares() != 0 ? Show.ratio(relative) : Show.NONE,
                glyphs.text(StatisticsReport.setBy(tensors)));
    }

    private List<String> notes() {
        List<String> notes = new ArrayList<>();
        notes.add(
                switch (report.statistics().source()) {
                    case FIRST_CHECKPOINT -> "W0: the run's checkpoint of step 0";
                    case SEED -> "W0: computed from the seed, by each tensor's initial law";
                    case UNKNOWN -> "W0 is not known: this model does not say which seed it began with";
                });
        if (collapse) {
            notes.add("in a row with # the norms are those of one layer, as root mean square over the layers;"
                    + " everything else is of all layers together");
        }
        TensorStatistics all = StatisticsReport.sum(report.statistics().tensors());
        notes.add(Show.share(all.zeros(), all.count()) + " of the numbers are 0");
        for (Tensor tensor : report.statistics().tensors()) {
            TensorStatistics s = tensor.statistics();
            if (s.notFinite() > 0) {
                notes.add("NOT FINITE: " + tensor.parameter().name() + " has " + Show.count(s.notFinite()) + " of "
                        + Show.count(s.count()) + " numbers that are NaN or infinite; they are left out of mean, std,"
                        + " min and max");
            }
        }
        return notes;
    }

    private String known(double change) {
        return report.statistics().source() == InitialValues.Source.UNKNOWN ? Show.NONE : Show.value(change);
    }
}
