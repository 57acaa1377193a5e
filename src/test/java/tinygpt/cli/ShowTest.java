package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ShowTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0|0",
                "999|999",
                "1000|1,000",
                "124439808|124,439,808",
                "-1234567|-1,234,567",
                "-123|-123",
                "9223372036854775807|9,223,372,036,854,775,807"
            })
    void count_isExactWithSeparators(long n, String text) {
        assertEquals(text, Show.count(n));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "999, 999",
        "1000, 1.0K",
        "809856, 809.9K",
        "999949, 999.9K",
        "999950, 1.0M",
        "124439808, 124.4M",
        "999950000, 1.0B",
        "174604259328, 174.6B",
        "1500000000000, 1.5T",
        "-809856, -809.9K"
    })
    void shortCount_hasOneDecimal(long n, String text) {
        assertEquals(text, Show.shortCount(n));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B, 0 B",
        "999, 999 B, 999 B",
        "1000, 1.00 kB, 1000 B",
        "1024, 1.02 kB, 1.00 KiB",
        "3239424, 3.24 MB, 3.09 MiB",
        "497759232, 497.8 MB, 474.7 MiB",
        "99995000, 100.0 MB, 95.36 MiB",
        "999950000, 1.00 GB, 953.6 MiB",
        "698417037312, 698.4 GB, 650.5 GiB"
    })
    void bytes_keepDecimalAndBinaryUnitsApart(long n, String decimal, String binary) {
        assertEquals(decimal, Show.bytes(n));
        assertEquals(binary, Show.binaryBytes(n));
    }

    @Test
    void lossAndPerplexity_haveFourAndTwoDecimals() {
        assertEquals("4.1744", Show.loss(Math.log(65)));
        assertEquals("0.0000", Show.loss(0));
        assertEquals("65.00", Show.perplexity(65));
    }

    @Test
    void valueThatIsNoNumber_saysSo() {
        assertEquals("NaN", Show.loss(Double.NaN));
        assertEquals("infinite", Show.loss(Double.POSITIVE_INFINITY));
        assertEquals("-infinite", Show.ratio(Double.NEGATIVE_INFINITY));
        assertEquals("NaN", Show.probability(Double.NaN));
        assertEquals("NaN", Show.duration(Double.NaN));
    }

    @ParameterizedTest
    @CsvSource({
        "0.0011, 1.1e-03",
        "0.00091, 9.1e-04",
        "0.00999, 1.0e-02",
        "1, 1.0e+00",
        "0, 0.0e+00",
        "-0.5, -5.0e-01",
        "123456, 1.2e+05",
        "1.26e-101, 1.3e-101"
    })
    void ratio_hasTwoDigitsAndAnExponent(double value, String text) {
        assertEquals(text, Show.ratio(value));
    }

    @ParameterizedTest
    @CsvSource({"0.123, 12.3%", "1, 100.0%", "0.0004, 0.0%"})
    void probability_isAPercentage(double value, String text) {
        assertEquals(text, Show.probability(value));
    }

    @Test
    void share_hasTwoDecimals_andNoneOfNothing() {
        assertEquals("24.28%", Show.share(196_608, 809_856));
        assertEquals("n/a", Show.share(0, 0));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0:00",
        "33, 0:33",
        "59.6, 1:00",
        "71, 1:11",
        "3599.4, 59:59",
        "3599.6, 1 h 00 m",
        "7380, 2 h 03 m",
        "7199, 2 h 00 m",
        "360000, 100 h 00 m",
        "-1, n/a",
        "Infinity, n/a"
    })
    void duration_isMinutesOrHours(double seconds, String text) {
        assertEquals(text, Show.duration(seconds));
    }

    @Test
    void locale_doesNotMatter() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            assertEquals("124,439,808", Show.count(124_439_808));
            assertEquals("124.4M", Show.shortCount(124_439_808));
            assertEquals("4.1744", Show.loss(Math.log(65)));
        } finally {
            Locale.setDefault(before);
        }
    }
}
