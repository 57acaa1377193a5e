package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.TokenizerKind;
import tinygpt.runs.TrainingText;
import tinygpt.text.BytePairTrainer;
import tinygpt.text.Corpus;

/** Reads a text for a fresh model, whose vocabulary it makes; learning one by BPE takes a moment, and is shown. */
final class NewVocabulary {
    private static final int SHOWN_EVERY = 16;
    private static final int WIDEST_BAR = 26;
    private static final int NARROWEST_BAR = 4;

    private final Output output;
    private final boolean shown;

    NewVocabulary(Output output, boolean shown) {
        this.output = output;
        this.shown = shown;
    }

    /**
     * Reads a text with a vocabulary of its own.
     *
     * @throws CommandFailure if a vocabulary size was asked for that the text or the tokenizer cannot have
     */
    TrainingText read(Path file, Hyperparameters chosen, HyperparameterOptions options) throws IOException {
        boolean asked = options.explicitKeys().contains(HyperparameterOptions.VOCABULARY_SIZE);
        TokenizerKind kind = chosen.data().tokenizer();
        TrainingText text = switch (kind) {
            case CHARACTER, BYTE -> TrainingText.read(file, kind, chosen.data().validationFraction());
            case BPE -> learn(file, chosen, asked);
        };
        int size = chosen.model().vocabularySize();
        int actual = text.corpus().tokenizer().vocabularySize();
        if (asked && size != actual) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--vocabulary-size " + size + " does not fit: "
                            + switch (kind) {
                                case CHARACTER, BYTE ->
                                    "the tokenizer of " + file + " has " + actual
                                            + " tokens; leave the flag out when training";
                                case BPE ->
                                    "the training part of " + file + " gives only " + actual
                                            + " tokens; ask for fewer, or give a longer text";
                            });
        }
        return text;
    }

    /** A line with a bar, where there is room for one. The bytes and the end of text are there from the start. */
    static String progress(int tokens, int of, Glyphs glyphs, int columns) {
        String total = Show.count(of);
        String left = "learning the vocabulary ";
        String right = " " + Text.right(Show.count(tokens), total.length()) + "/" + total + " tokens";
        int room = Math.min(WIDEST_BAR, columns - 1 - left.length() - right.length() - 2);
        int fixed = BytePairTrainer.SMALLEST_VOCABULARY;
        double share = of > fixed ? (double) (tokens - fixed) / (of - fixed) : 1;
        String bar = room < NARROWEST_BAR
                ? ""
                : ProgressPainter.bar(Math.max(0, share), room, ProgressPainter.canShowBar(glyphs));
        return Columns.first(left + bar + right, columns - 1);
    }

    /** Presets for characters have a vocabulary that is too small for the bytes: it says nothing of BPE. */
    private TrainingText learn(Path file, Hyperparameters chosen, boolean asked) throws IOException {
        int size = chosen.model().vocabularySize();
        boolean possible = size >= BytePairTrainer.SMALLEST_VOCABULARY;
        if (asked && !possible) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--vocabulary-size " + size + " is too small for BPE: the 256 bytes and the end of text alone are "
                            + BytePairTrainer.SMALLEST_VOCABULARY + " tokens");
        }
        PrintWriter err = output.err();
        boolean painted = shown && Terminal.paintsOnStderr();
        TrainingText text = TrainingText.readBytePairs(
                file,
                possible ? size : BytePairTrainer.USUAL_VOCABULARY,
                chosen.data().validationFraction(),
                (tokens, of) -> {
                    if (painted && (tokens % SHOWN_EVERY == 0 || tokens == of)) {
                        err.print('\r' + progress(tokens, of, output.glyphs(), Terminal.columns()));
                        err.flush();
                    }
                });
        if (shown) {
            err.print(painted ? "\r" + " ".repeat(Terminal.columns() - 1) + "\r" : "");
            err.printf(
                    Locale.ROOT,
                    "learned a vocabulary of %,d tokens (BPE) from the training part of the text; its %,d characters are"
                            + " %,d tokens%n",
                    text.corpus().tokenizer().vocabularySize(),
                    Corpus.characters(text.corpus().tokenizer(), text.corpus().train()),
                    text.corpus().train().length);
            err.flush();
        }
        return text;
    }
}
