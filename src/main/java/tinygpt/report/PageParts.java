package tinygpt.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What pages are made of, all resources beside this class, a file for each idea: a frame that all pages share, panels with
 * places, styles and scripts. A page is one HTML file that needs no network.
 */
public final class PageParts {
    /** What a page may do: run what is part of it, and ask where it came from. */
    public static final String CSP =
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'";

    private PageParts() {}

    /**
     * A whole page.
     *
     * @param panels the resource with its panels
     * @param own what belongs into the places of the panels, and into those of the frame: title, masthead, colophon, credits
     * @param scripts put into the page one by one, in order; each may use those before it
     * @param state the data of the page, as JSON
     */
    public static String page(
            String panels, Map<String, String> own, List<String> styles, List<String> scripts, String state) {
        Map<String, String> parts = new HashMap<>(own);
        parts.put("policy", CSP);
        parts.put("styles", joined(styles, "", "\n"));
        parts.put("panels", fill(resource(panels), own));
        parts.put("state", Html.json(state));
        parts.put("scripts", joined(scripts, "<script>\n", "\n</script>\n"));
        return fill(resource("page.html"), parts);
    }

    /** Puts the parts into their places; what a part says is not searched for places again. */
    private static String fill(String template, Map<String, String> parts) {
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
    private static String joined(List<String> names, String before, String after) {
        StringBuilder out = new StringBuilder();
        names.forEach(name -> out.append(before).append(resource(name)).append(after));
        return out.toString();
    }

    /** A file beside this class, as text. */
    static String resource(String name) {
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
