package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.MergedWord;
import tinygpt.text.Tokenizer;

/** What {@code tokenize} says of a text: a table of its tokens, the merges of its words, and the round trip. */
final class TokenizeReport {
    private final Tokenizer tokenizer;
    private final byte[] utf8;
    private final int[] ids;
    private final Glyphs glyphs;
    private final boolean roundTrips;

    TokenizeReport(Tokenizer tokenizer, byte[] utf8, int[] ids, Glyphs glyphs) {
        this.tokenizer = tokenizer;
        this.utf8 = utf8;
        this.ids = ids;
        this.glyphs = glyphs;
        ByteArrayOutputStream decoded = new ByteArrayOutputStream(utf8.length);
        for (int id : ids) {
            decoded.writeBytes(tokenizer.bytes(id));
        }
        roundTrips = Arrays.equals(utf8, decoded.toByteArray());
    }

    /** Whether the tokens stand for the bytes of the text, all of them and no others. */
    boolean roundTrips() {
        return roundTrips;
    }

    List<String> lines(boolean showMerges) {
        List<String> lines = new ArrayList<>();
        TextTable table = new TextTable("rrlr", List.of("#", "id", "token", "bytes"));
        for (int i = 0; i < ids.length; i++) {
            table.add(List.of(
                    Show.count(i),
                    Integer.toString(ids[i]),
                    tokenizer.show(ids[i]),
                    Integer.toString(tokenizer.bytes(ids[i]).length)));
        }
        lines.addAll(table.lines());
        if (showMerges) {
            addMerges(lines);
        }
        lines.add("");
        lines.add(String.format(
                Locale.ROOT,
                "%s of a vocabulary of %,d (%s): %s, %s%s",
                Show.count(ids.length) + (ids.length == 1 ? " token" : " tokens"),
                tokenizer.vocabularySize(),
                tokenizer.kind(),
                count(characters(), "character"),
                count(utf8.length, "byte"),
                ids.length == 0
                        ? ""
                        : String.format(Locale.ROOT, ", %.2f bytes a token", utf8.length / (double) ids.length)));
        lines.add("round trip: "
                + (roundTrips ? "the tokens decode to the same text" : "the tokens decode to ANOTHER text"));
        return lines.stream().map(glyphs::text).toList();
    }

    /** Each distinct word once: a merge depends on nothing outside its word. */
    private void addMerges(List<String> lines) {
        Map<String, MergedWord> distinct = new LinkedHashMap<>();
        for (MergedWord word : ((BytePairTokenizer) tokenizer).explain(utf8)) {
            distinct.putIfAbsent(
                    new String(utf8, word.from(), word.to() - word.from(), StandardCharsets.ISO_8859_1), word);
        }
        for (MergedWord word : distinct.values()) {
            lines.add("");
            if (word.steps().isEmpty()) {
                lines.add(shown(word.tokens()) + "  nothing to merge");
                continue;
            }
            TextTable table = new TextTable("lll", List.of(shown(word.start()), "rule", "makes"));
            for (MergedWord.Step step : word.steps()) {
                table.add(List.of(
                        shown(step.tokens()),
                        "#" + Show.count(step.rank() + 1L) + "  "
                                + tokenizer.show(step.rule().left()) + " + "
                                + tokenizer.show(step.rule().right()),
                        tokenizer.show(step.result()) + " (" + step.result() + ")"));
            }
            lines.addAll(table.lines());
        }
    }

    private String shown(List<Integer> tokens) {
        return tokens.stream().map(tokenizer::show).collect(Collectors.joining(" "));
    }

    private long characters() {
        return new String(utf8, StandardCharsets.UTF_8).codePoints().count();
    }

    private static String count(long number, String what) {
        return Show.count(number) + " " + what + (number == 1 ? "" : "s");
    }

    String json(boolean showMerges) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("tokenizer", tokenizer.kind());
        root.put("vocabulary_size", tokenizer.vocabularySize());
        root.put("text", new String(utf8, StandardCharsets.UTF_8));
        ArrayNode list = root.putArray("ids");
        Arrays.stream(ids).forEach(list::add);
        ArrayNode tokens = root.putArray("tokens");
        for (int id : ids) {
            tokens.add(tokenizer.show(id));
        }
        root.put("bytes", utf8.length);
        root.put("characters", characters());
        root.put("round_trip", roundTrips);
        if (showMerges) {
            ArrayNode words = root.putArray("words");
            ((BytePairTokenizer) tokenizer).explain(utf8).forEach(word -> words.add(json(word)));
        }
        return Json.pretty(root);
    }

    private ObjectNode json(MergedWord word) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("from", word.from());
        json.put("to", word.to());
        word.start().forEach(json.putArray("start")::add);
        ArrayNode steps = json.putArray("merges");
        for (MergedWord.Step step : word.steps()) {
            ObjectNode one = steps.addObject();
            one.put("rank", step.rank());
            one.put("left", step.rule().left());
            one.put("right", step.rule().right());
            one.put("result", step.result());
            step.tokens().forEach(one.putArray("tokens")::add);
        }
        return json;
    }
}
