package tinygpt.formats;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The keys of a GPT-2 in GGUF, and reading them with the type and the range that they must have. */
record GgufKeys(GgufReader file) {
    static final String ARCHITECTURE = "general.architecture";
    static final String GPT2 = "gpt2";
    static final String NAME = "general.name";
    static final String DESCRIPTION = "general.description";
    static final String FILE_TYPE = "general.file_type";
    static final String QUANTIZATION_VERSION = "general.quantization_version";
    static final String CONTEXT = "gpt2.context_length";
    static final String WIDTH = "gpt2.embedding_length";
    static final String FEED_FORWARD = "gpt2.feed_forward_length";
    static final String LAYERS = "gpt2.block_count";
    static final String HEADS = "gpt2.attention.head_count";
    static final String EPSILON = "gpt2.attention.layer_norm_epsilon";
    static final String TOKENIZER = "tokenizer.ggml.model";
    static final String PRE_TOKENIZER = "tokenizer.ggml.pre";
    static final String TOKENS = "tokenizer.ggml.tokens";
    static final String TOKEN_TYPES = "tokenizer.ggml.token_type";
    static final String MERGES = "tokenizer.ggml.merges";
    static final String BEGIN = "tokenizer.ggml.bos_token_id";
    static final String END = "tokenizer.ggml.eos_token_id";
    /** GGUF has no key for the form of GELU; llama.cpp's GPT-2 takes the one by tanh. */
    static final String ACTIVATION = "tinygpt.activation";

    boolean has(String key) {
        return file.keys().containsKey(key);
    }

    Optional<String> text(String key) {
        GgufValue value = file.keys().get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof GgufValue.Text text) {
            return Optional.of(text.value());
        }
        throw bad(key, value, "a string");
    }

    String requiredText(String key) {
        return text(key).orElseThrow(() -> missing(key));
    }

    /** An integer from 1 to the largest int. */
    int size(String key) {
        GgufValue value = file.keys().get(key);
        if (value == null) {
            throw missing(key);
        }
        if (value instanceof GgufValue.Whole whole && whole.value() >= 1 && whole.value() <= Integer.MAX_VALUE) {
            return (int) whole.value();
        }
        throw bad(key, value, "an integer of at least 1");
    }

    /** A token id, unless it is not given or lies outside the vocabulary, where the model could never say it. */
    OptionalInt tokenId(String key, int vocabularySize) {
        GgufValue value = file.keys().get(key);
        if (value == null) {
            return OptionalInt.empty();
        }
        if (value instanceof GgufValue.Whole whole) {
            return whole.value() >= 0 && whole.value() < vocabularySize
                    ? OptionalInt.of((int) whole.value())
                    : OptionalInt.empty();
        }
        throw bad(key, value, "an integer");
    }

    double epsilon() {
        GgufValue value = file.keys().get(EPSILON);
        if (value == null) {
            throw missing(EPSILON);
        }
        if (value instanceof GgufValue.Real real) {
            // The decimal that was meant: 1e-5, not the float32 nearest to it with its digits behind.
            return real.type() == GgufValue.Type.FLOAT32
                    ? Double.parseDouble(Float.toString((float) real.value()))
                    : real.value();
        }
        throw bad(EPSILON, value, "a floating point number");
    }

    List<String> texts(String key) {
        GgufValue value = file.keys().get(key);
        if (value == null) {
            throw missing(key);
        }
        if (value instanceof GgufValue.Texts texts) {
            return texts.values();
        }
        if (value instanceof GgufValue.Wholes wholes && wholes.values().length == 0) {
            return List.of(); // an empty array may be of any type
        }
        throw bad(key, value, "an array of strings");
    }

    Optional<long[]> wholes(String key) {
        GgufValue value = file.keys().get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof GgufValue.Wholes wholes) {
            return Optional.of(wholes.values());
        }
        throw bad(key, value, "an array of integers");
    }

    private BadFileException missing(String key) {
        return new BadFileException(file.file(), "has no key " + key + ", which a GPT-2 in GGUF has");
    }

    private BadFileException bad(String key, GgufValue value, String wanted) {
        return new BadFileException(
                file.file(), key + " is " + BadFileException.quote(GgufListing.shown(value)) + ", not " + wanted);
    }
}
