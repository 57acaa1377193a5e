package tinygpt.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One line from what Spark throws: its messages hold whole stack traces of other machines. */
final class Failures {
    /** {@code Lost task 0.3 in stage 2.0 (TID 7) (host executor 1): java.lang.IllegalStateException: what it says} */
    private static final Pattern TASK = Pattern.compile(
            "most recent failure: Lost task \\S+ in stage \\S+ \\(TID \\d+\\) \\((\\S+) [^)]*\\): (.*)");

    private static final Pattern EXCEPTION = Pattern.compile("^(?:[a-z][\\w$]*\\.)+([A-Z][\\w$]*)(?:: )?");
    private static final int LONGEST = 400;

    private Failures() {}

    /** What went wrong, and where. */
    static String inWords(Throwable e) {
        String message = "";
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
            Matcher task = TASK.matcher(message);
            if (task.find()) {
                return shortened(task.group(2)) + " (tried again and again, at last on " + task.group(1) + ")";
            }
        }
        return shortened(message.lines().findFirst().orElse(""));
    }

    private static String shortened(String line) {
        Matcher exception = EXCEPTION.matcher(line);
        String plain = exception.find() && exception.end() < line.length() ? line.substring(exception.end()) : line;
        return plain.length() > LONGEST ? plain.substring(0, LONGEST) + "..." : plain;
    }
}
