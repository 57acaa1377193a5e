package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingText;
import tinygpt.search.BaseModel;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPlan;
import tinygpt.search.SearchSpace;
import tinygpt.text.Tokenizer;
import tinygpt.training.Trainer;

/** The flags of {@code train} behind {@code --}, which go to every trial. */
@Command(name = "train", sortOptions = false)
final class TrialOptions {
    private static final String ONLY_BEFORE = "--stop-after";

    private HyperparameterOptions hyperparameters;

    @Option(names = "--data", paramLabel = "FILE")
    private Path data;

    @Mixin
    private FromOptions fineTuning;

    @Mixin
    private RunOptions settings;

    private TrialOptions() {}

    /**
     * Reads the flags.
     *
     * @throws CommandFailure with {@link Exit#USAGE} if one of them is not a flag of train that a trial can have
     */
    static TrialOptions parse(List<String> arguments) {
        TrialOptions options = new TrialOptions();
        CommandLine line = new CommandLine(options);
        options.hyperparameters = HyperparameterOptions.addTo(line.getCommandSpec());
        try {
            line.parseArgs(arguments.toArray(String[]::new));
        } catch (ParameterException e) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "behind --, where the flags of train stand that go to every trial: " + e.getMessage()
                            + "; those that can stand there are --data, --from, the hyperparameters, and how a run is"
                            + " evaluated and saved");
        }
        if (options.settings.until(0) != Long.MAX_VALUE) {
            throw new CommandFailure(
                    Exit.USAGE, ONLY_BEFORE + " cannot stand behind --: a trial ends with its steps or at a rung");
        }
        options.settings.check();
        return options;
    }

    /** Whether the trials begin with the weights of another model. */
    boolean isFineTuning() {
        return fineTuning.given();
    }

    /** Reads the text, and the model to begin with if there is one. */
    TrialBeginning begin(Output output) throws IOException {
        Path file = DataFile.orDefault(data);
        if (!fineTuning.given()) {
            TrainingText text = new NewVocabulary(output, true).read(file, hyperparameters.resolve(), hyperparameters);
            return beginning(file, text);
        }
        try (LoadedModel model = ModelOption.open(fineTuning.path(), output)) {
            TrainingText text = fineTuning.text(file, model, fineTuning.hyperparameters(model, hyperparameters));
            return beginning(file, text, model);
        }
    }

    /** The same for a search that has read its text already. */
    TrialBeginning again(TrainingText text, Output output) throws IOException {
        if (!fineTuning.given()) {
            return beginning(text.file(), text);
        }
        try (LoadedModel model = ModelOption.open(fineTuning.path(), output)) {
            return beginning(text.file(), text, model);
        }
    }

    private TrialBeginning beginning(Path file, TrainingText text) throws IOException {
        return new TrialBeginning(
                file, text, Trainer.withVocabulary(hyperparameters.resolve(), text.corpus()), null, false);
    }

    private TrialBeginning beginning(Path file, TrainingText text, LoadedModel model) throws IOException {
        Hyperparameters chosen = fineTuning.hyperparameters(model, hyperparameters);
        return new TrialBeginning(
                file,
                text,
                Trainer.withVocabulary(chosen, text.corpus()),
                BaseModel.of(fineTuning.path(), model, fineTuning.isExtended()),
                FromOptions.isAdapted(model));
    }

    /** Refuses to search what the model that the trials begin with decides. */
    void check(SearchSpace space, TrialBeginning beginning) {
        if (beginning.from() != null) {
            fineTuning.check(space, beginning.adapted());
        }
    }

    /** Without the report's snapshots, unless somebody asks for them: of many runs few are looked at. */
    RunSettings settings(Hyperparameters base) {
        RunSettings usual = RunSettings.forSteps(base.optimization().steps());
        return settings.apply(new RunSettings(
                usual.evaluateEvery(),
                usual.saveEvery(),
                usual.keep(),
                usual.csv(),
                usual.tensorBoard(),
                new RunSettings.Snapshots(0, List.of(), "")));
    }

    /** The text that the search was begun with, if it is still that. */
    static TrainingText textOf(SearchFolder.Definition definition) throws IOException {
        Path file = DataFile.orDefault(definition.data());
        SearchPlan plan = definition.plan();
        TrainingText text = plan.from() == null
                ? newVocabulary(file, plan.base())
                : vocabularyOf(plan.from(), file, plan.base().data().validationFraction());
        if (!text.sha256().equals(definition.dataSha256())) {
            throw new BadFileException(
                    file,
                    "is not the text this search was begun with (its SHA-256 differs); its trials could not be compared");
        }
        return text;
    }

    private static TrainingText newVocabulary(Path file, Hyperparameters base) throws IOException {
        return switch (base.data().tokenizer()) {
            case CHARACTER, BYTE ->
                TrainingText.read(file, base.data().tokenizer(), base.data().validationFraction());
            case BPE ->
                TrainingText.readBytePairs(
                        file, base.model().vocabularySize(), base.data().validationFraction(), (tokens, of) -> {});
        };
    }

    private static TrainingText vocabularyOf(BaseModel from, Path file, double fraction) throws IOException {
        try (LoadedModel model = from.open()) {
            Tokenizer tokenizer = model.tokenizer().orElseThrow();
            return from.extended()
                    ? TrainingText.readExtending(file, tokenizer, fraction)
                    : TrainingText.read(file, tokenizer, fraction);
        }
    }
}
