package tinygpt.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StopTextsTest {
    @Test
    void possibleBeginning_isHeldBack_andReleasedWhenItIsNone() {
        StopTexts stops = new StopTexts(List.of("END"));
        assertEquals("x", stops.accept("xE"));
        assertEquals("", stops.accept("N"));
        assertEquals("ENEX", stops.accept("EX"));
        assertEquals("", stops.accept("EN"));
        assertEquals("EN", stops.flush());
    }

    @Test
    void stopText_inSeveralPieces_isCutOff() {
        StopTexts stops = new StopTexts(List.of("END"));
        assertEquals("a", stops.accept("aE"));
        assertEquals("", stops.accept("N"));
        assertEquals("", stops.accept("D more"));
        assertTrue(stops.found());
        assertEquals("", stops.accept("even more"));
        assertEquals("", stops.flush());
    }

    @ParameterizedTest
    @CsvSource({
        "aab, xaaab, xa", // overlaps itself
        "abab|aba, xxababab, xx", // the shorter is complete first
        "abc|b, abc, a", // ends first, though it begins later
        "ab|b, ab, ''", // end together: the longer
        "zz, abc, abc",
        "c, abc, ab",
        "bcd, abc, abc"
    })
    void text_cutInAnyPieces_endsAtTheSamePlace(String stopTexts, String text, String expected) {
        List<String> texts = List.of(stopTexts.split("\\|"));
        for (int cuts = 0; cuts < 1 << (text.length() - 1); cuts++) {
            StopTexts stops = new StopTexts(texts);
            StringBuilder out = new StringBuilder();
            int from = 0;
            for (int at = 1; at <= text.length(); at++) {
                if (at == text.length() || (cuts >> (at - 1) & 1) == 1) {
                    out.append(stops.accept(text.substring(from, at)));
                    from = at;
                }
            }
            out.append(stops.flush());
            assertEquals(expected, out.toString(), "cuts " + Integer.toBinaryString(cuts));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "abc"})
    void withoutStopTexts_everythingPassesAtOnce(String piece) {
        assertEquals(piece, new StopTexts(List.of()).accept(piece));
    }
}
