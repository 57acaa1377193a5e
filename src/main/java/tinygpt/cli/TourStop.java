package tinygpt.cli;

import java.io.IOException;
import java.util.List;

/**
 * One thing to understand: says what is about to be seen, runs commands that show it, holds what it claims against their
 * numbers, and says what they mean.
 */
sealed interface TourStop
        permits NumbersStop,
                InitialStop,
                FixedStop,
                StepStop,
                KindsStop,
                CountsStop,
                StructureStop,
                FineTuningStop,
                SizesStop,
                BitsStop {

    /** The stops in their order; the first is number 1. */
    static List<TourStop> all(Output output) {
        return List.of(
                new NumbersStop(),
                new InitialStop(),
                new FixedStop(),
                new StepStop(),
                new KindsStop(),
                new CountsStop(),
                new StructureStop(),
                new FineTuningStop(),
                new SizesStop(),
                new BitsStop(output));
    }

    /** What one understands here, in one line. */
    String title();

    /** Goes there. */
    void visit(TourGuide guide) throws IOException;
}
