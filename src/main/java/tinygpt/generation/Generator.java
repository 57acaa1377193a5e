package tinygpt.generation;

import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import tinygpt.model.DecodeState;
import tinygpt.model.Gpt;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Workspace;
import tinygpt.text.StreamingDecoder;
import tinygpt.text.Tokenizer;

/**
 * Generates text with a model, token by token.
 *
 * <p>Design: earlier positions are kept in a key/value cache, so a token costs one row of every product. GPT-2's positions
 * are learned, so a cache that is full cannot move: the window slides by {@code slide} tokens at once, and what stays is
 * read again from position 0. Of a text of n tokens and a context of T the model sees those from {@code ceil((n - T) /
 * slide) * slide} on (from 0 if n is at most T). That is a function of n alone, so a text goes on in the same way whether
 * its beginning was generated or given. A slide of T / 2, the default, reads again once in T / 2 tokens; a slide of 1
 * always shows the last T tokens, as nanoGPT does, and reads all of them again for every token.
 *
 * <p>Not thread-safe: one generator for each thread, on the same model.
 */
public final class Generator implements AutoCloseable {
    private final Gpt model;
    private final Workspace space;
    private final int context;
    private final int slide;
    private final DecodeState state;
    private final Candidates candidates;
    private final int[] window;
    private int length;
    private ChoiceRecorder recorder;

    /** Why a text ended. */
    public enum End {
        /** It has as many tokens as were asked for. */
        LENGTH,
        /** The model ended it. */
        END_OF_TEXT,
        /** A stop text came. */
        STOP_TEXT,
        /** Whoever received it wanted no more. */
        RECEIVER
    }

    /**
     * What became of a text.
     *
     * @param tokens number of tokens generated, without an end of text
     * @param end why there are not more
     */
    public record Result(int tokens, End end) {}

    /** A generator whose window slides by half of the context. */
    public Generator(Gpt model, Workspace space) {
        this(model, space, Math.max(1, model.shape().contextLength() / 2));
    }

    /**
     * A generator.
     *
     * @param space scratch memory for rows of at least {@link Gpt#longestRow}
     * @param slide by how many tokens the window moves when it is full, 1 to the context length
     * @throws IllegalStateException if the model was closed
     */
    public Generator(Gpt model, Workspace space, int slide) {
        this.context = model.shape().contextLength();
        if (slide < 1 || slide > context) {
            throw new IllegalArgumentException("the window cannot slide by " + slide + " tokens; 1 to " + context
                    + " are possible, the model's context length");
        }
        if (space.longestRow() < Gpt.longestRow(model.shape())) {
            throw new IllegalArgumentException("the workspace takes rows of up to " + space.longestRow()
                    + " floats, but this model has rows of " + Gpt.longestRow(model.shape())
                    + "; make it with new Workspace(Gpt.longestRow(model.shape()))");
        }
        model.registry().checkOpen();
        this.model = model;
        this.space = space;
        this.slide = slide;
        this.state = new DecodeState(model);
        this.candidates = new Candidates(model.shape().vocabularySize());
        this.window = new int[context];
    }

    /**
     * The text that follows a prompt, without the prompt. An empty prompt begins a new text.
     *
     * @throws tinygpt.text.UnknownCharacterException if the vocabulary lacks a character of the prompt
     * @throws ArithmeticException if the model's logits are not finite
     */
    public String generate(Tokenizer tokenizer, String prompt, SamplingSettings settings) {
        StringBuilder text = new StringBuilder();
        text(tokenizer, tokenizer.encode(prompt), settings, 0, piece -> {
            text.append(piece);
            return true;
        });
        return text.toString();
    }

