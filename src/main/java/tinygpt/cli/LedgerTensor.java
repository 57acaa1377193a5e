package tinygpt.cli;

import java.util.List;
import java.util.Map;
import tinygpt.runs.LedgerReport;

/**
 * A tensor over a whole ledger.
 *
 * @param name of the parameter
 * @param changes in how many lines it differs from the line before
 * @param first its SHA-256 in the first line that has it
 * @param last its SHA-256 in the last line that has it
 */
record LedgerTensor(String name, long changes, String first, String last) {
    static List<LedgerTensor> all(LedgerReport report) {
        return report.tensors().stream().map(name -> of(report, name)).toList();
    }

    private static LedgerTensor of(LedgerReport report, String name) {
        List<String> hashes = report.rows().stream()
                .map(row -> row.entry().weights().byTensor())
                .filter(tensors -> tensors.containsKey(name))
                .map((Map<String, String> tensors) -> tensors.get(name))
                .toList();
        long changes = report.rows().stream()
                .filter(row -> row.changedTensors().contains(name))
                .count();
        return new LedgerTensor(name, changes, hashes.get(0), hashes.get(hashes.size() - 1));
    }
}
