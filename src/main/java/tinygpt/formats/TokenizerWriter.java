package tinygpt.formats;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import tinygpt.text.BytePairForm;

/**
 * Writes a tokenizer for Hugging Face's readers: {@code tokenizer.json} with its two small files.
 *
 * <p>Every tokenizer is written as byte-level BPE, GPT-2's family, which they all read. The exception is a vocabulary of
 * characters outside ASCII: of a merge both parts must be tokens there, and the first bytes of a character are none. Its
 * characters are tokens themselves then, of a BPE that merges nothing and cuts nothing. transformers must not take such a file
 * for GPT-2's, whose class cuts texts by itself: the configuration names the plain class.
 */
final class TokenizerWriter {
    static final String TOKENIZER = "tokenizer.json";
    static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    static final String SPECIAL_TOKENS = "special_tokens_map.json";

    private final BytePairForm form;
    private final boolean bytes;
    private final List<String> tokens;
    private final int beginOfText;
    private final int endOfText;
    private final int contextLength;

    /**
     * A writer.
     *
     * @param beginOfText the id that begins a text
     * @param endOfText the id that ends one
     * @param contextLength the most tokens that the model reads
     * @throws IllegalArgumentException if the form lacks parts of merges and is no vocabulary of characters
     */
    TokenizerWriter(BytePairForm form, int beginOfText, int endOfText, int contextLength) {
        this.form = form;
        this.beginOfText = beginOfText;
        this.endOfText = endOfText;
        this.contextLength = contextLength;
        bytes = form.isClosed();
        tokens = bytes
                ? form.tokens()
                : form.characters()
                        .orElseThrow(() -> new IllegalArgumentException(
                                "the tokenizer merges what are no tokens, which Hugging Face's tokenizers do not read;"
                                        + " export the model as GGUF"));
    }

    void write(Path folder) throws IOException {
        AtomicFile.write(folder.resolve(TOKENIZER), out -> {
            try (JsonGenerator json = new JsonFactory()
                    .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                    .createGenerator(out, JsonEncoding.UTF8)
                    .useDefaultPrettyPrinter()) {
                tokenizer(json);
                json.writeRaw('\n');
            }
        });
        ObjectNode special = JsonNodeFactory.instance.objectNode();
        special.put("bos_token", tokens.get(beginOfText));
        special.put("eos_token", tokens.get(endOfText));
        special.put("unk_token", form.endOfTextToken());
        HuggingFaceFiles.write(folder.resolve(SPECIAL_TOKENS), special);
        ObjectNode config = special.deepCopy();
        config.put("tokenizer_class", bytes ? "GPT2TokenizerFast" : "PreTrainedTokenizerFast");
        config.put("add_prefix_space", false);
        config.put("clean_up_tokenization_spaces", false);
        config.put("model_max_length", contextLength);
        HuggingFaceFiles.write(folder.resolve(TOKENIZER_CONFIG), config);
    }

    private void tokenizer(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("version", "1.0");
        json.writeNullField("truncation");
        json.writeNullField("padding");
        json.writeArrayFieldStart("added_tokens");
        for (int id : form.special()) {
            addedToken(json, id);
        }
        json.writeEndArray();
        json.writeNullField("normalizer");
        if (bytes) {
            byteLevel(json, "pre_tokenizer");
            json.writeNullField("post_processor");
            byteLevel(json, "decoder");
        } else {
            json.writeNullField("pre_tokenizer");
            json.writeNullField("post_processor");
            json.writeObjectFieldStart("decoder");
            json.writeStringField("type", "Fuse");
            json.writeEndObject();
        }
        model(json);
        json.writeEndObject();
    }

    private void addedToken(JsonGenerator json, int id) throws IOException {
        json.writeStartObject();
        json.writeNumberField("id", id);
        json.writeStringField("content", tokens.get(id));
        json.writeBooleanField("single_word", false);
        json.writeBooleanField("lstrip", false);
        json.writeBooleanField("rstrip", false);
        json.writeBooleanField("normalized", false);
        json.writeBooleanField("special", true);
        json.writeEndObject();
    }

    private static void byteLevel(JsonGenerator json, String key) throws IOException {
        json.writeObjectFieldStart(key);
        json.writeStringField("type", "ByteLevel");
        json.writeBooleanField("add_prefix_space", false);
        json.writeBooleanField("trim_offsets", true);
        json.writeBooleanField("use_regex", true);
        json.writeEndObject();
    }

    private void model(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("model");
        json.writeStringField("type", "BPE");
        json.writeNullField("dropout");
        json.writeNullField("unk_token");
        json.writeStringField("continuing_subword_prefix", "");
        json.writeStringField("end_of_word_suffix", "");
        json.writeBooleanField("fuse_unk", false);
        json.writeBooleanField("byte_fallback", false);
        json.writeBooleanField("ignore_merges", false);
        json.writeObjectFieldStart("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            json.writeNumberField(tokens.get(id), id);
        }
        json.writeEndObject();
        json.writeArrayFieldStart("merges");
        // As strings: newer readers take pairs too, older ones only these.
        for (String merge : bytes ? form.merges() : List.<String>of()) {
            json.writeString(merge);
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
