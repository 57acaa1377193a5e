package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class GlyphsTest {
    @Test
    void ascii_replacesEverySign() {
        assertEquals(
                "4 layers | L*(4C^2 + 4C) N(0, 0.02/sqrt(2L)) 2x3 +-1 ... -> dW",
                Glyphs.ascii("4 layers · L·(4C² + 4C) N(0, 0.02/√(2L)) 2×3 ±1 … → ΔW"));
    }

    @Test
    void utf8_keepsEverySign() {
        Glyphs glyphs = Glyphs.of(StandardCharsets.UTF_8);
        assertEquals("a · b² √", glyphs.text("a · b² √"));
        assertTrue(glyphs.canShow("▁▂▃"));
    }

    @Test
    void latin1_keepsWhatItHas() {
        Glyphs glyphs = Glyphs.of(StandardCharsets.ISO_8859_1);
        assertEquals("L·C² sqrt(2)", glyphs.text("L·C² √(2)"));
        assertFalse(glyphs.canShow("√"));
    }
}
