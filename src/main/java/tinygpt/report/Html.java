package tinygpt.report;

/** Text for HTML: what a corpus, a path or a file says is shown as it stands and never becomes markup. */
public final class Html {
    private Html() {}

    /** For the content of elements and for attributes in double quotes. */
    public static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    /** JSON for a script element: the same JSON, without anything that could end the element. */
    public static String json(String json) {
        return json.replace("<", "\\u003c");
    }
}
