package tinygpt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void fourValues_quartilesLieBetweenNeighbours() {
        assertEquals(new Spread(4, 1, 1.75, 3, 5, 8), Spread.of(8, 1, 2, 4));
    }

    @Test
    void oneValue_isAllFive() {
        assertEquals(new Spread(1, 7, 7, 7, 7, 7), Spread.of(7));
    }

    @Test
    void noValues_areRefused() {
        assertThrows(IllegalArgumentException.class, Spread::of);
    }
}
