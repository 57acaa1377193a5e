package tinygpt.hyperparameters;

import static tinygpt.hyperparameters.InvalidHyperparameterException.require;

/**
 * Which parameters training moves, and whether low-rank adapters (LoRA) are added for it to move.
 *
 * <p>A selector list is selectors separated by blanks. A selector is {@code kind:attention}, a kind's bare name, or a glob
 * over names; several with commas between them are united. In {@code trainable} a {@code !} in front takes away what
 * matches, the last selector that matches a parameter decides, and a list that begins by taking away begins with all:
 * {@code !kind:embedding} is everything but the embeddings.
 *
 * @param trainable selector list of the parameters that training may move; {@code *} is all of them
 * @param loraRank rank r of the adapters, 0 for none
 * @param loraAlpha what an adapter adds is multiplied by alpha / r
 * @param loraOn selector list of the linear layers that get an adapter, by kind, name, or name of the weight
 */
public record Adaptation(
        @Describe("selectors of the parameters that training moves, for example 'kind:attention !h.0.*'")
        String trainable,

        @Describe("LoRA: rank of the adapters, 0 = none") int loraRank,

        @Describe("LoRA: what an adapter adds is multiplied by alpha / rank")
        double loraAlpha,

        @Describe("LoRA: selectors of the linear layers that get adapters")
        String loraOn) {

    /** Everything is trained, no adapters. */
    public static final Adaptation NONE = new Adaptation("*", 0, 16, "attention");

    /** What is trained when adapters are added and nothing else is said: the adapters alone. */
    static final String ADAPTERS_ONLY = "kind:adapter";

    private static final int MAX_RANK = 1 << 16;

    /** Enough for the name of every linear layer of the largest models that anybody adapts. */
    private static final int LONGEST = 1 << 16;

    public Adaptation {
        trainable = tidied("trainable", trainable);
        loraOn = tidied("lora_on", loraOn);
        require(loraRank >= 0, "lora_rank is %d; it cannot be negative, and 0 means no adapters", loraRank);
        require(loraRank <= MAX_RANK, "lora_rank is %,d; the largest that can be described is %,d", loraRank, MAX_RANK);
        require(
                loraAlpha > 0 && loraAlpha <= 1e6,
                "lora_alpha is %s; it must be positive (16 is usual, or twice the rank)",
                loraAlpha);
    }

    /** What an adapter's product is multiplied by, alpha / r; 0 without adapters. */
    public float loraScale() {
        return loraRank == 0 ? 0 : (float) (loraAlpha / loraRank);
    }

    /** The same adapters, of which a new run trains what it does if nothing is said: them, or everything without any. */
    public Adaptation trainedAnew() {
        return new Adaptation(loraRank > 0 ? ADAPTERS_ONLY : NONE.trainable, loraRank, loraAlpha, loraOn);
    }

    /** One spelling for one meaning, since the text is hashed: single blanks between selectors, none around commas. */
    private static String tidied(String name, String list) {
        require(list.length() <= LONGEST, "%s has %,d characters; the limit is %,d", name, list.length(), LONGEST);
        String tidy = list.strip().replaceAll("\\s+", " ").replaceAll(" ?, ?", ",");
        require(!tidy.isEmpty(), "%s is empty; it takes selectors such as * or kind:attention or h.0.*", name);
        require(
                tidy.chars().allMatch(c -> c >= ' ' && c < 0x7f),
                "%s holds a character that no name of a parameter has; selectors are plain ASCII",
                name);
        return tidy;
    }
}
