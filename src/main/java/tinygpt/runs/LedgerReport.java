package tinygpt.runs;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a ledger says and what was found wrong.
 *
 * @param rows the lines that are as they were written, oldest first; at least one
 * @param findings what was changed since it was written or is lacking, a sentence each
 * @param warnings what a stopped program may leave behind, a sentence each
 */
public record LedgerReport(List<Row> rows, List<String> findings, List<String> warnings) {
    /** What became of a checkpoint. */
    public enum FileState {
        /** The line names no file. */
        NONE,
        /** It is there, and is what its line says. */
        KEPT,
        /** It was removed after newer ones were written. */
        PRUNED,
        /** A later one took its name. */
        REPLACED,
        /** It is there, but is not what its line says. */
        DIFFERENT,
        /** It should be there and is not. */
        MISSING
    }

    /**
     * A line with what it means beside the one before.
     *
     * @param line as it was written
     * @param sameConfig whether the hyperparameters are those of the line before; true of the first
     * @param changedTensors names of the tensors that differ from the line before; none for the first
     * @param file what became of its checkpoint
     */
    public record Row(LedgerLine line, boolean sameConfig, List<String> changedTensors, FileState file) {
        public LedgerEntry entry() {
            return line.entry();
        }
    }

    public LedgerReport {
        rows = List.copyOf(rows);
        findings = List.copyOf(findings);
        warnings = List.copyOf(warnings);
    }

    /** Whether everything that can be checked is as it was written. */
    public boolean sound() {
        return findings.isEmpty();
    }

    /** Number of different sets of hyperparameters. */
    public long configurations() {
        return rows.stream().map(row -> row.entry().configSha256()).distinct().count();
    }

    /** Names of all tensors there are, in order. */
    public Set<String> tensors() {
        return rows.stream()
                .flatMap(row -> row.entry().weights().byTensor().keySet().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Names of the tensors that are the same in all lines, in order. */
    public Set<String> unchangedTensors() {
        Set<String> unchanged = tensors();
        rows.forEach(row -> row.changedTensors().forEach(unchanged::remove));
        return unchanged;
    }

    /** Number of checkpoints that are there and are what their lines say. */
    public long checkpoints() {
        return rows.stream()
                .filter(row -> row.file() == FileState.KEPT)
                .map(row -> row.entry().file())
                .distinct()
                .count();
    }

    /** Hash of the last line: whoever notes it down elsewhere can tell later whether the ledger was written anew. */
    public String head() {
        return rows.get(rows.size() - 1).line().hash();
    }
}
