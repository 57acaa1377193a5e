package tinygpt.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.hyperparameters.TokenizerKind;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingText;
import tinygpt.search.LocalTrialRunner;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPlan;
import tinygpt.search.SearchSpace;
import tinygpt.search.SharedText;
import tinygpt.search.Trial;
import tinygpt.search.TrialCluster;
import tinygpt.search.TrialList;
import tinygpt.search.TrialRunner;
import tinygpt.training.Trainer;

/** A search of one trial over a small text, in a folder with its definition. */
record SmallSearch(SearchFolder folder, SearchFolder.Definition definition, TrainingText text) {
    private static final LocalTrialRunner.Limits LIMITS = new LocalTrialRunner.Limits(Double.POSITIVE_INFINITY, 0);

    /** What is searched is one value, {@code steps=90000}. */
    static SmallSearch create(Path folder, String name, String set) throws IOException {
        Path file = folder.resolve("text.txt");
        Files.writeString(file, "A fox ran over the hill and saw a dog.\n".repeat(60));
        TrainingText text = TrainingText.read(file, TokenizerKind.CHARACTER, 0.1);
        Hyperparameters base = Trainer.withVocabulary(
                Preset.named("nano").hyperparameters().with("optimization.steps", "12"), text.corpus());
        SearchPlan plan =
                new SearchPlan(base, SearchSpace.parse(List.of(set)), SearchPlan.Method.GRID, 0, 1, null, false);
        RunSettings settings = new RunSettings(5, 5, 2, false, false, new RunSettings.Snapshots(0, List.of(), ""));
        SearchFolder search = new SearchFolder(folder.resolve(name));
        SearchFolder.Definition definition = new SearchFolder.Definition(plan, file, text.sha256(), settings.toJson());
        search.create(definition);
        return new SmallSearch(search, definition, text);
    }

    Trial trial() {
        return TrialList.of(definition.plan()).trials().get(0);
    }

    /** Where the run of the trial is. */
    Path run() {
        return trial().folder(folder.path()).path();
    }

    TrialRunner on(TrialCluster cluster) {
        return cluster.runner(folder, SharedText.of(text, definition.plan()), 0, LIMITS);
    }

    TrialRunner here() {
        return LocalTrialRunner.of(folder, definition, text, 1, LIMITS);
    }
}
