package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.hyperparameters.Optimization;
import tinygpt.hyperparameters.Preset;
import tinygpt.hyperparameters.ScheduleKind;

class LearningRateScheduleTest {
    /** lr (s + 1) / (warmup + 1) while warming up, then half a cosine: nanoGPT's values at 1e-3 -> 1e-4, 100 of 2,000. */
    @ParameterizedTest
    @CsvSource({
        "0, 9.900990099009901e-6",
        "50, 5.0495049504950497e-4",
        "99, 9.900990099009901e-4",
        "100, 1e-3",
        "575, 8.681980515339464e-4",
        "1050, 5.5e-4",
        "1525, 2.318019484660537e-4",
        "2000, 1e-4"
    })
    void cosine_atStep_isNanoGpts(long step, double expected) {
        Optimization o = Preset.named("shakespeare-cpu").hyperparameters().optimization();
        assertEquals(expected, LearningRateSchedule.at(o, step), 1e-12);
    }

    @ParameterizedTest
    @CsvSource({"LINEAR, 10, 1.0", "LINEAR, 60, 0.6", "LINEAR, 110, 0.2", "CONSTANT, 10, 1.0", "CONSTANT, 110, 1.0"})
    void otherSchedules_afterWarmUp_followTheirLine(ScheduleKind kind, long step, double expected) {
        Optimization o = new Optimization(110, 1.0, 0.2, kind, 10, 0.9, 0.99, 1e-8, 0, 0, 0);
        assertEquals(expected, LearningRateSchedule.at(o, step), 1e-12);
    }
}
