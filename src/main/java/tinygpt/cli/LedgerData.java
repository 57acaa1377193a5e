package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Locale;
import tinygpt.runs.LedgerEntry;
import tinygpt.runs.LedgerReport;

/** The ledger of a run for programs. */
final class LedgerData {
    private LedgerData() {}

    static ObjectNode json(Path folder, LedgerReport report, boolean tensors) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("run", folder.toString());
        json.put("sound", report.sound());
        ArrayNode findings = json.putArray("findings");
        report.findings().forEach(findings::add);
        ArrayNode warnings = json.putArray("warnings");
        report.warnings().forEach(warnings::add);
        json.put("last_line_sha256", report.head());
        json.put("configurations", report.configurations());
        json.put("tensors", report.tensors().size());
        ArrayNode unchanged = json.putArray("never_changed");
        report.unchangedTensors().forEach(unchanged::add);
        ArrayNode lines = json.putArray("lines");
        report.rows().forEach(row -> line(lines.addObject(), row));
        if (tensors) {
            ArrayNode each = json.putArray("by_tensor");
            for (LedgerTensor tensor : LedgerTensor.all(report)) {
                each.addObject()
                        .put("name", tensor.name())
                        .put("changes", tensor.changes())
                        .put("first_sha256", tensor.first())
                        .put("last_sha256", tensor.last());
            }
        }
        return json;
    }

    private static void line(ObjectNode json, LedgerReport.Row row) {
        LedgerEntry entry = row.entry();
        json.put("line", row.line().number());
        json.put("time", row.line().time());
        json.put("event", entry.event().name().toLowerCase(Locale.ROOT));
        json.put("step", entry.step());
        json.put("tokens", entry.tokens());
        json.put("config_sha256", entry.configSha256());
        json.put("same_config", row.sameConfig());
        ObjectNode changes = json.putObject("changes");
        entry.changes()
                .forEach(change -> changes.putObject(change.path())
                        .put("from", change.from())
                        .put("to", change.to()));
        json.put("weights_sha256", entry.weights().whole());
        json.put("tensors_changed", row.changedTensors().size());
        json.put("file", entry.file());
        json.put("file_state", row.file().name().toLowerCase(Locale.ROOT));
    }
}
