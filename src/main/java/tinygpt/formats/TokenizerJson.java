package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A {@code tokenizer.json} of Hugging Face's tokenizers, as far as it is byte-level BPE with GPT-2's pattern, or a BPE of
 * characters that neither cuts nor merges, which {@link TokenizerWriter} makes of a vocabulary outside ASCII. Its
 * post-processor is not applied: it adds special tokens around a text, which a language model does not want.
 */
final class TokenizerJson {
    private static final String BYTE_LEVEL = "ByteLevel";

    private final Path file;
    private final JsonNode root;
    private final JsonNode model;

    TokenizerJson(Path file, JsonNode root) {
        this.file = file;
        this.root = root;
        this.model = root.path("model");
    }

    /**
     * Refuses whatever would make other tokens.
     *
     * @throws BadFileException if it is of another family, naming the setting
     */
    void requireReadable() {
        String type = model.path("type").asText("BPE");
        require(type.equals("BPE"), "its model is of type " + BadFileException.quote(type) + ", not BPE");
        require(isAbsent(root.path("normalizer")), "it has a normalizer, which changes the text");
        if (!isOfCharacters()) {
            requireByteLevel();
        }
        requireGpt2Model();
    }

    /** Whether every token is a character or special: a text is neither cut nor merged, and decoded by joining tokens. */
    boolean isOfCharacters() {
        return isAbsent(root.path("pre_tokenizer"))
                && root.path("decoder").path("type").asText().equals("Fuse")
                && model.path("merges").isArray()
                && model.path("merges").isEmpty();
    }

    private void requireByteLevel() {
        JsonNode cutting = root.path("pre_tokenizer");
        if (cutting.path("type").asText().equals("Sequence")
                && cutting.path("pretokenizers").size() == 1) {
            cutting = cutting.path("pretokenizers").get(0);
        }
        require(
                cutting.path("type").asText().equals(BYTE_LEVEL),
                "its pre_tokenizer is not ByteLevel, so texts are cut in another way than GPT-2's");
        require(
                cutting.path("use_regex").asBoolean(true),
                "its pre_tokenizer does not use GPT-2's pattern (use_regex)");
        require(
                !cutting.path("add_prefix_space").asBoolean(true),
                "its pre_tokenizer puts a space before a text (add_prefix_space)");
    }

    private void requireGpt2Model() {
        require(!model.path("ignore_merges").asBoolean(false), "its model ignores merges (ignore_merges)");
        require(!model.path("byte_fallback").asBoolean(false), "its model spells bytes as tokens (byte_fallback)");
        require(model.path("dropout").asDouble(0) == 0, "its model leaves out merges at random (dropout)");
        for (String affix : new String[] {"continuing_subword_prefix", "end_of_word_suffix"}) {
            require(
                    model.path(affix).asText("").isEmpty() || isAbsent(model.path(affix)),
                    "it marks words (" + affix + ")");
        }
    }

    JsonNode vocabulary() {
        return model.path("vocab");
    }

    /**
     * The merges as merges.txt has them. Newer files have lists of two tokens, older ones strings.
     *
     * @throws BadFileException if they are neither
     */
    List<String> merges() {
        JsonNode list = model.path("merges");
        require(list.isArray(), "its merges are not a list");
        List<String> merges = new ArrayList<>(list.size());
        for (JsonNode merge : list) {
            boolean pair = merge.isArray()
                    && merge.size() == 2
                    && merge.get(0).isTextual()
                    && merge.get(1).isTextual();
            require(pair || merge.isTextual(), "merge " + merges.size() + " is neither a string nor two");
            merges.add(pair ? merge.get(0).textValue() + " " + merge.get(1).textValue() : merge.textValue());
        }
        return merges;
    }

    /**
     * Adds the tokens that are found in a text as a whole.
     *
     * @return them
     * @throws BadFileException if one has no content or no id, or takes white space or borders of words into account
     */
    Set<String> addTokens(TokenIdMap ids) {
        Set<String> added = new TreeSet<>();
        JsonNode list = root.path("added_tokens");
        require(list.isArray() || isAbsent(list), "its added_tokens are not a list");
        for (JsonNode token : list) {
            JsonNode content = token.path("content");
            require(content.isTextual() && !content.textValue().isEmpty(), "an added token has no content");
            for (String setting : new String[] {"single_word", "lstrip", "rstrip"}) {
                require(
                        !token.path(setting).asBoolean(false),
                        "its added token \"" + BadFileException.quote(content.textValue()) + "\" has " + setting);
            }
            ids.add(content.textValue(), token.path("id"));
            added.add(content.textValue());
        }
        return added;
    }

    private static boolean isAbsent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    private void require(boolean fits, String problem) {
        if (!fits) {
            throw new BadFileException(
                    file, problem + "; what can be read is byte-level BPE as GPT-2's tokenizer.json has it");
        }
    }
}
