package tinygpt.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.inspection.InspectedModel;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.reference.ModelFixtures;
import tinygpt.text.BytePairTrainer;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

/** Models of every kind of tokenizer, tied and untied, with and without biases, and a text that is hard on tokenizers. */
enum HuggingFaceModels {
    ASCII_CHARACTERS(true, true),
    CHARACTERS(false, true),
    BYTES(false, false),
    BPE(true, false);

    /** What may stand in a text: words, contractions, digits, odd white space, many scripts, emoji of many parts. */
    private static final List<String> PIECES = List.of(
            "the",
            " The",
            "'s",
            "'ll",
            "I'Ve",
            "  ",
            "   x",
            "\t",
            "\n",
            "\r\n",
            "\n\n ",
            " 1984",
            "3.14",
            "½",
            "Ⅷ",
            "_",
            "--",
            "?!",
            "\u00A0",
            "\u2003",
            "\u200B",
            "\u0085",
            "\uFEFF",
            "é",
            "e\u0301",
            "Ünïcödé",
            "ß",
            "ﬁ",
            "’",
            "“quoted”",
            "…",
            "Ж",
            "борщ",
            "λόγος",
            "שלום",
            "مرحبا",
            "नमस्ते",
            "ไทย",
            "한국어",
            "日本語",
            "中文字",
            "𝒳",
            "🙂",
            "👩‍👩‍👧",
            "🏳️‍🌈",
            "🇩🇪",
            "👍🏽",
            "<|",
            "<|endoftext|>",
            "|>",
            "\u0001",
            "\u007F",
            "Ġ",
            "Ċ",
            "▁");

    private final boolean tied;
    private final boolean biases;

    HuggingFaceModels(boolean tied, boolean biases) {
        this.tied = tied;
        this.biases = biases;
    }

    boolean biases() {
        return biases;
    }

    boolean tied() {
        return tied;
    }

    Tokenizer tokenizer() {
        byte[] text = text(20_000).getBytes(StandardCharsets.UTF_8);
        return switch (this) {
            case ASCII_CHARACTERS -> CharacterTokenizer.of(tales().replaceAll("[^\\x00-\\x7F]", ""));
            case CHARACTERS -> CharacterTokenizer.of(text(20_000));
            case BYTES -> new ByteTokenizer();
            case BPE -> BytePairTrainer.train(text, 700, 0, BytePairTrainer.Progress.NONE);
        };
    }

    /** Writes a run with random weights, the same every time; its checkpoint is of step 7. */
    Path run(Path folder) {
        Tokenizer tokenizer = tokenizer();
        Hyperparameters h = InspectedModel.nano(3)
                .with("model.vocabulary_size", String.valueOf(tokenizer.vocabularySize()))
                .with("model.tied_head", String.valueOf(tied))
                .with("model.biases", String.valueOf(biases))
                .with("data.tokenizer", tokenizer.kind());
        InspectedModel.write(
                folder,
                h,
                7,
                tokenizer.describe(),
                registry -> ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry, 1)));
        return folder;
    }

    /** A text of so many characters, half of it the tales, half of it pieces in any order. */
    static String text(int characters) {
        StringBuilder text = new StringBuilder(tales().substring(0, characters / 2));
        for (int i = 0; text.length() < characters; i++) {
            text.append(PIECES.get((int) CounterRandom.below(PIECES.size(), 11, Stream.SAMPLING, i, 0)));
        }
        return text.toString();
    }

    private static String tales() {
        try {
            return Files.readString(Path.of(System.getProperty("tinygpt.home", "."), "data", "tales.txt"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
