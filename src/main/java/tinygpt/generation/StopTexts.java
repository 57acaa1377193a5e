package tinygpt.generation;

import java.util.List;

/**
 * Cuts a text that comes in pieces before the first stop text. What could be the beginning of one is held back until it
 * is known not to be. How the text is cut into pieces makes no difference: the stop text that is complete first counts,
 * and of those that end together the longest.
 */
public final class StopTexts {
    private final List<String> stops;
    private final StringBuilder pending = new StringBuilder();
    private boolean found;

    /** Nothing is held back if there are none. */
    public StopTexts(List<String> stops) {
        this.stops = List.copyOf(stops);
    }

    /** Whether a stop text came. */
    public boolean found() {
        return found;
    }

    /** Takes a piece; returns the text that is certain now, which may be empty. */
    public String accept(String piece) {
        if (found) {
            return "";
        }
        pending.append(piece);
        int start = firstStop();
        found = start >= 0;
        return take(found ? start : pending.length() - heldBack());
    }

    /** Ends the text; returns what was held back, unless a stop text came. */
    public String flush() {
        return found ? "" : take(pending.length());
    }

    private String take(int length) {
        String text = pending.substring(0, length);
        pending.delete(0, length);
        return text;
    }

    /** Where the stop text that is complete first begins, or -1. */
    private int firstStop() {
        int first = -1;
        int firstEnd = Integer.MAX_VALUE;
        for (String stop : stops) {
            int start = pending.indexOf(stop);
            int end = start + stop.length();
            if (start >= 0 && (end < firstEnd || (end == firstEnd && start < first))) {
                first = start;
                firstEnd = end;
            }
        }
        return first;
    }

    /** Length of the longest end of the text that a stop text begins with. */
    private int heldBack() {
        int longest = 0;
        for (String stop : stops) {
            int length = Math.min(stop.length() - 1, pending.length());
            while (length > longest && !endsWith(stop, length)) {
                length--;
            }
            longest = Math.max(longest, length);
        }
        return longest;
    }

    private boolean endsWith(String stop, int length) {
        int from = pending.length() - length;
        for (int i = 0; i < length; i++) {
            if (pending.charAt(from + i) != stop.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
