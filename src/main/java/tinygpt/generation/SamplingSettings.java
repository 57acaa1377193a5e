package tinygpt.generation;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How the next token is chosen, and when a text ends. The rules apply in the order of transformers: penalties, temperature,
 * top-k, top-p, min-p. A greedy choice knows the penalties only.
 *
 * @param temperature divides the logits: below 1 likely tokens get likelier, above 1 unlikely ones do; 0 always takes the
 *     most likely token (greedy)
 * @param topK only the k most likely tokens can be chosen, of equally likely ones those with smaller ids; 0 for all
 * @param topP only the smallest set of most likely tokens whose probability, after temperature and top-k, reaches p can be
 *     chosen, at least one token; 1 for all
 * @param minP only tokens with at least this share of the probability of the most likely one, after temperature, can be
 *     chosen; 0 for all
 * @param penalties what tokens that came before get
 * @param seed what all choices hang on
 * @param maxTokens the most tokens to generate
 * @param stops texts before which the generated text is cut off
 * @param stopIds tokens that end a text and do not belong to it, besides the end-of-text token
 */
public record SamplingSettings(
        double temperature,
        int topK,
        double topP,
        double minP,
        Penalties penalties,
        long seed,
        int maxTokens,
        List<String> stops,
        Set<Integer> stopIds) {

    public SamplingSettings {
        if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the temperature is " + temperature
                    + "; it must be a number from 0 on (0 always takes the most likely token, 0.8 is usual)");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top-k is " + topK + "; it must be at least 1, or 0 for all tokens");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException(
                    "top-p is " + topP + "; it must lie above 0 and be at most 1, which is all tokens");
        }
        if (!(minP >= 0 && minP <= 1)) {
            throw new IllegalArgumentException(
                    "min-p is " + minP + "; it must lie between 0, which is all tokens, and 1 (0.05 is usual)");
        }
        if (maxTokens < 0) {
            throw new IllegalArgumentException(
                    "the most tokens to generate are " + maxTokens + "; they cannot be negative");
        }
        stops = List.copyOf(stops);
        if (stops.contains("")) {
            throw new IllegalArgumentException("a stop text is empty, so every text would end before it begins");
        }
        stopIds = Set.copyOf(stopIds);
    }

    /** Temperature 0.8, all tokens, no penalties, seed 1337, at most 200 tokens, no stop texts. */
    public static SamplingSettings defaults() {
        return new SamplingSettings(0.8, 0, 1, 0, Penalties.NONE, 1337, 200, List.of(), Set.of());
    }

    /** Always the most likely token. */
    public static SamplingSettings greedy(int maxTokens) {
        return defaults().withTemperature(0).withMaxTokens(maxTokens);
    }

    public SamplingSettings withTemperature(double value) {
        return new SamplingSettings(value, topK, topP, minP, penalties, seed, maxTokens, stops, stopIds);
    }

    public SamplingSettings withTopK(int value) {
        return new SamplingSettings(temperature, value, topP, minP, penalties, seed, maxTokens, stops, stopIds);
    }

    public SamplingSettings withTopP(double value) {
        return new SamplingSettings(temperature, topK, value, minP, penalties, seed, maxTokens, stops, stopIds);
    }

    public SamplingSettings withMinP(double value) {
        return new SamplingSettings(temperature, topK, topP, value, penalties, seed, maxTokens, stops, stopIds);
    }

    public SamplingSettings withPenalties(Penalties value) {
        return new SamplingSettings(temperature, topK, topP, minP, value, seed, maxTokens, stops, stopIds);
    }

    public SamplingSettings withRepetitionPenalty(double value) {
        return withPenalties(new Penalties(value, penalties.frequency(), penalties.presence()));
    }

    public SamplingSettings withFrequencyPenalty(double value) {
        return withPenalties(new Penalties(penalties.repetition(), value, penalties.presence()));
    }

    public SamplingSettings withPresencePenalty(double value) {
        return withPenalties(new Penalties(penalties.repetition(), penalties.frequency(), value));
    }

    public SamplingSettings withSeed(long value) {
        return new SamplingSettings(temperature, topK, topP, minP, penalties, value, maxTokens, stops, stopIds);
    }

    public SamplingSettings withMaxTokens(int value) {
        return new SamplingSettings(temperature, topK, topP, minP, penalties, seed, value, stops, stopIds);
    }

    public SamplingSettings withStops(String... values) {
        return new SamplingSettings(
                temperature, topK, topP, minP, penalties, seed, maxTokens, List.of(values), stopIds);
    }

    public SamplingSettings withStopIds(int... values) {
        Set<Integer> ids = IntStream.of(values).boxed().collect(Collectors.toUnmodifiableSet());
        return new SamplingSettings(temperature, topK, topP, minP, penalties, seed, maxTokens, stops, ids);
    }

    /**
     * What is done to the candidates after the penalties, in order; nothing for greedy choice. Temperature keeps the order
     * of tokens, so that top-k can go before it.
     */
    SamplingStep[] steps() {
        return new SamplingStep[] {
            new SamplingStep.TopK(topK),
            new SamplingStep.Temperature(temperature),
            new SamplingStep.TopP(topP),
            new SamplingStep.MinP(minP)
        };
    }
}
