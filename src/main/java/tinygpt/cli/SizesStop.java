package tinygpt.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.HyperparameterChange;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.RunFolder;

/** Hyperparameters are searched by trying them, not learned. */
final class SizesStop implements TourStop {
    private static final int[] WIDTHS = {8, 16, 32, 64};

    /** What is tried, and the key that follows from it. */
    private static final Set<String> SEARCHED = new TreeSet<>(Set.of("model.width", "model.feed_forward_width"));

    @Override
    public String title() {
        return "Bigger is better, for a price";
    }

    /**
     * One training of the grid.
     *
     * @param hyperparameters it was given
     * @param parameters how many there were to learn
     * @param loss on the validation split, afterwards
     * @param seconds its steps took
     */
    record Trial(Hyperparameters hyperparameters, long parameters, double loss, double seconds) {}

    @Override
    public void visit(TourGuide guide) throws IOException {
        guide.say("You will see four models that differ in one hyperparameter, the width, and what each pays for its"
                + " loss. Training does not choose the width; somebody tries it.");
        int steps = Math.max(2, guide.steps() / 5);
        List<Trial> trials = new ArrayList<>();
        for (int width : WIDTHS) {
            String[] command = command(guide.file("width-" + width), width, steps);
            guide.command(command);
            guide.run(command);
            trials.add(trial(guide, guide.file("width-" + width)));
        }
        guide.figure(table(trials));
        guide.claim(claims(trials));
        Trial best =
                trials.stream().min(Comparator.comparingDouble(Trial::loss)).orElseThrow();
        Trial first = trials.get(0);
        guide.say("So of these widths one would take "
                + best.hyperparameters().model().width() + ": "
                + Show.loss(first.loss() - best.loss()) + " less loss than width "
                + first.hyperparameters().model().width() + ", for "
                + Show.decimals((double) best.parameters() / first.parameters(), 1) + " times the parameters and "
                + Show.decimals(best.seconds() / first.seconds(), 1) + " times the time on this machine.");
    }

    private static String[] command(Path out, int width, int steps) {
        return new String[] {
            "train",
            "--preset",
            "nano",
            "--width",
            Integer.toString(width),
            "--learning-rate",
            "0.003",
            "--steps",
            Integer.toString(steps),
            "--eval-every",
            "0",
            "--snapshots",
            "none",
            "--quiet",
            "--no-latest",
            "--out",
            out.toString()
        };
    }

    private static Trial trial(TourGuide guide, Path run) throws IOException {
        RunFolder folder = new RunFolder(run);
        Hyperparameters hyperparameters = Hyperparameters.fromJson(
                StrictJson.tree(folder.config(), "the config", Files.readAllBytes(folder.config())));
        double loss = guide.json("eval", "--model", run.toString(), "--format", "json")
                .path("loss")
                .asDouble(Double.NaN);
        double milliseconds = 0;
        Path log = run.resolve("metrics.jsonl");
        for (String line : Files.readAllLines(log, StandardCharsets.UTF_8)) {
            milliseconds += StrictJson.tree(log, "a line", line).path("step_ms").asDouble();
        }
        return new Trial(hyperparameters, LoadedModel.registry(run).count(), loss, milliseconds / 1000);
    }

    private static TextTable table(List<Trial> trials) {
        TextTable table = new TextTable("rrrrl", List.of("width", "parameters", "loss", "seconds", "config sha256"));
        for (Trial trial : trials) {
            table.add(List.of(
                    Integer.toString(trial.hyperparameters().model().width()),
                    Show.count(trial.parameters()),
                    Show.loss(trial.loss()),
                    Show.decimals(trial.seconds(), 1),
                    trial.hyperparameters().sha256().substring(0, 12)));
        }
        return table;
    }

    static List<Claim> claims(List<Trial> trials) {
        Set<String> hashes = new TreeSet<>();
        Set<String> keys = new TreeSet<>();
        for (Trial trial : trials) {
            hashes.add(trial.hyperparameters().sha256());
            HyperparameterChange.between(trials.get(0).hyperparameters(), trial.hyperparameters())
                    .forEach(change -> keys.add(change.path()));
        }
        Trial first = trials.get(0);
        Trial last = trials.get(trials.size() - 1);
        return List.of(
                new Claim(
                        hashes.size() == trials.size(),
                        hashes.size() + " of " + trials.size() + " configurations have a fingerprint of their own"),
                new Claim(
                        keys.equals(SEARCHED),
                        "they differ in " + keys.stream().collect(Collectors.joining(" and "))
                                + " only: the width, and what follows from it"),
                new Claim(
                        last.parameters() > first.parameters() && last.loss() < first.loss(),
                        Show.count(last.parameters()) + " parameters reach a loss of " + Show.loss(last.loss()) + ", "
                                + Show.count(first.parameters()) + " one of " + Show.loss(first.loss())));
    }
}
