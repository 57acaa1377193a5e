package tinygpt.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;

/** Waits between the stops of the tour until the reader wants to go on. */
final class TourPause {
    private final BufferedReader keyboard;
    private final PrintWriter err;

    /**
     * A pause.
     *
     * @param keyboard what is typed; null to wait for nothing
     * @param err where the question is asked
     */
    TourPause(BufferedReader keyboard, PrintWriter err) {
        this.keyboard = keyboard;
        this.err = err;
    }

    /** Asks; false if the tour shall end here. The end of the input does not end the tour, there is just nobody to wait for. */
    boolean goOn() throws IOException {
        if (keyboard == null) {
            return true;
        }
        err.print("Enter goes on, q and Enter end the tour: ");
        err.flush();
        String answer = keyboard.readLine();
        if (answer == null) {
            err.println();
            return true;
        }
        return !answer.strip().toLowerCase(Locale.ROOT).startsWith("q");
    }
}
