package tinygpt.bench;

import java.util.OptionalInt;
import java.util.function.IntPredicate;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.model.Gpt;
import tinygpt.tensor.Workspace;

/**
 * One text at a time, from an empty context until it is full, as a user gets it: by the generator, in turns with the
 * likeliest token always and with the default sampling. Texts have no end before, so that all are equally long.
 */
final class Generation implements AutoCloseable {
    private static final double NANOS = 1e9;

    private final Generator generator;
    private final int length;
    private final SamplingSettings likeliest;
    private final SamplingSettings usual;
    private final int[] prompt = {0};
    private final Samples greedy = new Samples();
    private final Samples sampled = new Samples();

    Generation(Gpt model, Workspace workspace, int length) {
        this.generator = new Generator(model, workspace);
        this.length = length;
        this.likeliest = SamplingSettings.greedy(length);
        this.usual = SamplingSettings.defaults().withMaxTokens(length);
    }

    /** Tokens per second of each text of likeliest tokens. */
    Spread greedy() {
        return greedy.spread();
    }

    /** Tokens per second of each sampled text. */
    Spread sampled() {
        return sampled.spread();
    }

    /** Generates texts until the time is over, the last ones broken off. */
    void warmUp(double seconds) {
        long end = System.nanoTime() + (long) (seconds * NANOS);
        while (System.nanoTime() < end) {
            text(likeliest, 0, id -> System.nanoTime() < end);
            text(usual, 0, id -> System.nanoTime() < end);
        }
    }

    /** Generates and measures whole texts, at least one of each kind, until the time is over. */
    void measure(double seconds) {
        long begin = System.nanoTime();
        do {
            greedy.add(rate(likeliest));
            sampled.add(rate(usual));
        } while (System.nanoTime() - begin < seconds * NANOS);
    }

    /** Generates one text of likeliest tokens; returns its tokens per second. */
    double likeliest() {
        return rate(likeliest);
    }

    private double rate(SamplingSettings settings) {
        long start = System.nanoTime();
        text(settings, greedy.count(), id -> true);
        return length * NANOS / (System.nanoTime() - start);
    }

    private void text(SamplingSettings settings, int number, IntPredicate receiver) {
        int[] last = new int[1];
        generator.tokens(prompt, settings, number, OptionalInt.empty(), id -> {
            last[0] = id;
            return receiver.test(id);
        });
        prompt[0] = last[0]; // another text next time
    }

    @Override
    public void close() {
        generator.close();
    }
}
