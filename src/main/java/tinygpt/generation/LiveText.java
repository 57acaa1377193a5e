package tinygpt.generation;

import tinygpt.model.DecodeBatch;
import tinygpt.model.DecodeState;
import tinygpt.model.Gpt;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Workspace;

/** One text that is being generated: the window of it that the model sees, its cache, and who chooses its tokens. */
final class LiveText implements AutoCloseable {
    private final Gpt model;
    private final int context;
    private final int slide;
    private final DecodeState state;
    private final int[] window;
    private int length;
    private Sampler sampler;
    private long sample;
    private int number;

    LiveText(Gpt model, int slide) {
        this.model = model;
        this.context = model.shape().contextLength();
        this.slide = slide;
        this.state = new DecodeState(model);
        this.window = new int[context];
    }

    /** Which sample it is. */
    long sample() {
        return sample;
    }

    /** How many tokens were chosen. */
    int number() {
        return number;
    }

    /** Begins a sample: reads its prompt, of at least one token. */
    void begin(Workspace space, int[] prompt, Sampler chooser, long ofSample) {
        sampler = chooser;
        sampler.begin(prompt);
        sample = ofSample;
        number = 0;
        int from = (int) unseen(prompt.length, context, slide);
        length = prompt.length - from;
        System.arraycopy(prompt, from, window, 0, length);
        state.read(model, space, window, 0, length);
    }

    /** Chooses the next token from the logits that followed the last one. */
    int choose() {
        Matrix logits = state.logits(); // (1, V)
        return sampler.choose(logits, sample, number++);
    }

    double logProbability() {
        return sampler.logProbability();
    }

    /** Appends a token, of which the next step of the batch makes logits, or at once where the window must slide. */
    void append(Workspace space, DecodeBatch batch, int id) {
        if (length < context) {
            window[length++] = id;
            batch.add(state, id);
            return;
        }
        System.arraycopy(window, slide, window, 0, context - slide);
        window[context - slide] = id;
        length = context - slide + 1;
        state.read(model, space, window, 0, length);
    }

    /** How many tokens at the beginning of a text of this length are not seen any more. */
    static long unseen(long tokens, int context, int slide) {
        return tokens <= context ? 0 : (tokens - context + slide - 1) / slide * slide;
    }

    @Override
    public void close() {
        state.close();
    }
}
