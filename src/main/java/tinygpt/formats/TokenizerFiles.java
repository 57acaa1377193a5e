package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import tinygpt.text.BytePairForm;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.BytePairVocabulary;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

/**
 * Reads the byte-level BPE tokenizers of other programs: {@code tokenizer.json} of Hugging Face's tokenizers,
 * {@code vocab.json} with {@code merges.txt} of transformers, and {@code encoder.json} with {@code vocab.bpe} as OpenAI
 * published GPT-2. What this program wrote as such a file becomes again what it was, of characters or bytes. The files may come from anybody: everything in them is checked, and a setting that would give other
 * tokens than the file's own program does is refused.
 */
public final class TokenizerFiles {
    private static final String TOKENIZER = "tokenizer.json";
    /** GPT-2's files have 1 MB; the largest vocabularies there are, 30. */
    private static final long MOST_BYTES = 128L << 20;

    /** A vocabulary and its merges in two files. */
    private record Pair(String vocabulary, String merges) {}

    private static final List<Pair> PAIRS =
            List.of(new Pair("vocab.json", "merges.txt"), new Pair("encoder.json", "vocab.bpe"));

    private TokenizerFiles() {}

    /** Whether a folder has a tokenizer in one of these forms. */
    public static boolean isAt(Path folder) {
        return Files.isRegularFile(folder.resolve(TOKENIZER)) || pairIn(folder).isPresent();
    }

    /**
     * Reads a tokenizer.
     *
     * @param path a folder, a {@code tokenizer.json}, or a vocabulary with its merges beside it
     * @throws BadFileException if there is none, it is broken, or it is of another family
     */
    public static Tokenizer read(Path path) {
        if (Files.isDirectory(path)) {
            if (Files.isRegularFile(path.resolve(TOKENIZER))) {
                return readFile(path.resolve(TOKENIZER));
            }
            Pair pair = pairIn(path)
                    .orElseThrow(() -> new BadFileException(
                            path,
                            "has no tokenizer: neither tokenizer.json, vocab.json with merges.txt, nor encoder.json with"
                                    + " vocab.bpe"));
            return readFile(path.resolve(pair.vocabulary()));
        }
        return readFile(path);
    }

    private static Optional<Pair> pairIn(Path folder) {
        return PAIRS.stream()
                .filter(pair -> Files.isRegularFile(folder.resolve(pair.vocabulary()))
                        && Files.isRegularFile(folder.resolve(pair.merges())))
                .findFirst();
    }

    private static Tokenizer readFile(Path file) {
        JsonNode root = StrictJson.tree(file, "the tokenizer", bytes(file));
        if (!root.isObject()) {
            throw new BadFileException(file, "must be a JSON object { ... } to be a tokenizer");
        }
        return root.path("model").isObject() ? tokenizerJson(file, root) : vocabularyAndMerges(file, root);
    }

    private static Tokenizer tokenizerJson(Path file, JsonNode root) {
        TokenizerJson json = new TokenizerJson(file, root);
        json.requireReadable();
        TokenIdMap ids = new TokenIdMap(file);
        ids.addAll(json.vocabulary());
        Set<String> special = json.addTokens(ids);
        if (json.isOfCharacters()) {
            return checked(file, () -> CharacterTokenizer.of(ids.tokens()));
        }
        return tokenizer(file, ids.tokens(), json.merges(), special);
    }

    private static Tokenizer vocabularyAndMerges(Path file, JsonNode vocabulary) {
        Path mergesFile = mergesOf(file);
        TokenIdMap ids = new TokenIdMap(file);
        ids.addAll(vocabulary);
        Set<String> special = new TreeSet<>();
        Path added = file.resolveSibling("added_tokens.json");
        if (Files.isRegularFile(added)) {
            JsonNode more = StrictJson.tree(added, "the list of added tokens", bytes(added));
            ids.addAll(more);
            more.fieldNames().forEachRemaining(special::add);
        }
        return tokenizer(file, ids.tokens(), merges(mergesFile), special);
    }

    private static Path mergesOf(Path vocabulary) {
        String name = vocabulary.getFileName().toString();
        for (Pair pair : PAIRS) {
            Path merges = vocabulary.resolveSibling(pair.merges());
            if (Files.isRegularFile(merges)
                    && (name.equals(pair.vocabulary())
                            || pairIn(parent(vocabulary)).isEmpty())) {
                return merges;
            }
        }
        throw new BadFileException(
                vocabulary,
                "has no \"model\", so it is no tokenizer.json; if it is a vocabulary, its merges.txt (or vocab.bpe) is"
                        + " missing beside it");
    }

    private static Path parent(Path file) {
        return file.toAbsolutePath().getParent();
    }

    /** Lines of two tokens, behind a line with the version. */
    private static List<String> merges(Path file) {
        String text = StrictJson.checked(
                file,
                "the list of merges",
                () -> StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(java.nio.ByteBuffer.wrap(bytes(file)))
                        .toString());
        List<String> lines = new ArrayList<>(Arrays.asList(text.split("\r?\n")));
        if (lines.get(0).startsWith("#version")) {
            lines.remove(0);
        }
        lines.removeIf(String::isEmpty);
        return lines;
    }

    private static Tokenizer tokenizer(Path file, List<String> tokens, List<String> merges, Set<String> marked) {
        Set<String> special = new TreeSet<>(marked);
        String end = Tokenizer.END_OF_TEXT;
        if (!tokens.contains(end)) {
            end = eosToken(file, tokens);
        }
        special.add(end);
        String endOfText = end;
        return checked(file, () -> {
            BytePairTokenizer tokenizer =
                    new BytePairTokenizer(BytePairVocabulary.of(tokens, merges, special, endOfText));
            // What merges nothing may be one of the simpler kinds, written as byte-level BPE for others to read.
            return merges.isEmpty() ? BytePairForm.of(tokenizer).tokenizer() : tokenizer;
        });
    }

    private static Tokenizer checked(Path file, Supplier<Tokenizer> making) {
        try {
            return making.get();
        } catch (IllegalArgumentException e) {
            throw new BadFileException(file, "cannot be used: " + BadFileException.quoteSentence(e.getMessage()), e);
        }
    }

    /** What the tokenizer_config.json beside it names, where a vocabulary has not GPT-2's end of text. */
    private static String eosToken(Path file, List<String> tokens) {
        Path config = file.resolveSibling("tokenizer_config.json");
        if (Files.isRegularFile(config)) {
            JsonNode eos = StrictJson.tree(config, "the tokenizer's configuration", bytes(config))
                    .path("eos_token");
            String named = eos.isObject() ? eos.path("content").asText() : eos.asText();
            if (tokens.contains(named)) {
                return named;
            }
        }
        throw new BadFileException(
                file,
                "has no token " + Tokenizer.END_OF_TEXT
                        + ", and no tokenizer_config.json beside it names another eos_token: a text could not end");
    }

    private static byte[] bytes(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new BadFileException(file, "there is no such file; give a tokenizer.json or its folder");
            }
            if (Files.size(file) > MOST_BYTES) {
                throw new BadFileException(
                        file, "has " + Files.size(file) + " bytes; no file of a tokenizer has more than " + MOST_BYTES);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + BadFileException.reason(e), e);
        }
    }
}
