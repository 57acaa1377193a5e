package tinygpt.runs;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Synchronization;

/**
 * What a person says about a run that does not change what is learned: no hyperparameters, and not hashed. They are kept in
 * the checkpoints, so that a resumed run goes on in the same way.
 *
 * @param evaluateEvery steps between evaluations, 0 for none
 * @param saveEvery steps between checkpoints; the run is saved at evaluations too
 * @param keep how many of the newest checkpoints stay, besides the first and the best
 * @param csv whether metrics are written as CSV too
 * @param tensorBoard whether event files for TensorBoard are written
 * @param snapshots what is kept of the weights on the way
 */
public record RunSettings(
        int evaluateEvery, int saveEvery, int keep, boolean csv, boolean tensorBoard, Snapshots snapshots) {
    /** The newest checkpoints that are kept unless somebody says otherwise: one to lose. */
    public static final int KEEP = 2;

    public RunSettings {
        if (evaluateEvery < 0 || saveEvery < 0 || keep < 1) {
            throw new IllegalArgumentException("evaluations every " + evaluateEvery + " steps, checkpoints every "
                    + saveEvery + ", " + keep + " kept: the first two cannot be negative, and one must be kept");
        }
    }

    /**
     * What a run keeps of its weights on the way, for its report.
     *
     * @param count how many snapshots at most, 0 for none
     * @param matrices selectors of the tensors that are kept as pictures; empty for a few that are typical
     * @param prompt what the model is asked at every snapshot; empty for a piece of the validation text
     */
    public record Snapshots(int count, List<String> matrices, String prompt) {
        /** Unless somebody says otherwise. */
        public static final Snapshots DEFAULT = new Snapshots(20, List.of(), "");

        private static final int MOST = 200;

        public Snapshots {
            matrices = List.copyOf(matrices);
            if (count != 0 && (count < 3 || count > MOST)) {
                throw new IllegalArgumentException("a run has 3 to " + MOST
                        + " snapshots (the start, the first step, the end and more), or none; not " + count);
            }
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("count", count);
            json.put("matrices", matrices);
            json.put("prompt", prompt);
            return json;
        }

        static Snapshots fromJson(Object json) {
            if (!(json instanceof Map<?, ?> map)) {
                return DEFAULT; // of a run that is older than they are
            }
            return new Snapshots(
                    (Integer) map.get("count"),
                    ((List<?>) map.get("matrices"))
                            .stream().map(String.class::cast).toList(),
                    (String) map.get("prompt"));
        }
    }

    /** Ten evaluations over a number of steps, each with a checkpoint. */
    public static RunSettings forSteps(int steps) {
        return new RunSettings(Math.max(1, steps / 10), 0, KEEP, false, true, Snapshots.DEFAULT);
    }

    /** Whether a checkpoint is due after a step, or a round of replicas, after which training does not evaluate. */
    boolean savesBetweenEvaluations(long step, Hyperparameters hyperparameters) {
        Synchronization synchronization = hyperparameters.synchronization();
        boolean evaluates = evaluateEvery > 0
                && (synchronization.due(step, evaluateEvery)
                        || step == hyperparameters.optimization().steps());
        return saveEvery > 0 && synchronization.due(step, saveEvery) && !evaluates;
    }

    /** As JSON, for {@link #fromJson}. */
    public String toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("evaluate_every", evaluateEvery);
        json.put("save_every", saveEvery);
        json.put("keep", keep);
        json.put("csv", csv);
        json.put("tensorboard", tensorBoard);
        json.put("snapshots", snapshots.toJson());
        return StrictJson.write(json);
    }

    /** Reads what {@link #toJson} wrote; {@code otherwise} if there is nothing that can be read. */
    public static RunSettings fromJson(Map<String, Object> json, RunSettings otherwise) {
        try {
            return new RunSettings(
                    (Integer) json.get("evaluate_every"),
                    (Integer) json.get("save_every"),
                    (Integer) json.get("keep"),
                    (Boolean) json.get("csv"),
                    (Boolean) json.get("tensorboard"),
                    Snapshots.fromJson(json.get("snapshots")));
        } catch (RuntimeException e) {
            return otherwise;
        }
    }
}