    /**
     * Generates text and hands it over piece by piece, as soon as it is certain. It ends before the end-of-text token or a
     * stop text; stop texts are looked for in what is generated, not in the prompt.
     *
     * @param prompt token ids; none begins a new text: the model is given the end-of-text token, which separates texts
     * @param sample which of several texts from one prompt, from 0
     * @param receiver takes a piece of text; false ends the generation
     * @throws IllegalArgumentException if tokenizer and model have different vocabularies
     * @throws ArithmeticException if the model's logits are not finite
     */
    public Result text(
            Tokenizer tokenizer, int[] prompt, SamplingSettings settings, long sample, Predicate<String> receiver) {
        if (tokenizer.vocabularySize() != model.shape().vocabularySize()) {
            throw new IllegalArgumentException("the tokenizer has " + tokenizer.vocabularySize() + " tokens, the model "
                    + model.shape().vocabularySize() + ": they do not belong together");
        }
        StreamingDecoder decoder = new StreamingDecoder(tokenizer);
        StopTexts stops = new StopTexts(settings.stops());
        Result result = tokens(prompt, settings, sample, OptionalInt.of(tokenizer.endOfText()), id -> {
            String piece = stops.accept(decoder.accept(id));
            return (piece.isEmpty() || receiver.test(piece)) && !stops.found();
        });
        if (stops.found()) {
            return new Result(result.tokens(), End.STOP_TEXT);
        }
        if (result.end() != End.RECEIVER) {
            String rest = stops.accept(decoder.flush()) + stops.flush();
            if (!rest.isEmpty()) {
                receiver.test(rest);
            }
        }
        return result;
    }

    /**
     * Generates token ids and hands them over one by one. Stop texts of the settings are not looked for.
     *
     * @param prompt token ids; none stands for the end-of-text token
     * @param sample which of several texts from one prompt, from 0
     * @param endOfText the token that ends a text, which is not handed over; empty for none
     * @param receiver takes a token id; false ends the generation
     * @throws IllegalArgumentException if an id is not in the model's vocabulary, or there is no prompt and no end of text
     * @throws ArithmeticException if the model's logits are not finite
     */
    public Result tokens(
            int[] prompt, SamplingSettings settings, long sample, OptionalInt endOfText, IntPredicate receiver) {
        Sampler sampler = new Sampler(settings, candidates, recorder);
        int stop = endOfText.orElse(-1);
        Matrix logits = read(begin(prompt, endOfText)); // (1, V)
        for (int number = 0; number < settings.maxTokens(); number++) {
            int id = sampler.choose(logits, sample, number);
            if (id == stop) {
                return new Result(number, End.END_OF_TEXT);
            }
            if (!receiver.test(id)) {
                return new Result(number + 1, End.RECEIVER);
            }
            if (number + 1 < settings.maxTokens()) {
                logits = append(id);
            }
        }
        return new Result(settings.maxTokens(), End.LENGTH);
    }

    /**
     * Tells a listener from now on how each token is chosen, before it is handed over; an end of text too.
     *
     * @param shown how many of the likeliest tokens it wants to see, at least 1
     */
    public void explainTo(Consumer<Choice> listener, int shown) {
        recorder = new ChoiceRecorder(shown, listener);
    }

    /** How many tokens at the beginning of a text of this length the model does not see any more. */
    long unseen(long tokens) {
        return tokens <= context ? 0 : (tokens - context + slide - 1) / slide * slide;
    }

    private int[] begin(int[] prompt, OptionalInt endOfText) {
        if (prompt.length == 0) {
            return new int[] {
                endOfText.orElseThrow(() -> new IllegalArgumentException(
                        "the prompt is empty and this model has no end-of-text token to begin with; give some tokens"))
            };
        }
        int vocabulary = model.shape().vocabularySize();
        for (int id : prompt) {
            if (id < 0 || id >= vocabulary) {
                throw new IllegalArgumentException("token id " + id
                        + " is not in the model's vocabulary, whose ids run from 0 to " + (vocabulary - 1));
            }
        }
        return prompt;
    }

    private Matrix read(int[] prompt) {
        int from = (int) unseen(prompt.length);
        length = prompt.length - from;
        System.arraycopy(prompt, from, window, 0, length);
        return state.read(model, space, window, 0, length);
    }

    private Matrix append(int id) {
        if (length < context) {
            window[length++] = id;
            return model.step(space, state, id);
        }
        System.arraycopy(window, slide, window, 0, context - slide);
        window[context - slide] = id;
        length = context - slide + 1;
        return state.read(model, space, window, 0, length);
    }

    @Override
    public void close() {
        state.close();
    }
}
