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
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingText;
import tinygpt.search.SearchFolder;
import tinygpt.training.Trainer;

/** The flags of {@code train} behind {@code --}, which go to every trial. */
@Command(name = "train", sortOptions = false)
final class TrialOptions {
    private static final String ONLY_BEFORE = "--stop-after";

    private HyperparameterOptions hyperparameters;

    @Option(names = "--data", paramLabel = "FILE")
    private Path data;

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
                            + "; those that can stand there are --data, the hyperparameters, and how a run is evaluated and"
                            + " saved");
        }
        if (options.settings.until(0) != Long.MAX_VALUE) {
            throw new CommandFailure(
                    Exit.USAGE, ONLY_BEFORE + " cannot stand behind --: a trial ends with its steps or at a rung");
        }
        options.settings.check();
        return options;
    }

    Path data() {
        return DataFile.orDefault(data);
    }

    TrainingText text(Path file, Output output) throws IOException {
        return new NewVocabulary(output, true).read(file, hyperparameters.resolve(), hyperparameters);
    }

    /** What every trial has, with the vocabulary of the text. */
    Hyperparameters base(TrainingText text) throws IOException {
        return Trainer.withVocabulary(hyperparameters.resolve(), text.corpus());
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
        Hyperparameters base = definition.plan().base();
        TrainingText text = switch (base.data().tokenizer()) {
            case CHARACTER, BYTE ->
                TrainingText.read(file, base.data().tokenizer(), base.data().validationFraction());
            case BPE ->
                TrainingText.readBytePairs(
                        file, base.model().vocabularySize(), base.data().validationFraction(), (tokens, of) -> {});
        };
        if (!text.sha256().equals(definition.dataSha256())) {
            throw new BadFileException(
                    file,
                    "is not the text this search was begun with (its SHA-256 differs); its trials could not be compared");
        }
        return text;
    }
}
