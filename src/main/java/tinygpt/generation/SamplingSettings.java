package tinygpt.generation;

import java.util.List;

/**
 * How the next token is chosen, and when a text ends.
 *
 * @param temperature divides the logits: below 1 likely tokens get likelier, above 1 unlikely ones do; 0 always takes the
 *     most likely token (greedy)
 * @param topK only the k most likely tokens can be chosen, of equally likely ones those with smaller ids; 0 for all
 * @param topP only the smallest set of most likely tokens whose probability, after temperature and top-k, reaches p can be
 *     chosen, at least one token; 1 for all
 * @param seed what all choices hang on
 * @param maxTokens the most tokens to generate
 * @param stops texts before which the generated text is cut off
 */
public record SamplingSettings(
        double temperature, int topK, double topP, long seed, int maxTokens, List<String> stops) {

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
        if (maxTokens < 0) {
            throw new IllegalArgumentException(
                    "the most tokens to generate are " + maxTokens + "; they cannot be negative");
        }
        stops = List.copyOf(stops);
        if (stops.contains("")) {
            throw new IllegalArgumentException("a stop text is empty, so every text would end before it begins");
        }
    }

    /** Temperature 0.8, all tokens, seed 1337, at most 200 tokens, no stop texts. */
    public static SamplingSettings defaults() {
        return new SamplingSettings(0.8, 0, 1, 1337, 200, List.of());
    }

    /** Always the most likely token. */
    public static SamplingSettings greedy(int maxTokens) {
        return defaults().withTemperature(0).withMaxTokens(maxTokens);
    }

    public SamplingSettings withTemperature(double value) {
        return new SamplingSettings(value, topK, topP, seed, maxTokens, stops);
    }

    public SamplingSettings withTopK(int value) {
        return new SamplingSettings(temperature, value, topP, seed, maxTokens, stops);
    }

    public SamplingSettings withTopP(double value) {
        return new SamplingSettings(temperature, topK, value, seed, maxTokens, stops);
    }

    public SamplingSettings withSeed(long value) {
        return new SamplingSettings(temperature, topK, topP, value, maxTokens, stops);
    }

    public SamplingSettings withMaxTokens(int value) {
        return new SamplingSettings(temperature, topK, topP, seed, value, stops);
    }

    public SamplingSettings withStops(String... values) {
        return new SamplingSettings(temperature, topK, topP, seed, maxTokens, List.of(values));
    }

    /** What is done to the candidates, in order; nothing for greedy choice. */
    SamplingStep[] steps() {
        return new SamplingStep[] {
            new SamplingStep.TopK(topK), new SamplingStep.Temperature(temperature), new SamplingStep.TopP(topP)
        };
    }
}
