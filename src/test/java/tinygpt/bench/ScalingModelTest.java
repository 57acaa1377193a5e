package tinygpt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The efficiency that a latency, a network and a processor allow. */
class ScalingModelTest {
    private static final int TOKENS = 4096;

    /** Worked out by hand for 30 ms, 1 GB/s between processes and 50 GFLOP/s. */
    @ParameterizedTest
    @CsvSource({
        "1e6, 0.118e9, 75, 67, 55, 96",
        "1e6, 1.18e9, 89, 87, 82, 99",
        "1e7, 0.118e9, 78, 69, 57, 96",
        "1e7, 1.18e9, 94, 91, 86, 99",
        "1.24e8, 0.118e9, 78, 70, 57, 96"
    })
    void efficiency_isWhatTheFormulaSays(double parameters, double network, int two, int four, int eight, int rounds) {
        ScalingModel model = new ScalingModel(0.03, 1e9, 50e9);
        assertEquals(two, percent(model.ofEveryStep(parameters, TOKENS, network, 2)));
        assertEquals(four, percent(model.ofEveryStep(parameters, TOKENS, network, 4)));
        assertEquals(eight, percent(model.ofEveryStep(parameters, TOKENS, network, 8)));
        assertEquals(rounds, percent(model.ofRounds(parameters, TOKENS, network, 8, 50)));
    }

    private static long percent(double part) {
        return Math.round(100 * part);
    }
}
