package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import tinygpt.runs.LoadedModel;
import tinygpt.text.Tokenizer;

/** What tokens are called in tables and in JSON; a model whose tokenizer is not read has ids only. */
final class TokenNames {
    private static final int TAIL = 24;
    private static final String END_OF_TEXT = "EOT";
    private static final String SPACE = "␣";

    private final Tokenizer tokenizer;
    private final Glyphs glyphs;

    private TokenNames(Tokenizer tokenizer, Glyphs glyphs) {
        this.tokenizer = tokenizer;
        this.glyphs = glyphs;
    }

    static TokenNames of(LoadedModel model, Glyphs glyphs) {
        return new TokenNames(model.tokenizer().orElse(null), glyphs);
    }

    /** {@code 'e'}, {@code '\n'}, {@code <|endoftext|>}, or the id. */
    String name(int id) {
        return tokenizer == null ? "id " + id : tokenizer.show(id);
    }

    /** The same for a cell of a table: {@code EOT} is the end of a text. */
    String cell(int id) {
        String name = name(id);
        return name.equals(Tokenizer.END_OF_TEXT) ? END_OF_TEXT : name;
    }

    /** As short as can be, for the edge of a map: {@code e}, {@code \n}, a sign for the space, or the id. */
    String label(int id) {
        if (tokenizer == null) {
            return Integer.toString(id);
        }
        String shown = cell(id);
        boolean quoted = shown.length() > 2 && shown.startsWith("'") && shown.endsWith("'");
        String bare = quoted ? shown.substring(1, shown.length() - 1) : shown;
        return bare.equals(" ") ? glyphs.canShow(SPACE) ? SPACE : "_" : bare;
    }

    /** The end of a text, in double quotes. */
    String tail(int... ids) {
        String cut = ids.length > TAIL ? "..." : "";
        int[] last = Arrays.copyOfRange(ids, Math.max(0, ids.length - TAIL), ids.length);
        if (tokenizer == null) {
            return "ids " + cut + IdList.text(last);
        }
        return Arrays.stream(last).mapToObj(this::inText).collect(Collectors.joining("", "\"" + cut, "\""));
    }

    private String inText(int id) {
        String shown = tokenizer.show(id);
        return shown.equals("' '") ? " " : shown.equals(Tokenizer.END_OF_TEXT) ? shown : label(id);
    }

    /** The token's text for JSON, or null where it is unknown; bytes that are no character become U+FFFD. */
    String text(int id) {
        return tokenizer == null ? null : new String(tokenizer.bytes(id), StandardCharsets.UTF_8);
    }

    /** The head of a JSON answer about a model that has read these tokens. */
    ObjectNode json(Path model, int[] tokens) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model", model.toString());
        ArrayNode read = json.putArray("tokens");
        for (int id : tokens) {
            read.addObject().put("id", id).put("text", text(id));
        }
        return json;
    }
}
