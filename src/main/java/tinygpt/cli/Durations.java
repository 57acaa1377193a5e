package tinygpt.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as people write them on a command line: {@code 90s}, {@code 10m}, {@code 1.5h}. */
final class Durations {
    private static final Pattern TIME = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,6})?)(s|m|h)");

    private Durations() {}

    /**
     * Seconds, more than 0.
     *
     * @throws CommandFailure with {@link Exit#USAGE} for anything else
     */
    static double seconds(String option, String text) {
        Matcher parts = TIME.matcher(text);
        double seconds = 0;
        if (parts.matches()) {
            int unit = switch (parts.group(2)) {
                case "s" -> 1;
                case "m" -> 60;
                default -> 3600;
            };
            seconds = Double.parseDouble(parts.group(1)) * unit;
        }
        if (!(seconds > 0)) {
            throw new CommandFailure(Exit.USAGE, option + " is '" + text + "'; it is a time as in 90s, 10m or 1.5h");
        }
        return seconds;
    }
}
