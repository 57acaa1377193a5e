package tinygpt.parameters;

import java.util.ArrayList;
import java.util.List;

/**
 * A pattern over names: {@code *} is any run of characters, {@code ?} one, {@code [0-3]} one of a set.
 *
 * <p>Matched without backtracking into more than the last star, so that a pattern from a file costs at most its length
 * times that of the name, however many stars it has.
 */
final class Glob {
    private static final String SET = "[0-9A-Za-z_](-?[0-9A-Za-z_])*";

    /** One element a place; a star stands for itself, a question mark for every character. */
    private final List<String> elements = new ArrayList<>();

    private static final String STAR = "*";
    private static final String ANY = "?";

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException if its brackets are broken
     */
    Glob(String pattern) {
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (c != '[') {
                elements.add(c == '*' ? STAR : c == '?' ? ANY : String.valueOf(c));
                continue;
            }
            int end = pattern.indexOf(']', i + 1);
            String set = end < 0 ? "" : pattern.substring(i + 1, end);
            if (!set.matches(SET)) {
                throw new IllegalArgumentException("'" + pattern
                        + "' is not a pattern: brackets hold letters, digits and ranges, as in h.[0-3].*");
            }
            elements.add("[" + expanded(pattern, set));
            i = end;
        }
    }

    boolean matches(String name) {
        int element = 0;
        int at = 0;
        int lastStar = -1;
        int resumeAt = 0;
        while (at < name.length()) {
            if (element < elements.size() && elements.get(element).equals(STAR)) {
                lastStar = element++;
                resumeAt = at;
            } else if (element < elements.size() && takes(elements.get(element), name.charAt(at))) {
                element++;
                at++;
            } else if (lastStar >= 0) {
                element = lastStar + 1;
                at = ++resumeAt;
            } else {
                return false;
            }
        }
        while (element < elements.size() && elements.get(element).equals(STAR)) {
            element++;
        }
        return element == elements.size();
    }

    private static boolean takes(String element, char c) {
        return switch (element.charAt(0)) {
            case '?' -> true;
            case '[' -> element.indexOf(c, 1) > 0;
            default -> element.charAt(0) == c;
        };
    }

    /** The characters of a set one by one: {@code 0-2x} is {@code 012x}. */
    private static String expanded(String pattern, String set) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < set.length(); i++) {
            char first = set.charAt(i);
            boolean range = i + 1 < set.length() && set.charAt(i + 1) == '-';
            char last = range ? set.charAt(i + 2) : first;
            if (last < first) {
                throw new IllegalArgumentException(
                        "'" + pattern + "' is not a pattern: a range in brackets must ascend");
            }
            for (char c = first; c <= last; c++) {
                all.append(c);
            }
            i += range ? 2 : 0;
        }
        return all.toString();
    }
}
