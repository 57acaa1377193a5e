package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.GgufReader;
import tinygpt.formats.RawSafetensors;
import tinygpt.formats.TokenizerFiles;
import tinygpt.inspection.InspectedModel;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** {@code export --format hf}: what it writes, read back here and by Hugging Face's tokenizers. */
class HuggingFaceExportTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path exported(HuggingFaceModels model) {
        Path out = folder.resolve("hf");
        Run run =
                Run.of("export", "--format=hf", model.run(folder.resolve("run")).toString(), out.toString());
        assertEquals(0, run.exitCode(), run.err());
        return out;
    }

    private static JsonNode json(Path file) throws IOException {
        return JSON.readTree(file.toFile());
    }

    private static RawSafetensors weights(Path folder) {
        return RawSafetensors.read(folder.resolve("model.safetensors"));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void assertSameTensors(RawSafetensors expected, RawSafetensors got) {
        assertEquals(new TreeSet<>(expected.tensors.keySet()), new TreeSet<>(got.tensors.keySet()));
        expected.tensors.forEach((name, tensor) -> {
            assertEquals(tensor.dtype(), got.tensors.get(name).dtype(), name);
            assertArrayEquals(tensor.shape(), got.tensors.get(name).shape(), name);
            assertArrayEquals(tensor.bytes(), got.tensors.get(name).bytes(), name);
        });
    }

    /** As fine-tuned models have it, which end an answer with a token of their own. */
    @Test
    void idsAroundATextInConfig_areThoseOfGeneration_andStayOnExport() throws IOException {
        SmallModel.random(folder.resolve("run"), CharacterTokenizer.of("abcdefgh"));
        Path hf = folder.resolve("hf");
        Run export = Run.of("export", "--format=hf", folder.resolve("run").toString(), hf.toString());
        assertEquals(0, export.exitCode(), export.err());
        JsonNode before = greedy(hf, "--prompt=ab");
        int end = before.get("ids").get(3).intValue();
        int at = IntStream.range(0, 4)
                .filter(i -> before.get("ids").get(i).intValue() == end)
                .findFirst()
                .getAsInt();
        int begin = end == 1 ? 2 : 1;
        JsonNode begun = greedy(hf, "--ids=" + begin);

        ObjectNode config = (ObjectNode) json(hf.resolve("config.json"));
        Files.writeString(
                hf.resolve("config.json"),
                config.put("bos_token_id", begin).put("eos_token_id", end).toString());
        JsonNode after = greedy(hf, "--prompt=ab");
        assertEquals("end_of_text", after.get("end").textValue());
        assertEquals(at, after.get("ids").size());
        assertEquals("", greedy(hf, "--prompt=").get("prompt").textValue());
        config.put("eos_token_id", 8);
        Files.writeString(hf.resolve("config.json"), config.toString());
        assertEquals(begun.get("ids"), greedy(hf, "--prompt=").get("ids"));

        Path again = folder.resolve("again");
        Run second = Run.of("export", "--format=hf", hf.toString(), again.toString());
        assertEquals(0, second.exitCode(), second.err());
        for (String file : List.of("config.json", "generation_config.json")) {
            assertEquals(begin, json(again.resolve(file)).get("bos_token_id").intValue(), file);
            assertEquals(8, json(again.resolve(file)).get("eos_token_id").intValue(), file);
        }
        List<String> tokens = List.of("bos_token", "eos_token");
        JsonNode vocabulary = json(again.resolve("tokenizer.json")).at("/model/vocab");
        for (String file : List.of("tokenizer_config.json", "special_tokens_map.json")) {
            JsonNode named = json(again.resolve(file));
            assertEquals(
                    List.of(begin, 8),
                    tokens.stream()
                            .map(t -> vocabulary.get(named.get(t).textValue()).intValue())
                            .toList(),
                    file);
        }

        Path gguf = folder.resolve("model.gguf");
        Run third = Run.of("export", "--format=gguf", hf.toString(), gguf.toString());
        assertEquals(0, third.exitCode(), third.err());
        assertEquals(begun.get("ids"), greedy(gguf, "--prompt=").get("ids"));
        try (GgufReader file = GgufReader.open(gguf)) {
            assertEquals(
                    begin + " 8",
                    file.keys().get("tokenizer.ggml.bos_token_id") + " "
                            + file.keys().get("tokenizer.ggml.eos_token_id"));
        }
    }

    private static JsonNode greedy(Path model, String beginning) throws IOException {
        Run run = Run.of("generate", "--model=" + model, "--greedy", "--max-tokens=12", "--json", beginning);
        assertEquals(0, run.exitCode(), run.err());
        return JSON.readTree(run.out());
    }

    @ParameterizedTest
    @EnumSource
    void checkpointExportedImportedAndExported_isTheSame(HuggingFaceModels model) throws IOException {
        Path first = exported(model);
        Path second = folder.resolve("again");
        Run again = Run.of("export", "--format=hf", first.toString(), second.toString());
        assertEquals(0, again.exitCode(), again.err());
        assertEquals(
                List.of(
                        "README.md",
                        "config.json",
                        "generation_config.json",
                        "model.safetensors",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json"),
                names(first));
        assertSameTensors(weights(first), weights(second));
        for (String file :
                List.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")) {
            assertEquals(Files.readString(first.resolve(file)), Files.readString(second.resolve(file)), file);
        }
        RawSafetensors checkpoint =
                RawSafetensors.read(folder.resolve("run").resolve("checkpoints").resolve("step-000007.safetensors"));
        RawSafetensors written = weights(first);
        checkpoint.tensors.forEach((name, tensor) -> {
            String theirs = name.equals("lm_head.weight") ? name : "transformer." + name;
            assertArrayEquals(tensor.bytes(), written.tensors.get(theirs).bytes(), name);
        });
        assertEquals(model.tied(), !written.tensors.containsKey("lm_head.weight"));
        assertEquals("pt", written.metadata.get("format"));
        assertEquals(new TreeSet<>(written.tensors.keySet()).stream().toList(), List.copyOf(written.tensors.keySet()));
        assertEquals(model.tokenizer().describe(), TokenizerFiles.read(first).describe());
    }

    @Test
    void modelWithoutBiases_getsZeros_andThatIsSaid() {
        Path out = folder.resolve("hf");
        Path run = HuggingFaceModels.BYTES.run(folder.resolve("run"));
        Run export = Run.of("export", "--format=hf", run.toString(), out.toString());
        assertEquals(
                "tinygpt: note: GPT-2 in transformers has biases, this model has none: they are written as zeros\n",
                export.err());
        RawSafetensors written = weights(out);
        assertEquals(4 + 12 * 2 + 1, written.tensors.size());
        for (String bias : List.of("h.0.attn.c_attn.bias", "h.1.mlp.c_fc.bias", "h.1.ln_2.bias", "ln_f.bias")) {
            RawSafetensors.Tensor tensor = written.tensors.get("transformer." + bias);
            assertTrue(Arrays.stream(tensor.bits()).allMatch(bits -> bits == 0), bias);
        }
        assertArrayEquals(
                new long[] {96},
                written.tensors.get("transformer.h.0.attn.c_attn.bias").shape());
        assertArrayEquals(
                new long[] {128},
                written.tensors.get("transformer.h.0.mlp.c_fc.bias").shape());
        // Zeros compute the same.
        String[] generate = {"generate", "--prompt=One", "--seed=4", "--max-tokens=20", "--unknown=skip", "--model"};
        assertEquals(
                Run.of(with(generate, run)).out(), Run.of(with(generate, out)).out());
    }

    private static String[] with(String[] command, Path last) {
        String[] all = Arrays.copyOf(command, command.length + 1);
        all[command.length] = last.toString();
        return all;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void modelsOfTransformers_comeOutAsTheyWentIn(String name) throws IOException {
        Path golden = RawSafetensors.resource(name);
        Path out = folder.resolve("hf");
        Run run = Run.of("export", "--format=hf", golden.toString(), out.toString());
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(
                "tinygpt: note: this model has no tokenizer, so none is written: it takes and gives token ids\n",
                run.err());
        assertSameTensors(weights(golden), weights(out));
        JsonNode theirs = json(golden.resolve("config.json"));
        JsonNode ours = json(out.resolve("config.json"));
        for (String key : List.of(
                "activation_function",
                "architectures",
                "attn_pdrop",
                "bos_token_id",
                "embd_pdrop",
                "eos_token_id",
                "initializer_range",
                "layer_norm_epsilon",
                "model_type",
                "n_embd",
                "n_head",
                "n_inner",
                "n_layer",
                "n_positions",
                "reorder_and_upcast_attn",
                "resid_pdrop",
                "scale_attn_by_inverse_layer_idx",
                "scale_attn_weights",
                "tie_word_embeddings",
                "use_cache",
                "vocab_size")) {
            // 0 and 0.0 are the same.
            assertEquals(
                    theirs.get(key).isNumber() ? theirs.get(key).asDouble() : theirs.get(key),
                    ours.get(key).isNumber() ? ours.get(key).asDouble() : ours.get(key),
                    key);
        }
        assertEquals(ours.get("n_positions"), ours.get("n_ctx"));
        assertFalse(Files.exists(out.resolve("tokenizer.json")));
    }

    /** An independent reader of the files: the same ids on 20,000 characters, and the same text back. */
    @ParameterizedTest
    @EnumSource
    void huggingFaceTokenizers_giveTheSameIds(HuggingFaceModels model) throws IOException {
        String text = HuggingFaceModels.text(20_000);
        assertTrue(text.codePoints().anyMatch(c -> c > 0xFFFF));
        Tokenizer ours = model.tokenizer();
        int[] ids = ours instanceof CharacterTokenizer characters
                ? characters.encode(text, UnknownPolicy.SKIP) // as theirs does
                : ours.encode(text);
        try (HuggingFaceTokenizer theirs = HuggingFaceTokenizer.newInstance(
                exported(model).resolve("tokenizer.json"),
                Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"))) {
            assertEquals(
                    ids(ids),
                    ids(Arrays.stream(theirs.encode(text).getIds())
                            .mapToInt(Math::toIntExact)
                            .toArray()));
            assertEquals(
                    ours.decode(ids),
                    theirs.decode(Arrays.stream(ids).asLongStream().toArray(), false));
        }
    }

    /** On lines of their own, so that a difference can be seen. */
    private static String ids(int[] ids) {
        return IntStream.of(ids).mapToObj(String::valueOf).collect(Collectors.joining("\n"));
    }

    @Test
    void charactersOutsideAscii_areTokensOfTheirOwn_forThePlainClass() throws IOException {
        Path out = exported(HuggingFaceModels.CHARACTERS);
        JsonNode tokenizer = json(out.resolve("tokenizer.json"));
        assertTrue(tokenizer.get("pre_tokenizer").isNull());
        assertEquals("Fuse", tokenizer.at("/decoder/type").asText());
        assertTrue(tokenizer.at("/model/vocab").has("é"));
        assertTrue(tokenizer.at("/model/vocab").has(" "));
        assertEquals(
                "PreTrainedTokenizerFast",
                json(out.resolve("tokenizer_config.json"))
                        .get("tokenizer_class")
                        .asText());
        Path bytes = folder.resolve("bytes");
        Run.of(
                "export",
                "--format=hf",
                HuggingFaceModels.BYTES.run(folder.resolve("b")).toString(),
                bytes.toString());
        JsonNode byteLevel = json(bytes.resolve("tokenizer.json"));
        assertEquals("ByteLevel", byteLevel.at("/pre_tokenizer/type").asText());
        assertEquals(' ', byteLevel.at("/model/vocab/\u0120").asInt());
        JsonNode config = json(bytes.resolve("tokenizer_config.json"));
        assertEquals("GPT2TokenizerFast", config.get("tokenizer_class").asText());
        assertEquals("<|endoftext|>", config.get("eos_token").asText());
        assertEquals(32, config.get("model_max_length").asInt());
    }

    @Test
    void modelCard_tellsWhatTheModelIs() throws IOException {
        Path text = Files.writeString(folder.resolve("some_text.txt"), "the cat sat on the mat. ".repeat(80));
        Path run = folder.resolve("run");
        Run trained = Run.of(
                "train", "--preset=nano", "--steps=3", "--data=" + text, "--out=" + run, "--quiet", "--no-latest");
        assertEquals(0, trained.exitCode(), trained.err());
        Path out = folder.resolve("a model");
        Run export = Run.of("export", "--format=hf", run.toString(), out.toString());
        assertEquals(0, export.exitCode(), export.err());
        List<String> card = Files.readAllLines(out.resolve("README.md"));
        assertEquals("---", card.get(0));
        assertTrue(card.subList(1, card.size()).contains("---"));
        for (String line : List.of(
                "library_name: transformers",
                "pipeline_tag: text-generation",
                "# a model",
                "generate = pipeline(\"text-generation\", model=\"./a model\")",
                "| layers | 2 |",
                "| data | some\\_text.txt |",
                "| steps | 3 |",
                "| optimization.learning_rate | 0.01 |",
                "| seed | 1337 |")) {
            assertTrue(card.contains(line), line + " in " + card);
        }
        assertTrue(card.stream().anyMatch(line -> line.matches("\\| attention \\| [0-9,]+ \\| [0-9.]+ % \\|")));
        assertTrue(card.stream().anyMatch(line -> line.matches("\\| validation loss \\| [0-9.]+ nats a token \\|")));
        assertFalse(String.join("\n", card).contains(folder.toString()));
        assertTrue(export.out().contains("from transformers import pipeline"), export.out());
    }

    @Test
    void folderOfSomebodyElse_isNeverReplaced() throws IOException {
        Path run = HuggingFaceModels.ASCII_CHARACTERS.run(folder.resolve("run"));
        Path out = Files.createDirectory(folder.resolve("hf"));
        String[] export = {"export", "--format=hf", run.toString(), out.toString(), "--force"};
        assertEquals(0, Run.of(export).exitCode()); // it was empty
        assertEquals(0, Run.of(export).exitCode()); // it was ours
        Path other = Files.writeString(out.resolve("notes.txt"), "mine");
        Run refused = Run.of(export);
        assertEquals(2, refused.exitCode());
        assertTrue(refused.err().contains("holds something else than an export"), refused.err());
        Files.delete(other);
        // Weights that another program saved there since.
        RawSafetensors weights = weights(out);
        weights.metadata.remove("written_by");
        weights.write(out.resolve("model.safetensors"));
        assertEquals(2, Run.of(export).exitCode());
        Path card = Files.writeString(folder.resolve("README.md"), "# another");
        assertEquals(
                2,
                Run.of("export", "--format=hf", run.toString(), card.toString(), "--force")
                        .exitCode());
        assertEquals("# another", Files.readString(card));
        assertEquals(List.of("README.md", "hf", "run"), names(folder)); // and nothing temporary
    }

    @Test
    void whatCannotBe_isRefusedInOneLine() throws IOException {
        Path run = HuggingFaceModels.ASCII_CHARACTERS.run(folder.resolve("run"));
        assertRefused(2, "there is no place to write to", "export", "--format=hf");
        assertRefused(2, "is a model; say behind it where to write", "export", "--format=hf", run.toString());
        assertRefused(2, "leave one of them out", "export", "--format=hf", run.toString(), "a", "--out=b");
        assertRefused(2, "exists already", "export", "--format=hf", run.toString(), folder.toString());
        assertRefused(3, "there is no such folder", "export", "--format=hf", run.toString(), folder + "/no/hf");
        Path adapted = folder.resolve("adapted");
        InspectedModel.write(adapted, InspectedModel.nano(3).with("adaptation.lora_rank", "2"), 1, registry -> {});
        assertRefused(2, "knows no adapters", "export", "--format=hf", adapted.toString(), folder + "/x");
        assertEquals(List.of("adapted", "run"), names(folder));
    }

    private static void assertRefused(int exitCode, String reason, String... command) {
        Run run = Run.of(command);
        assertEquals(exitCode, run.exitCode(), run.toString());
        assertTrue(run.err().contains(reason), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    /** Every command that takes a model takes an imported one, with its tokenizer. */
    @Test
    void importedModel_worksLikeItsCheckpoint() throws IOException {
        Path hf = exported(HuggingFaceModels.BPE);
        Path run = folder.resolve("run");
        Path text = Files.writeString(folder.resolve("text.txt"), HuggingFaceModels.text(4000));
        String[][] commands = {
            {"generate", "--prompt=the cat", "--max-tokens=20", "--seed=2", "--model"},
            {"logits", "--ids=1,2,3", "--model"},
        };
        for (String[] command : commands) {
            Run ours = Run.of(with(command, run));
            assertEquals(0, ours.exitCode(), ours.err());
            assertEquals(ours.out(), Run.of(with(command, hf)).out());
        }
        JsonNode evalOurs = JSON.readTree(Run.of("eval", "--model=" + run, "--data=" + text, "--format=json")
                .out());
        JsonNode evalTheirs = JSON.readTree(Run.of("eval", "--model=" + hf, "--data=" + text, "--format=json")
                .out());
        for (String key : List.of("loss", "tokens", "bits_per_character")) {
            assertEquals(evalOurs.get(key), evalTheirs.get(key), key);
        }
        for (String command : List.of("params", "inspect")) {
            Run looked = command.equals("params")
                    ? Run.of(command, "--model=" + hf)
                    : Run.of(command, hf.toString(), "ln_f.weight");
            assertEquals(0, looked.exitCode(), looked.err());
        }
        Run tokens = Run.of("tokenize", "--model=" + hf, "the cat");
        assertEquals(Run.of("tokenize", "--model=" + run, "the cat").out(), tokens.out());
    }

    @Test
    void importedModel_isFineTunedWithItsOwnTokenizer() throws IOException {
        Path hf = exported(HuggingFaceModels.BPE);
        Path text = Files.writeString(folder.resolve("text.txt"), HuggingFaceModels.text(9000));
        Path tuned = folder.resolve("tuned");
        Run run = Run.of(
                "train", "--from=" + hf, "--data=" + text, "--out=" + tuned, "--steps=2", "--no-latest", "--quiet");
        assertEquals(0, run.exitCode(), run.err());
        Path again = folder.resolve("again");
        Run export = Run.of("export", "--format=hf", tuned + "@0", again.toString());
        assertEquals(0, export.exitCode(), export.err());
        assertSameTensors(weights(hf), weights(again));
        assertEquals(
                HuggingFaceModels.BPE.tokenizer().describe(),
                TokenizerFiles.read(again).describe());
        Run params = Run.of("params", "--model=" + tuned, "--format=json");
        assertEquals(0, params.exitCode(), params.err());
    }

    /** Models are padded to round numbers of rows, and tokenizers have tokens that their model got no row for. */
    @Test
    void tokenizerOfAnotherSize_isFitted_andThatIsSaid() throws IOException {
        Path hf = exported(HuggingFaceModels.BPE);
        String[] generate = {"generate", "--prompt=the", "--max-tokens=5", "--seed=2", "--model", hf.toString()};
        String whole = Run.of(generate).out();
        Path file = hf.resolve("tokenizer.json");
        String good = Files.readString(file);
        Path config = hf.resolve("tokenizer_config.json");
        assertTrue(Files.exists(config));
        String more = good.replaceFirst(
                "\"added_tokens\" : \\[",
                "\"added_tokens\" : [ {\"id\": 700, \"content\": \"<pad>\", \"special\": true},");
        Files.writeString(file, more);
        Run larger = Run.of(generate);
        assertTrue(larger.err().contains("has 701 tokens, its model a vocabulary of 700; the special"), larger.err());
        assertEquals(whole, larger.out());
        BytePairTokenizer tokenizer = (BytePairTokenizer) HuggingFaceModels.BPE.tokenizer();
        String last = tokenizer
                .vocabulary()
                .spelledMerges()
                .get(tokenizer.vocabulary().merges().size() - 1);
        JsonNode smaller = JSON.readTree(good);
        ((com.fasterxml.jackson.databind.node.ArrayNode) smaller.at("/model/merges"))
                .remove(smaller.at("/model/merges").size() - 1);
        ((com.fasterxml.jackson.databind.node.ObjectNode) smaller.at("/model/vocab")).remove(last.replace(" ", ""));
        Files.write(file, smaller.toString().getBytes(StandardCharsets.UTF_8));
        Run run = Run.of(generate);
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.err().contains("ids from 699 on are shown as <|unused_699|>"), run.err());
        Files.writeString(file, "{}");
        Run broken = Run.of(generate);
        assertEquals(3, broken.exitCode());
        assertEquals(1, broken.err().lines().count(), broken.err());
    }
}
