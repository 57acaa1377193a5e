package tinygpt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tinygpt.formats.BadFileException;
import tinygpt.runs.HyperparameterChange;
import tinygpt.runs.LedgerEntry;
import tinygpt.runs.LedgerReport;
import tinygpt.runs.LedgerReport.Row;

/** The ledger of a run for people: a line for each of its lines, then what was verified or found. */
final class LedgerTable {
    private static final int DIGITS = 12;
    private static final String GAP = "  ";

    private static final List<String> HEADER =
            List.of("line", "event", "step", "tokens", "config", "weights", "changed", "file");
    /** Text to the left, numbers to the right. */
    private static final List<Boolean> NUMBERS = List.of(true, false, true, true, false, false, true, false);

    private final Path folder;
    private final LedgerReport report;
    private final Glyphs glyphs;

    LedgerTable(Path folder, LedgerReport report, Glyphs glyphs) {
        this.folder = folder;
        this.report = report;
        this.glyphs = glyphs;
    }

    void print(PrintWriter out, boolean tensors) {
        out.print(folder + "   SHA-256 of config and weights, tensors changed since the line before\n\n");
        printLines(out);
        if (tensors) {
            printTensors(out);
        }
        out.print("\n");
        if (report.sound()) {
            out.print("verified: " + plural(report.rows().size(), "line") + ", "
                    + plural(report.checkpoints(), "checkpoint file") + " and config.json are as they were written\n");
        } else {
            out.print("found " + plural(report.findings().size(), "difference") + ":\n");
            report.findings().forEach(finding -> out.print(GAP + finding + "\n"));
        }
        report.warnings().forEach(warning -> out.print("warning: " + warning + "\n"));
        out.print(glyphs.text(fixedAndLearned()) + "\n");
        out.print("SHA-256 of the last line: " + report.head() + "\n");
    }

    private void printLines(PrintWriter out) {
        List<Row> rows = report.rows();
        List<List<String>> cells = new ArrayList<>();
        cells.add(HEADER);
        rows.forEach(row -> cells.add(cells(row, row == rows.get(0))));
        int[] widths = new int[HEADER.size()];
        for (List<String> line : cells) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        for (int at = 0; at < cells.size(); at++) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String cell = cells.get(at).get(i);
                line.append(i == 0 ? "" : GAP)
                        .append(NUMBERS.get(i) ? Text.right(cell, widths[i]) : Text.left(cell, widths[i]));
            }
            out.print(line.toString().stripTrailing() + "\n");
            if (at > 0) {
                printChanges(out, rows.get(at - 1).entry().changes());
            }
        }
    }

    private void printChanges(PrintWriter out, List<HyperparameterChange> changes) {
        changes.forEach(change ->
                out.print(glyphs.text(GAP.repeat(3) + "CHANGED: " + BadFileException.quote(change.path()) + " "
                        + BadFileException.quote(change.from()) + " → " + BadFileException.quote(change.to()) + "\n")));
    }

    private static List<String> cells(Row row, boolean first) {
        LedgerEntry entry = row.entry();
        return List.of(
                Long.toString(row.line().number()),
                entry.event().name().toLowerCase(Locale.ROOT),
                Show.count(entry.step()),
                Show.count(entry.tokens()),
                row.sameConfig() && !first ? "same" : shortHash(entry.configSha256()),
                shortHash(entry.weights().whole()),
                first
                        ? "-"
                        : row.changedTensors().size() + " of "
                                + entry.weights().byTensor().size(),
                fileState(row));
    }

    private static String fileState(Row row) {
        return switch (row.file()) {
            case NONE -> "-";
            case KEPT -> "kept";
            case PRUNED -> "pruned";
            case REPLACED -> "replaced";
            case DIFFERENT -> "DIFFERENT";
            case MISSING -> "MISSING";
        };
    }

    private void printTensors(PrintWriter out) {
        List<LedgerTensor> tensors = LedgerTensor.all(report);
        int name = tensors.stream().mapToInt(t -> t.name().length()).max().orElse(0);
        out.print("\n" + Text.left("tensor", name) + GAP + Text.right("changed", 9) + GAP
                + Text.left("first weights", DIGITS + 1) + GAP + "last weights\n");
        for (LedgerTensor tensor : tensors) {
            String changed = tensor.changes() + " of " + (report.rows().size() - 1);
            out.print(Text.left(BadFileException.quote(tensor.name()), name) + GAP + Text.right(changed, 9) + GAP
                    + Text.left(shortHash(tensor.first()), DIGITS + 1) + GAP + shortHash(tensor.last()) + "\n");
        }
    }

    private String fixedAndLearned() {
        long configurations = report.configurations();
        Set<String> all = report.tensors();
        Set<String> unchanged = report.unchangedTensors();
        String fixed = "hyperparameters: "
                + (configurations == 1
                        ? "1 configuration throughout"
                        : configurations + " configurations, see CHANGED");
        if (report.rows().size() == 1) {
            return fixed + "; parameters: nothing to compare the only line with";
        }
        if (unchanged.isEmpty()) {
            return fixed + "; parameters: all " + all.size() + " tensors changed";
        }
        List<String> names = unchanged.stream().map(BadFileException::quote).toList();
        return fixed + "; parameters: " + (all.size() - unchanged.size()) + " of " + all.size() + " tensors changed\n"
                + String.join("\n", Text.wrap("never changed: ", names, ", "));
    }

    private static String plural(long n, String what) {
        return Show.count(n) + " " + what + (n == 1 ? "" : "s");
    }

    private static String shortHash(String sha256) {
        return sha256.substring(0, DIGITS);
    }
}
