package tinygpt.runs;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tinygpt.formats.BadFileException;

/** What the ledger of a run says of the steps that are computed again. */
final class ReplayedHistory {
    /** By step: fingerprint of all weights, of the last time that the run was there. */
    private final Map<Long, String> fingerprints = new HashMap<>();

    private boolean changedAtStart;

    private ReplayedHistory() {}

    /**
     * Reads the ledger.
     *
     * @param start the step of the checkpoint to begin with
     * @param last steps done at the end
     * @param notes told if the ledger is damaged, which only means that nothing can be held against it
     * @throws BadFileException if hyperparameters were changed on the way, so that these steps are not one training
     */
    static ReplayedHistory of(RunFolder folder, long start, long last, List<String> notes) {
        ReplayedHistory history = new ReplayedHistory();
        List<LedgerLine> lines;
        try {
            lines = Ledger.open(folder.path()).entries();
        } catch (BadFileException e) {
            notes.add(e.getMessage() + "; what is computed is not held against it");
            return history;
        }
        for (LedgerLine line : lines) {
            LedgerEntry entry = line.entry();
            switch (entry.event()) {
                case START -> {}
                case CHECKPOINT ->
                    history.fingerprints.put(entry.step(), entry.weights().whole());
                case RESUME -> history.goBackTo(entry.step());
                case CHANGE -> {
                    history.goBackTo(entry.step());
                    history.changedAtStart |= entry.step() == start;
                    if (entry.step() > start && entry.step() <= last) {
                        throw new BadFileException(
                                folder.path(),
                                "its hyperparameters were changed after step " + entry.step()
                                        + ", whose checkpoint is gone, so what follows cannot be computed from the"
                                        + " checkpoint of step " + start + "; steps up to " + entry.step() + " can");
                    }
                }
            }
        }
        return history;
    }

    private void goBackTo(long step) {
        fingerprints.keySet().removeIf(later -> later > step);
    }

    /** Whether the run went on from the first checkpoint with other hyperparameters. */
    boolean changedAtStart() {
        return changedAtStart;
    }

    /** The fingerprint of all weights after a step, if it was written down. */
    Optional<String> fingerprint(long step) {
        return Optional.ofNullable(fingerprints.get(step));
    }
}
