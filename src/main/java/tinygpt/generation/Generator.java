package tinygpt.generation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import tinygpt.model.DecodeBatch;
import tinygpt.model.Gpt;
import tinygpt.tensor.Workspace;
import tinygpt.text.Tokenizer;

/**
 * Generates text with a model, token by token, one text or a batch of them.
 *
 * <p>Design: earlier positions are kept in a key/value cache, so a token costs one row of every product. GPT-2's positions
 * are learned, so a cache that is full cannot move: the window slides by {@code slide} tokens at once, and what stays is
 * read again from position 0. Of a text of n tokens and a context of T the model sees those from {@code ceil((n - T) /
 * slide) * slide} on (from 0 if n is at most T). That is a function of n alone, so a text goes on in the same way whether
 * its beginning was generated or given. A slide of T / 2, the default, reads again once in T / 2 tokens; a slide of 1
 * always shows the last T tokens, as nanoGPT does, and reads all of them again for every token.
 *
 * <p>The texts of a batch take each step together, so that the weights are read from memory once for all of them; a text
 * that ends makes room for the next sample. Sample i is the same to the bit in any batch: its choices are a function of
 * (seed, i), and its arithmetic does not depend on the others.
 *
 * <p>Not thread-safe: one generator for each thread, on the same model.
 */
public final class Generator implements AutoCloseable {
    private final Gpt model;
    private final Workspace space;
    private final int context;
    private final int slide;
    private final int batch;
    private final Candidates candidates;
    private final DecodeBatch step;
    private final List<LiveText> live = new ArrayList<>();
    private final Deque<LiveText> free = new ArrayDeque<>();
    private ChoiceRecorder recorder;
    private boolean scored;

    /** Why a text ended. */
    public enum End {
        /** It has as many tokens as were asked for. */
        LENGTH,
        /** The model ended it. */
        END_OF_TEXT,
        /** A stop text came. */
        STOP_TEXT,
        /** A stop token came. */
        STOP_TOKEN,
        /** Whoever received it wanted no more. */
        RECEIVER
    }

    /**
     * What became of a text.
     *
     * @param tokens number of tokens generated, without an end of text or a stop token
     * @param end why there are not more
     */
    public record Result(int tokens, End end) {}

    /** A generator whose window slides by half of the context. */
    public Generator(Gpt model, Workspace space) {
        this(model, space, Math.max(1, model.shape().contextLength() / 2));
    }

    /** A generator of one text at a time. */
    public Generator(Gpt model, Workspace space, int slide) {
        this(model, space, slide, 1);
    }

