package tinygpt.runs;

import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import tinygpt.hyperparameters.Hyperparameters;

/**
 * What a line of the ledger says about a moment of a run.
 *
 * @param event what happened
 * @param step number of training steps done
 * @param tokens number of tokens trained on
 * @param configSha256 fingerprint of the hyperparameters, {@link Hyperparameters#sha256()}
 * @param weights fingerprint of the parameters
 * @param file name of the checkpoint that was written or read, without folders; empty if there is none
 * @param fileSha256 of all bytes of the checkpoint that was written; empty if none was
 * @param changes the hyperparameters that were changed, in the order of their paths; empty but for {@link Event#CHANGE}
 */
public record LedgerEntry(
        Event event,
        long step,
        long tokens,
        String configSha256,
        WeightFingerprint weights,
        String file,
        String fileSha256,
        List<HyperparameterChange> changes) {
    /** What may happen to a run. */
    public enum Event {
        /** Training begins, before the first step. */
        START,
        /** A checkpoint was written. */
        CHECKPOINT,
        /** Training goes on from a checkpoint. */
        RESUME,
        /** Training goes on from a checkpoint with other hyperparameters. */
        CHANGE
    }

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    /** A plain name: a ledger must not lead a reader to files elsewhere. */
    private static final Pattern FILE = Pattern.compile("|[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}");

    public LedgerEntry {
        if (step < 0 || tokens < 0) {
            throw new IllegalArgumentException("step " + step + " and tokens " + tokens + " count from 0");
        }
        checkSha256("config_sha256", configSha256);
        checkSha256("weights_sha256", weights.whole());
        weights.byTensor().forEach(LedgerEntry::checkSha256);
        if (event == Event.CHECKPOINT) {
            checkSha256("file_sha256", fileSha256);
        }
        if (fileSha256.isEmpty() == (event == Event.CHECKPOINT) || event != Event.START == file.isEmpty()) {
            throw new IllegalArgumentException("the start has no file, the others have; a checkpoint has its SHA-256");
        }
        if (!FILE.matcher(file).matches()) {
            throw new IllegalArgumentException("'" + file + "' is not the name of a file in the checkpoint folder");
        }
        if (event == Event.CHANGE == changes.isEmpty()) {
            throw new IllegalArgumentException(
                    "a line says which hyperparameters changed if and only if its event is change");
        }
        changes = changes.stream()
                .sorted(Comparator.comparing(HyperparameterChange::path))
                .toList();
    }

    /** The moment before the first step of a run. */
    static LedgerEntry start(String configSha256, WeightFingerprint weights) {
        return new LedgerEntry(Event.START, 0, 0, configSha256, weights, "", "", List.of());
    }

    /** A checkpoint was written to a file of that name. */
    static LedgerEntry checkpoint(Checkpoint.Saved saved, String file) {
        CheckpointHeader header = saved.header();
        return new LedgerEntry(
                Event.CHECKPOINT,
                header.step(),
                header.tokensSeen(),
                header.configSha256(),
                saved.weights(),
                file,
                saved.sha256(),
                List.of());
    }

    /**
     * Training goes on from a checkpoint.
     *
     * @param from what the checkpoint says
     * @param file its name
     * @param weights that were read from it
     * @param now the hyperparameters from now on; what differs from the checkpoint's is listed
     */
    static LedgerEntry resume(CheckpointHeader from, String file, WeightFingerprint weights, Hyperparameters now) {
        List<HyperparameterChange> changes = HyperparameterChange.between(from.hyperparameters(), now);
        Event event = changes.isEmpty() ? Event.RESUME : Event.CHANGE;
        return new LedgerEntry(event, from.step(), from.tokensSeen(), now.sha256(), weights, file, "", changes);
    }

    private static void checkSha256(String what, String value) {
        if (!SHA256.matcher(value).matches()) {
            throw new IllegalArgumentException("the fingerprint of " + what + " is not a SHA-256");
        }
    }
}
