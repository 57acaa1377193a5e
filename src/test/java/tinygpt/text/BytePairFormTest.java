package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class BytePairFormTest {
    @Test
    void asciiCharacters_areSingleSymbols_andNothingIsMerged() {
        BytePairForm form = BytePairForm.of(CharacterTokenizer.of("a b\n"));
        assertEquals(List.of("\u010A", "\u0120", "a", "b", "<|endoftext|>"), form.tokens());
        assertEquals(List.of(), form.merges());
        assertEquals(new TreeSet<>(Set.of(4)), form.special());
        assertEquals(4, form.endOfText());
        assertEquals("<|endoftext|>", form.endOfTextToken());
        assertEquals(Optional.of(List.of("\n", " ", "a", "b", "<|endoftext|>")), form.characters());
        assertTrue(form.isClosed());
    }

    /** é is C3 A9, ’ is E2 80 99, in the byte alphabet Ã© and âĢĻ. */
    @Test
    void charactersOfSeveralBytes_areMergedFrontToBack() {
        BytePairForm form = BytePairForm.of(CharacterTokenizer.of("é’“"));
        assertEquals(List.of("Ã©", "â\u0122\u013B", "â\u0122\u013E", "<|endoftext|>"), form.tokens());
        assertEquals(List.of("Ã ©", "â \u0122", "â\u0122 \u013B", "â\u0122 \u013E"), form.merges());
        assertFalse(form.isClosed());
    }

    @Test
    void bytes_keepTheirIds() {
        BytePairForm form = BytePairForm.of(new ByteTokenizer());
        assertEquals(257, form.tokens().size());
        assertEquals("\u0120", form.tokens().get(' '));
        assertEquals("a", form.tokens().get('a'));
        assertEquals("\u0143", form.tokens().get(0xAD));
        assertEquals(256, form.endOfText());
        assertEquals(Optional.empty(), form.characters());
        assertTrue(form.isClosed());
    }

    @Test
    void bytePairs_areThemselves() {
        byte[] text = "the theme then the thesis".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        BytePairTokenizer tokenizer = BytePairTrainer.train(text, 262, 0, BytePairTrainer.Progress.NONE);
        BytePairForm form = BytePairForm.of(tokenizer);
        assertEquals(tokenizer.vocabulary().tokens(), form.tokens());
        assertEquals(tokenizer.vocabulary().spelledMerges(), form.merges());
        assertEquals(tokenizer.endOfText(), form.endOfText());
        assertTrue(form.isClosed());
    }

    /** The form is byte-level BPE: read as such, it gives the ids of the tokenizer it was made from. */
    @Test
    void readAsBytePairs_aClosedForm_givesTheSameIds() {
        String text = "First Citizen:\nBefore we proceed, <|endoftext|>hear me  speak.";
        for (Tokenizer tokenizer : List.of(CharacterTokenizer.of(text), new ByteTokenizer())) {
            BytePairForm form = BytePairForm.of(tokenizer);
            BytePairTokenizer same = new BytePairTokenizer(BytePairVocabulary.of(
                    form.tokens(), form.merges(), Set.of(form.endOfTextToken()), form.endOfTextToken()));
            assertArrayEquals(tokenizer.encode(text), same.encode(text));
        }
    }

    @Test
    void tokenizer_isTheOneTheFormWasMadeOf() {
        byte[] text = "the theme then the thesis’ 🙂".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (Tokenizer tokenizer : List.of(
                CharacterTokenizer.of("abc \n"),
                CharacterTokenizer.of("aé’🙂"),
                new ByteTokenizer(),
                BytePairTrainer.train(text, 262, 0, BytePairTrainer.Progress.NONE))) {
            assertEquals(
                    tokenizer.describe(), BytePairForm.of(tokenizer).tokenizer().describe());
        }
    }

    @Test
    void resized_addsTokensNobodyWrites_orLeavesOutSpecialOnesAtTheEnd() {
        BytePairForm form = BytePairForm.of(CharacterTokenizer.of("ab"));
        BytePairForm larger = form.resized(5);
        assertEquals(List.of("a", "b", "<|endoftext|>", "<|unused_3|>", "<|unused_4|>"), larger.tokens());
        assertArrayEquals(new int[] {1, 2}, larger.tokenizer().encode("b<|endoftext|>"));
        assertEquals(form.tokenizer().describe(), larger.resized(3).tokenizer().describe());
        assertThrows(IllegalArgumentException.class, () -> form.resized(2)); // it would lose its end of text
        assertThrows(
                IllegalArgumentException.class,
                () -> BytePairForm.of(new ByteTokenizer()).resized(200));
    }
}
