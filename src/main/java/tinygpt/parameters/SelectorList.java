package tinygpt.parameters;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Selectors separated by blanks, each with an optional {@code !} that takes away what it matches; the last one that matches
 * decides, and a list that begins by taking away begins with all.
 */
final class SelectorList {
    private final List<Item> items = new ArrayList<>();

    /** One selector of the list, as it was written. */
    record Item(String text, boolean takesAway, ParameterSelector selector) {
        /** What it unites, each as a selector of its own. */
        List<Item> alternatives() {
            String[] parts = (takesAway ? text.substring(1) : text).split(",");
            return Arrays.stream(parts)
                    .map(part -> new Item(part, false, ParameterSelector.of(part)))
                    .toList();
        }
    }

    /**
     * Reads a list.
     *
     * @throws IllegalArgumentException for an unknown kind or a broken glob
     */
    SelectorList(String list) {
        for (String text : list.split(" ")) {
            boolean takesAway = text.startsWith("!");
            String selector = takesAway ? text.substring(1) : text;
            if (selector.isEmpty()) {
                throw new IllegalArgumentException(
                        "'" + list + "' has a ! with nothing behind it; write it in front of a selector, as in !wte.*");
            }
            items.add(new Item(text, takesAway, ParameterSelector.of(selector)));
        }
    }

    List<Item> items() {
        return items;
    }

    boolean chooses(ParameterKind kind, String name) {
        boolean chosen = items.get(0).takesAway();
        for (Item item : items) {
            if (item.selector().matches(kind, name)) {
                chosen = !item.takesAway();
            }
        }
        return chosen;
    }

    /** A refusal of an alternative that matches nothing, with a guess at what was meant. */
    static IllegalArgumentException matchesNothing(Item item, String what, List<String> names) {
        String text = item.text();
        return new IllegalArgumentException("'" + text + "' matches no " + what + " of this model; "
                + guess(text, names).map(g -> "did you mean '" + g + "'? ").orElse("")
                + "the command 'params --all' lists the names");
    }

    private static java.util.Optional<String> guess(String text, List<String> names) {
        List<String> guesses = new ArrayList<>();
        // h.0-1.* was meant as a range, wte as the start of a name.
        guesses.add(text.replaceAll("(?<![\\[0-9A-Za-z_-])([0-9]-[0-9])(?![0-9\\]])", "[$1]"));
        guesses.add(text + "*");
        guesses.add("*" + text + "*");
        for (String guess : guesses) {
            if (!guess.equals(text) && names.stream().anyMatch(new Glob(guess)::matches)) {
                return java.util.Optional.of(guess);
            }
        }
        String nearest = null;
        int least = text.length() / 3 + 1;
        for (String name : names) {
            int distance = distance(text, name, least);
            if (distance < least) {
                least = distance;
                nearest = name;
            }
        }
        return java.util.Optional.ofNullable(nearest);
    }

    /** Levenshtein distance, or the limit if it is not below. */
    private static int distance(String a, String b, int limit) {
        if (Math.abs(a.length() - b.length()) >= limit) {
            return limit;
        }
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return Math.min(limit, row[b.length()]);
    }
}
