package tinygpt.formats;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.text.BytePairForm;
import tinygpt.text.Tokenizer;

/** What surrounds the weights in a Hugging Face folder: configuration, tokenizer and model card. */
final class HuggingFaceFiles {
    private static final String CONFIG = "config.json";
    private static final String GENERATION = "generation_config.json";
    private static final String CARD = "README.md";
    /** Files and folders that an export may consist of. */
    private static final Set<String> OURS = Set.of(
            CONFIG,
            GENERATION,
            CARD,
            HuggingFaceExporter.WEIGHTS,
            TokenizerWriter.TOKENIZER,
            TokenizerWriter.TOKENIZER_CONFIG,
            TokenizerWriter.SPECIAL_TOKENS,
            "onnx",
            "onnx/model.onnx");

    private HuggingFaceFiles() {}

    /**
     * Writes them.
     *
     * @param folder is there and empty
     * @param name of the model, for its card
     * @param loading how to load it, for the card: lines of code
     * @return what the user should know
     */
    static List<String> write(ExportedModel model, Path folder, String name, List<String> loading) throws IOException {
        OptionalInt end = model.endOfText();
        OptionalInt begin = model.beginOfText();
        write(folder.resolve(CONFIG), config(model.shape(), begin, end));
        write(folder.resolve(GENERATION), generation(begin, end));
        List<String> notes = new ArrayList<>();
        if (model.tokenizer().isPresent()) {
            Tokenizer tokenizer = model.tokenizer().get();
            BytePairForm form = BytePairForm.of(tokenizer);
            new TokenizerWriter(
                            form,
                            begin.getAsInt(),
                            end.getAsInt(),
                            model.shape().contextLength())
                    .write(folder);
            if (!form.isClosed()) {
                notes.add(
                        "the vocabulary has characters outside ASCII, so its tokenizer.json cuts a text into characters"
                                + " instead of bytes; llama.cpp's converter does not read that, so use --format gguf for it");
            }
        } else {
            notes.add("this model has no tokenizer, so none is written: it takes and gives token ids");
        }
        String card = new ModelCard(model, name, loading).text();
        AtomicFile.write(folder.resolve(CARD), card.getBytes(StandardCharsets.UTF_8));
        return notes;
    }

    /**
     * Lets transformers.js take the weights as they are: in browsers it looks for quantized ones unless told otherwise.
     *
     * @param folder has a configuration, to which this is added
     */
    static void forTransformersJs(Path folder) throws IOException {
        Path file = folder.resolve(CONFIG);
        ObjectNode config = (ObjectNode) StrictJson.tree(file, "the configuration", Files.readAllBytes(file));
        config.putObject("transformers.js_config").put("dtype", "fp32");
        write(file, config);
    }

    /**
     * Whether a folder is an export of this program and nothing else: it has our card, our weights if any, and no file that
     * we do not write. Weights that another program saved there later are not ours.
     */
    static boolean isExport(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            boolean known = walk.filter(path -> !path.equals(folder))
                    .allMatch(path ->
                            OURS.contains(folder.relativize(path).toString().replace('\\', '/')));
            return known && hasOurCard(folder) && hasNoForeignWeights(folder);
        } catch (IOException | java.io.UncheckedIOException | BadFileException e) {
            return false;
        }
    }

    private static boolean hasOurCard(Path folder) throws IOException {
        Path card = folder.resolve(CARD);
        return Files.isRegularFile(card)
                && new String(Files.readAllBytes(card), StandardCharsets.UTF_8).contains(ModelCard.MARK);
    }

    private static boolean hasNoForeignWeights(Path folder) {
        Path weights = folder.resolve(HuggingFaceExporter.WEIGHTS);
        if (!Files.exists(weights)) {
            return true;
        }
        try (SafetensorsReader reader = SafetensorsReader.open(weights)) {
            return HuggingFaceExporter.PROGRAM.equals(reader.metadata().get(HuggingFaceExporter.WRITER));
        }
    }

    static void write(Path file, ObjectNode json) throws IOException {
        AtomicFile.write(file, (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static ObjectNode config(ModelShape shape, OptionalInt begin, OptionalInt end) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("GPT2LMHeadModel");
        json.put("model_type", "gpt2");
        json.put(
                "activation_function",
                switch (shape.activation()) {
                    case GELU_TANH -> "gelu_new";
                    case GELU_ERF -> "gelu";
                });
        json.put("vocab_size", shape.vocabularySize());
        // transformers writes the first, other readers look for the second only.
        json.put("n_positions", shape.contextLength());
        json.put("n_ctx", shape.contextLength());
        json.put("n_embd", shape.width());
        json.put("n_layer", shape.layers());
        json.put("n_head", shape.heads());
        if (shape.feedForwardWidth() == 4 * shape.width()) {
            json.putNull("n_inner");
        } else {
            json.put("n_inner", shape.feedForwardWidth());
        }
        json.put("layer_norm_epsilon", shape.layerNormEpsilon());
        json.put("initializer_range", shape.initialStd());
        json.put("embd_pdrop", shape.embeddingDropout());
        json.put("attn_pdrop", shape.attentionDropout());
        json.put("resid_pdrop", shape.residualDropout());
        json.put("tie_word_embeddings", shape.tiedHead());
        json.put("scale_attn_weights", true);
        json.put("scale_attn_by_inverse_layer_idx", false);
        json.put("reorder_and_upcast_attn", false);
        json.put("use_cache", true);
        putIds(json, begin, "bos_token_id");
        putIds(json, end, "eos_token_id");
        json.put("dtype", "float32");
        json.put("torch_dtype", "float32");
        return json;
    }

    private static ObjectNode generation(OptionalInt begin, OptionalInt end) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        putIds(json, begin, "bos_token_id");
        putIds(json, end, "eos_token_id", "pad_token_id");
        return json;
    }

    /** An id that is not written would be GPT-2's 50256, which lies outside of most vocabularies. */
    private static void putIds(ObjectNode json, OptionalInt id, String... keys) {
        for (String key : keys) {
            if (id.isPresent()) {
                json.put(key, id.getAsInt());
            } else {
                json.putNull(key);
            }
        }
    }
}
