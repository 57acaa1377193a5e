package tinygpt.search;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.HyperparameterChange;
import tinygpt.runs.Ledger;
import tinygpt.runs.LedgerEntry;
import tinygpt.runs.LedgerReport;
import tinygpt.runs.RunFolder;

/**
 * What the files of a trial's run prove: that its hyperparameters differ from the base in what was searched and in nothing
 * else, that they stayed as they were while it was trained, and that it began with the weights that all began with.
 *
 * @param differences hyperparameters that differ from the base, in the order of their keys
 * @param following those among them that follow from a searched one: path to path
 * @param problems what does not hold, a sentence each; empty if all does
 * @param ledgerLines how many lines of the ledger have the fingerprint of the trial's hyperparameters
 */
public record TrialProof(
        List<HyperparameterChange> differences, Map<String, String> following, List<String> problems, int ledgerLines) {
    /** What moves along with another, unless it is set itself; see {@link Hyperparameters#with}. */
    private static final Map<String, String> FOLLOWERS = Map.of(
            "model.feed_forward_width", "model.width",
            "optimization.min_learning_rate", "optimization.learning_rate",
            "optimization.warmup_steps", "optimization.steps",
            "adaptation.trainable", "adaptation.lora_rank",
            "synchronization.replicas", "synchronization.sync",
            "synchronization.local_steps", "synchronization.sync",
            "synchronization.outer_learning_rate", "synchronization.sync",
            "synchronization.outer_momentum", "synchronization.sync");

    private static final String STEPS = "optimization.steps";

    public TrialProof {
        differences = List.copyOf(differences);
        following = Map.copyOf(following);
        problems = List.copyOf(problems);
    }

    /** Whether everything holds. */
    public boolean holds() {
        return problems.isEmpty();
    }

    /** Reads what the run of a trial left. */
    public static TrialProof of(SearchPlan plan, Trial trial, Path search) {
        List<String> problems = new ArrayList<>();
        Path run = trial.folder(search).path();
        Hyperparameters own = trial.hyperparameters();
        try {
            own = Hyperparameters.fromJson(StrictJson.tree(
                    run.resolve("config.json"), "the config", Files.readAllBytes(run.resolve("config.json"))));
        } catch (IOException | IllegalArgumentException | BadFileException e) {
            problems.add("config.json cannot be read: " + e.getMessage());
        }
        List<HyperparameterChange> differences = HyperparameterChange.between(plan.base(), own);
        Map<String, String> following = new java.util.TreeMap<>();
        Set<String> searched = searched(plan);
        for (HyperparameterChange difference : differences) {
            String path = difference.path();
            String leader = FOLLOWERS.get(path);
            if (searched.contains(path)) {
                continue;
            }
            if (leader != null && searched.contains(leader)) {
                following.put(path, leader);
            } else {
                problems.add(difference + " was not searched");
            }
        }
        for (Axis axis : plan.space().axes()) {
            for (HyperparameterKey key : axis.keys()) {
                String given = key.jsonOf(trial.hyperparameters());
                if (!key.jsonOf(own).equals(given)) {
                    problems.add(key.path() + " is " + key.jsonOf(own) + " and should be " + given);
                }
            }
        }
        origin(plan, trial.folder(search), problems);
        return new TrialProof(differences, following, problems, ledger(run, trial, problems));
    }

    /** Paths that may differ: what is searched, and the steps where they are computed. */
    private static Set<String> searched(SearchPlan plan) {
        Set<String> paths = new TreeSet<>();
        plan.space().axes().forEach(axis -> axis.keys().forEach(key -> paths.add(key.path())));
        if (plan.equalTokens()) {
            paths.add(STEPS);
        }
        return paths;
    }

    /** What the first checkpoint says of where its weights came from. */
    private static void origin(SearchPlan plan, RunFolder run, List<String> problems) {
        String expected = plan.from() == null ? "random weights" : plan.from().weightsSha256();
        try {
            String found =
                    Checkpoint.readHeader(run.checkpoint(0)).baseWeightsSha256().orElse("random weights");
            if (!found.equals(expected)) {
                problems.add("it began with " + found + " and should have with " + expected);
            }
        } catch (BadFileException e) {
            problems.add(e.getMessage());
        }
    }

    private static int ledger(Path run, Trial trial, List<String> problems) {
        try {
            LedgerReport report = Ledger.verify(run);
            problems.addAll(report.findings());
            String expected = trial.hyperparameters().sha256();
            int lines = 0;
            for (LedgerReport.Row row : report.rows()) {
                if (row.entry().event() == LedgerEntry.Event.CHANGE
                        || !row.entry().configSha256().equals(expected)) {
                    problems.add("line " + row.line().number() + " of the ledger has other hyperparameters");
                } else {
                    lines++;
                }
            }
            return lines;
        } catch (BadFileException e) {
            problems.add(e.getMessage());
            return 0;
        }
    }
}
