package tinygpt.cli;

import java.util.Map;
import tinygpt.inspection.DivergingColors;

/** How a terminal can be coloured. */
enum TerminalColors {
    /** Not at all: signs and digits must do. */
    NONE,
    /** xterm's palette of 256. */
    PALETTE,
    /** 24 bits. */
    TRUE_COLOR;

    /** Ends a colour. */
    static final String RESET = "\u001b[0m";

    /** When to colour, as on the command line. */
    enum When {
        never,
        auto,
        always
    }

    /** What sets the background to 0xRRGGBB, or to what comes nearest. */
    String background(int rgb) {
        return switch (this) {
            case NONE -> "";
            case PALETTE -> "\u001b[48;5;" + DivergingColors.xterm256(rgb) + "m";
            case TRUE_COLOR -> "\u001b[48;2;" + (rgb >> 16) + ";" + (rgb >> 8 & 0xFF) + ";" + (rgb & 0xFF) + "m";
        };
    }

    /**
     * What to use for stdout.
     *
     * @param environment NO_COLOR (no-color.org) turns colours off under auto; COLORTERM and TERM say how many there are
     * @param terminal whether stdout is one
     */
    static TerminalColors choose(When when, Map<String, String> environment, boolean terminal) {
        String term = environment.getOrDefault("TERM", "");
        boolean trueColor = environment.getOrDefault("COLORTERM", "").matches("truecolor|24bit");
        boolean palette = term.contains("256color");
        return switch (when) {
            case never -> NONE;
            case always -> trueColor ? TRUE_COLOR : PALETTE;
            case auto -> {
                boolean wanted =
                        terminal && environment.getOrDefault("NO_COLOR", "").isEmpty() && !term.equals("dumb");
                yield !wanted ? NONE : trueColor ? TRUE_COLOR : palette ? PALETTE : NONE;
            }
        };
    }
}
