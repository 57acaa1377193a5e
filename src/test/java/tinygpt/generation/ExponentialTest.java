package tinygpt.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ExponentialTest {
    @Test
    void exp_isStrictMathsToAFewUnitsInTheLastPlace() {
        double worst = 0;
        for (int i = 0; i <= 700_000; i++) {
            double x = -i * 0.001;
            double expected = StrictMath.exp(x);
            worst = Math.max(worst, Math.abs(Exponential.exp(x) - expected) / expected);
        }
        assertTrue(worst < 1e-15, "relative error " + worst);
    }

    @Test
    void exp_atTheEnds() {
        assertEquals(1, Exponential.exp(0));
        assertEquals(1, Exponential.exp(-0.0));
        assertEquals(1, Exponential.exp(-1e-300));
        assertEquals(0, Exponential.exp(-701));
        assertEquals(0, Exponential.exp(-1e300));
        assertEquals(0, Exponential.exp(Double.NEGATIVE_INFINITY));
    }

    @Test
    void exp_neverFallsWhereItShouldRise() {
        double before = 0;
        for (double x = -40; x <= 0; x += 1.0 / 1024) {
            double now = Exponential.exp(x);
            assertTrue(now > before, "at " + x);
            before = now;
        }
    }
}
