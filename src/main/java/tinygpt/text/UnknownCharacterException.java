package tinygpt.text;

import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** A text has characters that a character vocabulary lacks. The message names each of them once. */
public final class UnknownCharacterException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;
    /** A prompt in another script has hundreds; a message of a few lines is still read. */
    private static final int MOST_NAMED = 32;

    private final transient List<Integer> codePoints;

    UnknownCharacterException(Collection<Integer> codePoints) {
        super(message(List.copyOf(codePoints)));
        this.codePoints = List.copyOf(codePoints);
    }

    /** The unknown code points, each once, in the order in which the text has them; empty after deserialization. */
    public List<Integer> codePoints() {
        return codePoints == null ? List.of() : codePoints;
    }

    /** The unknown characters in words, the first few of many. */
    public String named() {
        return named(codePoints());
    }

    private static String named(List<Integer> codePoints) {
        String named = codePoints.stream()
                .limit(MOST_NAMED)
                .map(Printable::codePointAndNumber)
                .collect(Collectors.joining(", "));
        int more = codePoints.size() - MOST_NAMED;
        return named + (more > 0 ? " and " + more + " more" : "");
    }

    private static String message(List<Integer> codePoints) {
        return (codePoints.size() == 1 ? "the vocabulary lacks the character " : "the vocabulary lacks the characters ")
                + named(codePoints)
                + ": it was fixed by the training text and cannot grow afterwards. Remove them from the text, or use"
                + " --unknown skip to leave them out or --unknown replace to put a substitute in their place";
    }
}
