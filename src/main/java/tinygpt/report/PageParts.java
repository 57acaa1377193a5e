package tinygpt.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** What pages are made of: templates with places, styles and scripts, all resources beside this class. */
public final class PageParts {
    /** What a page may do: run what is part of it, and ask where it came from. */
    public static final String CSP =
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'";

    private PageParts() {}

    /** Puts the parts into their places; what a part says is not searched for places again. */
    public static String fill(String template, Map<String, String> parts) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        for (int open = template.indexOf("{{"); open >= 0; open = template.indexOf("{{", at)) {
            int close = template.indexOf("}}", open);
            String part = parts.get(template.substring(open + 2, close));
            if (part == null) {
                throw new IllegalStateException("nothing belongs into " + template.substring(open, close + 2));
            }
            out.append(template, at, open).append(part);
            at = close + 2;
        }
        return out.append(template, at, template.length()).toString();
    }

    /** Resources one after the other, each between two texts. */
    public static String joined(List<String> names, String before, String after) {
        StringBuilder out = new StringBuilder();
        names.forEach(name -> out.append(before).append(resource(name)).append(after));
        return out.toString();
    }

    /** A file beside this class, as text. */
    public static String resource(String name) {
        try (InputStream in = PageParts.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its resource " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
