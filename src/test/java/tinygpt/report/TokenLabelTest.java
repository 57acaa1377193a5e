package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.text.BytePairTrainer;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

class TokenLabelTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "e,e,VOWEL",
                "é,é,VOWEL",
                "y,y,CONSONANT",
                "ß,ß,CONSONANT",
                "Q,Q,CAPITAL",
                "7,7,DIGIT",
                "| |,| |,SPACE",
                "|,|,|,|,PUNCTUATION",
                "',',PUNCTUATION",
                "\\,\\,PUNCTUATION",
                "+,+,OTHER",
                "я,я,OTHER",
                "中,中,OTHER"
            })
    void characters_haveTheirLabelAndGroup(String character, String label, TokenLabel.Group group) {
        Tokenizer tokenizer = CharacterTokenizer.of(character + "\n");
        assertEquals(
                new TokenLabel(label, group), TokenLabel.of(tokenizer, tokenizer.encode(character)[0]));
    }

    @org.junit.jupiter.api.Test
    void others_areShownInWords() {
        Tokenizer characters = CharacterTokenizer.of("a\n\u200B");
        assertEquals(
                new TokenLabel("\\n", TokenLabel.Group.SPACE),
                TokenLabel.of(characters, characters.encode("\n")[0]));
        assertEquals(
                new TokenLabel("U+200B", TokenLabel.Group.OTHER),
                TokenLabel.of(characters, characters.encode("\u200B")[0]));
        assertEquals(
                new TokenLabel("<|endoftext|>", TokenLabel.Group.OTHER),
                TokenLabel.of(characters, characters.endOfText()));
        assertEquals(
                "space and letters", TokenLabel.Group.SPACE_AND_LETTERS.label(), "as the page's table of signs has it");
        Tokenizer pairs = BytePairTrainer.train(
                "say the day, the way!!".repeat(9).getBytes(StandardCharsets.UTF_8), 264, 2, (tokens, size) -> {});
        List<String> groups = new ArrayList<>();
        for (int id = 257; id < pairs.vocabularySize(); id++) {
            TokenLabel label = TokenLabel.of(pairs, id);
            groups.add(label.text() + ": " + label.group().label());
        }
        assertEquals(
                List.of(
                        "ay: letters",
                        "he: letters",
                        "the: letters",
                        " the: space and letters",
                        "!!: other",
                        "day: letters",
                        "say: letters"),
                groups);
        Tokenizer bytes = new ByteTokenizer();
        assertEquals(new TokenLabel("0xE2", TokenLabel.Group.OTHER), TokenLabel.of(bytes, bytes.encode("…")[0]));
    }
}
