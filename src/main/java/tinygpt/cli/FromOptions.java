package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import picocli.CommandLine.Option;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.FineTuningPlan;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.HyperparameterChange;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.RunFolders;
import tinygpt.runs.TrainingText;
import tinygpt.search.Axis;
import tinygpt.search.SearchSpace;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownCharacterException;

/** The options of fine-tuning: training that begins with the weights of another model. */
final class FromOptions {
    private static final Set<String> DROPOUTS =
            Set.of("model.embedding_dropout", "model.attention_dropout", "model.residual_dropout");

    private static final String MERGE = "make them part of the model first with 'tinygpt merge'";

    /** What happens to characters of the new text that the model has no token for. */
    enum Vocabulary {
        /** Say which, and do not begin. */
        refuse,
        /** Give each a token behind the others, with an embedding row of its own that is initialised like any. */
        extend
    }

    @Option(
            names = "--from",
            paramLabel = "MODEL",
            description =
                    "Begin with the weights of this model (a run folder, RUN@STEP, RUN@best, a checkpoint, a GGUF file"
                            + " or a Hugging Face GPT-2 folder) instead of random ones. Architecture and tokenizer are the model's,"
                            + " the rest is as it was trained unless given.")
    private Path from;

    @Option(
            names = "--vocabulary",
            paramLabel = "refuse|extend",
            description = "With --from: what to do when the text has characters that the model does not know; extend"
                    + " gives each a new embedding row behind the others; refuse unless given.")
    private Vocabulary vocabulary;

    /**
     * Whether this is fine-tuning.
     *
     * @throws CommandFailure if it is not, but was spoken of
     */
    boolean given() {
        if (from == null && vocabulary != null) {
            throw new CommandFailure(
                    Exit.USAGE, "--vocabulary belongs to --from; a new model takes its vocabulary from the text");
        }
        return from != null;
    }

    /** Whether characters that the model has no token for get new ones. */
    boolean isExtended() {
        return vocabulary == Vocabulary.extend;
    }

    /** The model; that which it is now, if it was given as the latest run. */
    Path path() {
        return RunFolders.named(from);
    }

    /** The hyperparameters of a fine-tuning run: the model's with what was given in their place. */
    Hyperparameters hyperparameters(LoadedModel base, HyperparameterOptions options) throws IOException {
        if (options.presetGiven()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--from takes the architecture of " + from + "; leave out --preset and give single flags");
        }
        Tokenizer tokenizer = base.tokenizer()
                .orElseThrow(() -> new BadFileException(
                        from,
                        "has no tokenizer, so a text cannot become its tokens; put its tokenizer.json, or vocab.json and"
                                + " merges.txt, there"));
        Hyperparameters before = base.checkpoint()
                .map(CheckpointHeader::hyperparameters)
                .orElseGet(() -> FineTuningPlan.of(base.model().shape(), tokenizer.kind()));
        boolean adapted = isAdapted(base);
        // What was frozen for another run's purpose is not frozen for this one's.
        before = before.withAdaptation(before.adaptation().trainedAnew());
        Hyperparameters after = options.resolve(before);
        for (HyperparameterChange change : HyperparameterChange.between(before, after)) {
            String key = change.path();
            if (key.equals(HyperparameterOptions.VOCABULARY_SIZE) && vocabulary == Vocabulary.extend) {
                continue; // the text decides, and a config of such a run says how
            }
            if (isFixed(key)) {
                throw new CommandFailure(
                        Exit.USAGE,
                        "the model of " + from + " stays as it is, but this would change " + change
                                + "; leave that out");
            }
            if (adapted && isOfAdapters(key)) {
                throw new CommandFailure(
                        Exit.USAGE,
                        from + " has adapters already, and this would change " + change + "; leave that out, or "
                                + MERGE);
            }
        }
        return after;
    }

    /** Refuses to search what the model decides. */
    void check(SearchSpace space, boolean adapted) {
        for (Axis axis : space.axes()) {
            for (HyperparameterKey key : axis.keys()) {
                if (isFixed(key.path())) {
                    throw new CommandFailure(
                            Exit.USAGE,
                            "--set " + axis.name() + ": every trial begins with the weights of " + from
                                    + ", which stays as it is; search it without --from");
                }
                if (adapted && isOfAdapters(key.path())) {
                    throw new CommandFailure(
                            Exit.USAGE,
                            "--set " + axis.name() + ": " + from + " has adapters already; leave that out, or "
                                    + MERGE);
                }
            }
        }
    }

    /** Whether a model has adapters, which a further training goes on with. */
    static boolean isAdapted(LoadedModel base) {
        return base.model().registry().adaptation().loraRank() > 0;
    }

    private static boolean isFixed(String key) {
        return key.startsWith("model.") && !DROPOUTS.contains(key) || key.equals("data.tokenizer");
    }

    private static boolean isOfAdapters(String key) {
        return key.startsWith("adaptation.lora_");
    }

    /** The new text in tokens of the model. */
    TrainingText text(Path file, LoadedModel base, Hyperparameters hyperparameters) throws IOException {
        double fraction = hyperparameters.data().validationFraction();
        TrainingText text = read(file, base.tokenizer().orElseThrow(), fraction);
        int size = text.corpus().tokenizer().vocabularySize();
        int asked = hyperparameters.model().vocabularySize();
        if (size != asked && asked != base.tokenizer().orElseThrow().vocabularySize()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "a vocabulary of " + asked + " tokens does not fit: with the characters of " + file + " it has "
                            + size + "; leave the size out");
        }
        return text;
    }

    private TrainingText read(Path file, Tokenizer tokenizer, double fraction) throws IOException {
        if (vocabulary == Vocabulary.extend) {
            return TrainingText.readExtending(file, tokenizer, fraction);
        }
        try {
            return TrainingText.read(file, tokenizer, fraction);
        } catch (BadFileException e) {
            if (e.getCause() instanceof UnknownCharacterException unknown) {
                throw new BadFileException(
                        file,
                        "has characters that the model has no token for: " + unknown.named()
                                + ". Remove them, or give them new embedding rows with --vocabulary extend",
                        e);
            }
            throw e;
        }
    }
}
