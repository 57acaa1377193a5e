package tinygpt.parameters;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Chooses parameters: {@code kind:attention,positional} by kind, anything else as a glob over names, where {@code *} is
 * any run of characters, {@code ?} one, and {@code [0-3]} one of a range: {@code h.[01].attn.*}. Between commas the bare
 * name of a kind is a kind too; no parameter has such a name.
 */
public final class ParameterSelector {
    private static final String KIND_PREFIX = "kind:";

    private final Set<ParameterKind> kinds = EnumSet.noneOf(ParameterKind.class);
    private final List<Glob> globs = new ArrayList<>();

    private ParameterSelector(String text) {
        if (text.startsWith(KIND_PREFIX)) {
            for (String label : text.substring(KIND_PREFIX.length()).split(",")) {
                kinds.add(ParameterKind.labelled(label.trim()));
            }
            return;
        }
        for (String part : text.split(",")) {
            String alternative = part.trim();
            if (alternative.startsWith(KIND_PREFIX)) {
                kinds.add(ParameterKind.labelled(alternative.substring(KIND_PREFIX.length())));
            } else if (ParameterKind.isLabel(alternative)) {
                kinds.add(ParameterKind.labelled(alternative));
            } else {
                globs.add(new Glob(alternative));
            }
        }
    }

    /**
     * A test for parameters.
     *
     * @throws IllegalArgumentException for an unknown kind or a broken glob
     */
    public static Predicate<Parameter> parse(String selector) {
        ParameterSelector parsed = of(selector);
        return parameter -> parsed.matches(parameter.kind(), parameter.name());
    }

    /** The same for what is not a parameter yet. */
    static ParameterSelector of(String selector) {
        return new ParameterSelector(selector);
    }

    boolean matches(ParameterKind kind, String name) {
        if (kinds.contains(kind)) {
            return true;
        }
        for (Glob glob : globs) {
            if (glob.matches(name)) {
                return true;
            }
        }
        return false;
    }
}
