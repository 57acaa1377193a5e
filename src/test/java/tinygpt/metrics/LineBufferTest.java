package tinygpt.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class LineBufferTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-0.0, 0",
        "1, 1",
        "-1.5, -1.5",
        "0.1, 0.1",
        "123456, 123456",
        "1234567, 1.23457e6",
        "999999.6, 1e6",
        "999999.4, 999999",
        "100000, 100000",
        "120, 120",
        "12.34567, 12.3457",
        "0.0012345678, 0.00123457",
        "0.00001, 0.00001",
        "0.000001, 1e-6",
        "1.5e-7, 1.5e-7",
        "9.9999999, 10",
        "0.99999999, 1",
        "1e300, 1e300",
        "1.7976931348623157e308, 1.79769e308",
        "-2.5e-289, -2.5e-289"
    })
    void rounded_hasSixDigitsAtMost(double value, String expected) {
        assertEquals(expected, new LineBuffer().addRounded(value).toString());
    }

    @Test
    void rounded_smallestNumbers_readBack() {
        for (double value : new double[] {Double.MIN_VALUE, -Double.MIN_NORMAL, 1e-291}) {
            assertEquals(
                    value, Double.parseDouble(new LineBuffer().addRounded(value).toString()));
        }
    }

    @Test
    void rounded_ofManyNumbers_isWithinHalfAUnitOfTheSixthDigit() {
        for (int i = 0; i < 20_000; i++) {
            double mantissa = 1 + CounterRandom.below(900_000_000, 1, Stream.SAMPLING, 0, i) * 1e-8;
            double value = mantissa * Math.pow(10, i % 40 - 20);
            String text = new LineBuffer().addRounded(value).toString();
            BigDecimal read = new BigDecimal(text);
            assertTrue(read.stripTrailingZeros().precision() <= 6, text);
            BigDecimal unit = new BigDecimal(value)
                    .round(new MathContext(6, RoundingMode.DOWN))
                    .ulp();
            BigDecimal error = read.subtract(new BigDecimal(value)).abs();
            // A hair more: the scaling is itself rounded.
            assertTrue(error.compareTo(unit.multiply(new BigDecimal("0.500001"))) <= 0, value + " as " + text);
        }
    }

    @Test
    void exact_readsBackAsTheSameDouble() {
        for (int i = 0; i < 1000; i++) {
            double value = Math.exp(-i / 100.0) * Math.PI;
            assertEquals(
                    value, Double.parseDouble(new LineBuffer().addExact(value).toString()));
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "9", "10", "-3", "1790000033", "9223372036854775807", "-9223372036854775808"})
    void integers_areWrittenInFull(long value) {
        assertEquals(Long.toString(value), new LineBuffer().add(value).toString());
    }

    @Test
    void longLine_growsTheBuffer() {
        LineBuffer line = new LineBuffer();
        for (int i = 0; i < 1000; i++) {
            line.addRounded(1.23457).add(',');
        }
        assertEquals("1.23457,".repeat(1000), line.toString());
        assertEquals("é\n", line.clear().addUtf8("é").add('\n').toString());
    }
}
