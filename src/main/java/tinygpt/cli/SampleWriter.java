package tinygpt.cli;

import java.util.Arrays;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.text.Corpus;
import tinygpt.text.Tokenizer;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/** Lets the model write a little at every evaluation, with the same random numbers each time, so that one sees it learn. */
final class SampleWriter implements TrainingListener {
    private static final int TOKENS = 90;

    private final Trainer trainer;
    private final Sink sink;

    /** Takes a sample that was written after so many steps. */
    @FunctionalInterface
    interface Sink {
        void sample(long step, String text);
    }

    SampleWriter(Trainer trainer, Sink sink) {
        this.trainer = trainer;
        this.sink = sink;
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        sink.sample(report.step(), sample(trainer, TOKENS));
    }

    /** A text by the model as it is now. */
    static String sample(Trainer trainer, int tokens) {
        Tokenizer tokenizer = trainer.corpus().tokenizer();
        SamplingSettings settings = SamplingSettings.defaults()
                .withSeed(trainer.hyperparameters().seed())
                .withMaxTokens(tokens);
        StringBuilder text = new StringBuilder();
        try (Generator generator = new Generator(trainer.model(), trainer.team().workspace())) {
            generator.text(tokenizer, start(trainer.corpus()), settings, 0, piece -> {
                text.append(piece);
                return true;
            });
        }
        return text.toString();
    }

    /** The beginning of a new text where texts are separated; elsewhere that token was never seen, so the first one is. */
    static int[] start(Corpus corpus) {
        int endOfText = corpus.tokenizer().endOfText();
        boolean separated = Arrays.stream(corpus.train()).anyMatch(id -> id == endOfText);
        return separated ? new int[0] : new int[] {corpus.train()[0]};
    }
}
