package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tinygpt.formats.BadFileException;
import tinygpt.runs.Ledger;
import tinygpt.runs.LedgerEntry;
import tinygpt.runs.LedgerEntry.Event;
import tinygpt.runs.LedgerReport;
import tinygpt.runs.LedgerReport.Row;

/** The ledger of a run, checked against its files, and in one sentence what that shows. */
final class LedgerState {
    private static final int MOST_FINDINGS = 3;

    private LedgerState() {}

    /** The ledger, or null if the run has none that can be read. */
    static LedgerReport verify(Path folder) {
        if (!Files.isRegularFile(folder.resolve(Ledger.FILE))) {
            return null;
        }
        try {
            return Ledger.verify(folder);
        } catch (BadFileException e) {
            return null;
        }
    }

    /** The piece of the state. */
    static ObjectNode json(LedgerReport report) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (report == null) {
            json.put("intact", false);
            json.put("verdict", "There is no ledger that can be read, so nothing can be proved of this run.");
            json.putArray("lines");
            return json;
        }
        json.put("intact", report.sound()).put("verdict", verdict(report)).put("head", report.head());
        ArrayNode lines = json.putArray("lines");
        List<Row> rows = report.rows();
        for (int i = 0; i < rows.size(); i++) {
            boolean startIsSavedNext = rows.get(i).entry().event() == Event.START
                    && i + 1 < rows.size()
                    && rows.get(i + 1)
                            .entry()
                            .weights()
                            .equals(rows.get(i).entry().weights());
            if (!startIsSavedNext) {
                line(lines.addObject(), rows.get(i), lines.size() == 1);
            }
        }
        return json;
    }

    private static void line(ObjectNode json, Row row, boolean first) {
        LedgerEntry entry = row.entry();
        json.put("step", entry.step())
                .put("tokens", entry.tokens())
                .put("config", entry.configSha256())
                .put("sameConfig", row.sameConfig())
                .put("weights", entry.weights().whole())
                .put("of", entry.weights().byTensor().size())
                .put("note", note(entry));
        if (first) {
            json.putNull("changed");
        } else {
            json.put("changed", row.changedTensors().size());
        }
    }

    private static String note(LedgerEntry entry) {
        return switch (entry.event()) {
            case START, CHECKPOINT -> null;
            case RESUME -> "resumed";
            case CHANGE ->
                entry.changes().stream()
                        .map(change -> change.path() + " " + change.from() + " → " + change.to())
                        .collect(Collectors.joining(", ", "changed: ", ""));
        };
    }

    private static String verdict(LedgerReport report) {
        if (!report.sound()) {
            long more = report.findings().size() - MOST_FINDINGS;
            return "The files are not as they were written: "
                    + report.findings().stream().limit(MOST_FINDINGS).collect(Collectors.joining("; "))
                    + (more > 0 ? "; and " + more + " more" : "") + ".";
        }
        int tensors = report.tensors().size();
        int unchanged = report.unchangedTensors().size();
        String fixed = report.configurations() == 1
                ? "One set of hyperparameters throughout"
                : report.configurations() + " sets of hyperparameters, see the notes";
        String learned = report.rows().size() == 1
                ? "there is only one state, so nothing to compare it with"
                : unchanged == 0
                        ? String.format(Locale.ROOT, "training changed all %,d tensors", tensors)
                        : String.format(
                                Locale.ROOT, "training changed %,d of %,d tensors", tensors - unchanged, tensors);
        return fixed + "; " + learned + ". Recomputed from the files, and as it was written.";
    }
}
