package tinygpt.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErfTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "0.1, 0.1124629160182849",
        "0.5, 0.5204998778130465",
        "1, 0.8427007929497149",
        "2, 0.9953222650189527",
        "2.9, 0.9999589021219005",
        "3.1, 0.9999883513426328",
        "4, 0.9999999845827421",
        "5.5, 0.9999999999999927",
        "30, 1"
    })
    void erf_ofTabulatedPoint_isExactTo2e15AndOdd(double x, double expected) {
        assertEquals(expected, Erf.erf(x), 2e-15);
        assertEquals(-expected, Erf.erf(-x), 2e-15);
    }

    @Test
    void erf_whereTheTwoExpansionsMeet_isContinuous() {
        double below = Erf.erf(Math.nextDown(3.0));
        double above = Erf.erf(3.0);

        assertTrue(Math.abs(above - below) <= 1e-15, below + " and " + above);
    }
}
