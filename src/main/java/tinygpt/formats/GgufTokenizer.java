package tinygpt.formats;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import tinygpt.text.BytePairForm;
import tinygpt.text.Tokenizer;

/** Byte-level BPE in the keys {@code tokenizer.ggml.*} of a GGUF file. */
public final class GgufTokenizer {
    private static final String MODEL = "gpt2";
    private static final String PRE = "gpt-2";
    private static final int NORMAL = 1;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    /** Rows of the embedding that no text becomes. */
    private static final int UNUSED = 5;

    private GgufTokenizer() {}

    /**
     * Reads the tokenizer of a file.
     *
     * @throws BadFileException if it has none, a broken one, or one of another family
     */
    public static Tokenizer read(GgufReader file) {
        GgufKeys keys = new GgufKeys(file);
        String model = keys.requiredText(GgufKeys.TOKENIZER);
        // Files from before this key was invented have GPT-2's pattern.
        String pre = keys.text(GgufKeys.PRE_TOKENIZER).orElse(PRE);
        if (!model.equals(MODEL) || !pre.equals(PRE)) {
            throw new BadFileException(
                    file.file(),
                    "has a tokenizer " + BadFileException.quote(model) + " with the pattern "
                            + BadFileException.quote(pre) + "; gpt2 with gpt-2 can be read");
        }
        List<String> tokens = keys.texts(GgufKeys.TOKENS);
        OptionalInt end = keys.tokenId(GgufKeys.END, tokens.size());
        int endOfText = end.orElseGet(() -> tokens.indexOf(Tokenizer.END_OF_TEXT));
        if (endOfText < 0) {
            throw new BadFileException(
                    file.file(),
                    "has neither a token " + Tokenizer.END_OF_TEXT + " nor a " + GgufKeys.END
                            + " in its vocabulary: a text could not end");
        }
        TreeSet<Integer> special = special(keys, tokens.size());
        special.add(endOfText);
        try {
            return new BytePairForm(tokens, keys.texts(GgufKeys.MERGES), special, endOfText, Optional.empty())
                    .tokenizer();
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    file.file(),
                    "has a tokenizer that cannot be used: " + BadFileException.quoteSentence(e.getMessage()),
                    e);
        }
    }

    private static TreeSet<Integer> special(GgufKeys keys, int size) {
        TreeSet<Integer> special = new TreeSet<>();
        long[] types = keys.wholes(GgufKeys.TOKEN_TYPES).orElse(new long[size]);
        if (types.length != size) {
            throw new BadFileException(
                    keys.file().file(),
                    GgufKeys.TOKEN_TYPES + " has " + types.length + " entries for " + size + " tokens");
        }
        for (int id = 0; id < size; id++) {
            if (types[id] == CONTROL || types[id] == USER_DEFINED || types[id] == UNUSED) {
                special.add(id);
            }
        }
        return special;
    }

    /** Writes the keys of a model's tokenizer. */
    static void write(ExportedModel model, GgufWriter file) {
        BytePairForm form = BytePairForm.of(model.tokenizer().orElseThrow());
        int[] types = new int[form.tokens().size()];
        for (int id = 0; id < types.length; id++) {
            types[id] = form.special().contains(id) ? CONTROL : NORMAL;
        }
        file.text(GgufKeys.TOKENIZER, MODEL)
                .text(GgufKeys.PRE_TOKENIZER, PRE)
                .texts(GgufKeys.TOKENS, form.tokens())
                .i32s(GgufKeys.TOKEN_TYPES, types)
                .texts(GgufKeys.MERGES, form.merges())
                // Without them llama.cpp takes token 11 for the end of a text.
                .u32(GgufKeys.BEGIN, model.beginOfText().getAsInt())
                .u32(GgufKeys.END, model.endOfText().getAsInt());
    }
}