    /**
     * A generator.
     *
     * @param space scratch memory for rows of at least {@link Gpt#longestRow}
     * @param slide by how many tokens the window moves when it is full, 1 to the context length
     * @param batch how many texts take a step together, at least 1; each needs a key/value cache
     * @throws IllegalStateException if the model was closed
     */
    public Generator(Gpt model, Workspace space, int slide, int batch) {
        this.context = model.shape().contextLength();
        if (slide < 1 || slide > context) {
            throw new IllegalArgumentException("the window cannot slide by " + slide + " tokens; 1 to " + context
                    + " are possible, the model's context length");
        }
        if (batch < 1) {
            throw new IllegalArgumentException("a batch cannot have " + batch + " texts; it has at least 1");
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
        this.batch = batch;
        this.candidates = new Candidates(model.shape().vocabularySize());
        this.step = new DecodeBatch(batch);
        free.add(new LiveText(model, slide));
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
        Result[] result = new Result[1];
        OptionalInt end = OptionalInt.of(tokenizer.endOfText());
        texts(tokenizer, prompt, settings, sample, 1, end, new TextReceiver() {
            @Override
            public boolean piece(long of, String text) {
                return receiver.test(text);
            }

            @Override
            public void end(long of, Result ended) {
                result[0] = ended;
            }
        });
        return result[0];
    }

    /**
     * Generates several texts from one prompt, as {@link #text} does each of them, in batches.
     *
     * @param first the first sample
     * @param count how many
     * @param endOfText the token that ends a text; empty for none
     * @throws IllegalArgumentException if tokenizer and model have different vocabularies
     * @throws ArithmeticException if the model's logits are not finite
     */
    public void texts(
            Tokenizer tokenizer,
            int[] prompt,
            SamplingSettings settings,
            long first,
            int count,
            OptionalInt endOfText,
            TextReceiver receiver) {
        if (tokenizer.vocabularySize() != model.shape().vocabularySize()) {
            throw new IllegalArgumentException("the tokenizer has " + tokenizer.vocabularySize() + " tokens, the model "
                    + model.shape().vocabularySize() + ": they do not belong together");
        }
        TokenReceiver texts = new TextStreams(tokenizer, settings.stops(), receiver);
        samples(prompt, settings, first, count, endOfText, texts);
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
        Result[] result = new Result[1];
        samples(prompt, settings, sample, 1, endOfText, new TokenReceiver() {
            @Override
            public boolean token(long of, int id, double logProbability) {
                return receiver.test(id);
            }

            @Override
            public void end(long of, Result ended) {
                result[0] = ended;
            }
        });
        return result[0];
    }

    /**
     * Generates several samples from one prompt as token ids, as {@link #tokens} does each of them, in batches.
     *
     * @param first the first sample
     * @param count how many
     * @throws IllegalArgumentException if an id is not in the model's vocabulary, or there is no prompt and no end of text
     * @throws ArithmeticException if the model's logits are not finite
     */
    public void samples(
            int[] prompt,
            SamplingSettings settings,
            long first,
            int count,
            OptionalInt endOfText,
            TokenReceiver receiver) {
        int[] beginning = begin(prompt, endOfText);
        int end = endOfText.orElse(-1);
        try {
            int begun = 0;
            do {
                while (live.size() < batch && begun < count) {
                    begun = begin(beginning, settings, first + begun, receiver) ? begun + 1 : count;
                }
                advance(settings, end, receiver);
            } while (!live.isEmpty() || begun < count);
        } finally {
            free.addAll(live);
            live.clear();
        }
    }

    /** Begins a sample; false if it is not wanted. */
    private boolean begin(int[] prompt, SamplingSettings settings, long sample, TokenReceiver receiver) {
        if (!receiver.wants(sample)) {
            return false;
        }
        if (settings.maxTokens() == 0) {
            receiver.end(sample, new Result(0, End.LENGTH));
            return true;
        }
        LiveText text = free.isEmpty() ? new LiveText(model, slide) : free.pop();
        live.add(text);
        Sampler sampler = new Sampler(settings, candidates, recorder);
        if (scored) {
            sampler.score();
        }
        text.begin(space, prompt, sampler, sample);
        return true;
    }

    /** One more token of every text. */
    private void advance(SamplingSettings settings, int endOfText, TokenReceiver receiver) {
        step.clear();
        for (Iterator<LiveText> texts = live.iterator(); texts.hasNext(); ) {
            LiveText text = texts.next();
            int id = text.choose();
            Result result = ended(text, id, settings, endOfText, receiver);
            if (result == null) {
                text.append(space, step, id);
            } else {
                texts.remove();
                free.push(text);
                receiver.end(text.sample(), result);
            }
        }
        if (step.count() > 0) {
            model.step(space, step);
        }
    }

    /** What became of a text with the token that was chosen; null if it goes on. */
    private static Result ended(
            LiveText text, int id, SamplingSettings settings, int endOfText, TokenReceiver receiver) {
        if (id == endOfText) {
            return new Result(text.number() - 1, End.END_OF_TEXT);
        }
        if (settings.stopIds().contains(id)) {
            return new Result(text.number() - 1, End.STOP_TOKEN);
        }
        if (!receiver.token(text.sample(), id, text.logProbability())) {
            return new Result(text.number(), End.RECEIVER);
        }
        return text.number() == settings.maxTokens() ? new Result(text.number(), End.LENGTH) : null;
    }

    /** From now on receivers are told how likely each token was, which costs a pass over the vocabulary. */
    public void scoreTokens() {
        scored = true;
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
        return LiveText.unseen(tokens, context, slide);
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

    @Override
    public void close() {
        live.forEach(LiveText::close);
        free.forEach(LiveText::close);
    }
}
