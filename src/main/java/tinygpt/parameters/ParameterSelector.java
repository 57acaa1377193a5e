package tinygpt.parameters;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Chooses parameters: {@code kind:attention,positional} by kind, anything else as a glob over names, where {@code *} is
 * any run of characters, {@code ?} one, and {@code [0-3]} one of a range: {@code h.[01].attn.*}.
 */
public final class ParameterSelector {
    private static final String KIND_PREFIX = "kind:";

    private ParameterSelector() {}

    /**
     * A test for parameters.
     *
     * @throws IllegalArgumentException for an unknown kind or a broken glob
     */
    public static Predicate<Parameter> parse(String selector) {
        if (selector.startsWith(KIND_PREFIX)) {
            List<ParameterKind> kinds = Arrays.stream(
                            selector.substring(KIND_PREFIX.length()).split(","))
                    .map(String::trim)
                    .map(ParameterKind::labelled)
                    .toList();
            return parameter -> kinds.contains(parameter.kind());
        }
        Pattern pattern = glob(selector);
        return parameter -> pattern.matcher(parameter.name()).matches();
    }

    private static Pattern glob(String glob) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                case '[' -> {
                    int end = glob.indexOf(']', i + 1);
                    String set = end < 0 ? "" : glob.substring(i + 1, end);
                    if (!set.matches("[0-9A-Za-z_](-?[0-9A-Za-z_])*")) {
                        throw new IllegalArgumentException("'" + glob
                                + "' is not a pattern: brackets hold letters, digits and ranges, as in h.[0-3].*");
                    }
                    regex.append('[').append(set).append(']');
                    i = end;
                }
                default -> regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        try {
            return Pattern.compile(regex.toString());
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("'" + glob + "' is not a pattern: a range in brackets must ascend");
        }
    }
}
