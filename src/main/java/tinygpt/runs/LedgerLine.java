package tinygpt.runs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.CanonicalJson;

/**
 * A line of the ledger: canonical JSON, so that there is one spelling of it only.
 *
 * @param number counted from 1; the line says it too, so that a missing or misplaced one shows
 * @param time when it was written, by the clock of that machine; informative only
 * @param entry what it says
 * @param previous hash of the bytes of the line before, or {@link #FIRST}
 * @param hash SHA-256 of the bytes of this line
 */
public record LedgerLine(long number, String time, LedgerEntry entry, String previous, String hash) {
    /** What the first line has for the hash of the line before. */
    public static final String FIRST = "0".repeat(64);

    private static final String OWN = "sha256";
    private static final Set<String> KEYS = Set.of(
            "line",
            "time",
            "event",
            "step",
            "tokens",
            "config_sha256",
            "weights_sha256",
            "tensors",
            "file",
            "file_sha256",
            "changes",
            "prev_sha256",
            OWN);

    /** The text of a line, without its end. */
    static String write(long number, String time, LedgerEntry entry, String previous) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("line", number);
        json.put("time", time);
        json.put("event", entry.event().name().toLowerCase(Locale.ROOT));
        json.put("step", entry.step());
        json.put("tokens", entry.tokens());
        json.put("config_sha256", entry.configSha256());
        json.put("weights_sha256", entry.weights().whole());
        ObjectNode tensors = json.putObject("tensors");
        entry.weights().byTensor().forEach(tensors::put);
        json.put("file", entry.file());
        json.put("file_sha256", entry.fileSha256());
        ObjectNode changes = json.putObject("changes");
        entry.changes()
                .forEach(change -> changes.putObject(change.path())
                        .put("from", change.from())
                        .put("to", change.to()));
        json.put("prev_sha256", previous);
        json.put(OWN, CanonicalJson.sha256(CanonicalJson.write(json)));
        return CanonicalJson.write(json);
    }

    /**
     * Reads a line.
     *
     * @param at its place in the file, counted from 1
     * @throws BadFileException if it is not as it was written: its own hash is wrong, or it is no such line at all
     */
    static LedgerLine read(Path file, long at, byte[] utf8) {
        String what = "line " + at;
        JsonNode json = StrictJson.tree(file, what, utf8);
        try {
            return read(file, what, json, utf8);
        } catch (IllegalArgumentException e) {
            String problem = BadFileException.quoteSentence(e.getMessage());
            throw new BadFileException(file, what + " was not written by this program: " + problem, e);
        }
    }

    private static LedgerLine read(Path file, String what, JsonNode json, byte[] utf8) {
        if (!json.isObject() || !json.path(OWN).isTextual()) {
            throw new BadFileException(file, what + " is no line of a ledger; it was edited or is damaged");
        }
        ObjectNode unsigned = ((ObjectNode) json).deepCopy();
        unsigned.remove(OWN);
        String own = json.get(OWN).textValue();
        boolean canonical = CanonicalJson.write(json).equals(new String(utf8, StandardCharsets.UTF_8));
        if (!canonical || !CanonicalJson.sha256(CanonicalJson.write(unsigned)).equals(own)) {
            throw new BadFileException(
                    file, what + " was edited: its content does not have the SHA-256 that it says of itself");
        }
        return read(json, hash(utf8));
    }

    private static LedgerLine read(JsonNode json, String hash) {
        for (var field : json.properties()) {
            if (!KEYS.contains(field.getKey())) {
                throw new IllegalArgumentException("it has an unknown " + BadFileException.quote(field.getKey()));
            }
        }
        Map<String, String> tensors = new TreeMap<>();
        for (var tensor : object(json, "tensors").properties()) {
            tensors.put(tensor.getKey(), text(json.get("tensors"), tensor.getKey()));
        }
        List<HyperparameterChange> changes = new ArrayList<>();
        for (var change : object(json, "changes").properties()) {
            changes.add(new HyperparameterChange(
                    change.getKey(), text(change.getValue(), "from"), text(change.getValue(), "to")));
        }
        LedgerEntry entry = new LedgerEntry(
                LedgerEntry.Event.valueOf(text(json, "event").toUpperCase(Locale.ROOT)),
                count(json, "step"),
                count(json, "tokens"),
                text(json, "config_sha256"),
                new WeightFingerprint(text(json, "weights_sha256"), tensors),
                text(json, "file"),
                text(json, "file_sha256"),
                changes);
        return new LedgerLine(count(json, "line"), text(json, "time"), entry, text(json, "prev_sha256"), hash);
    }

    /** SHA-256 of the bytes of a line without its end. */
    static String hash(byte[] utf8) {
        return HexFormat.of().formatHex(CanonicalJson.newSha256().digest(utf8));
    }

    private static JsonNode object(JsonNode json, String key) {
        if (!json.path(key).isObject()) {
            throw new IllegalArgumentException("its " + key + " is not an object");
        }
        return json.get(key);
    }

    private static String text(JsonNode json, String key) {
        if (!json.path(key).isTextual()) {
            throw new IllegalArgumentException("its " + key + " is not a text");
        }
        return json.get(key).textValue();
    }

    private static long count(JsonNode json, String key) {
        if (!json.path(key).isIntegralNumber() || !json.get(key).canConvertToLong()) {
            throw new IllegalArgumentException("its " + key + " is not a whole number");
        }
        return json.get(key).longValue();
    }
}
