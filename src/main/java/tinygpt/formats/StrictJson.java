package tinygpt.formats;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/** JSON from files: UTF-8 only, no key twice, limited nesting, nothing after the end. */
public final class StrictJson {
    private static final int DEEPEST = 32;
    private static final int LONGEST_NUMBER = 64;
    private static final int LONGEST_NAME = 65_536;
    /** How the parser writes a place: with a class of its own, or why it does not name one. */
    private static final Pattern PLACE = Pattern.compile("\\[Source: [^;\\]]*; ([^\\]]*)\\]");

    // Names are neither shared nor interned: a table of them would outlive the file, and colliding hashes attack it.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxNumberLength(LONGEST_NUMBER)
                    .maxNameLength(LONGEST_NAME)
                    .maxStringLength(SafetensorsHeader.MAX_BYTES)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    private static final ObjectMapper MAPPER = JsonMapper.builder(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private StrictJson() {}

    /**
     * Reads a text that is one JSON value.
     *
     * @param file where the text comes from, for messages
     * @param what what the text is, for messages: {@code the config in its metadata}
     * @throws BadFileException if it is not JSON
     */
    public static JsonNode tree(Path file, String what, String text) {
        return checked(file, what, () -> {
            JsonNode node = MAPPER.readTree(text);
            if (node == null || node.isMissingNode()) {
                throw new BadFileException(file, what + " is empty; it should be JSON");
            }
            return node;
        });
    }

    /** The same, from bytes that must be UTF-8. */
    public static JsonNode tree(Path file, String what, byte[] utf8) {
        return tree(
                file,
                what,
                checked(
                        file,
                        what,
                        () -> StandardCharsets.UTF_8
                                .newDecoder()
                                .onMalformedInput(CodingErrorAction.REPORT)
                                .onUnmappableCharacter(CodingErrorAction.REPORT)
                                .decode(java.nio.ByteBuffer.wrap(utf8))
                                .toString()));
    }

    /** Reads a text that is one JSON object, as plain maps, lists, strings, numbers and booleans. */
    public static Map<String, Object> map(Path file, String what, String text) {
        JsonNode node = tree(file, what, text);
        if (!node.isObject()) {
            throw new BadFileException(file, what + " must be a JSON object { ... }");
        }
        return MAPPER.convertValue(node, new TypeReference<Map<String, Object>>() {});
    }

    /**
     * The JSON text of plain maps, lists, strings, numbers and booleans.
     *
     * @throws IllegalArgumentException if something else is among them
     */
    public static String write(Object plain) {
        try {
            return MAPPER.writeValueAsString(plain);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not plain JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** What the parser complains of, in words for the user: without the names of its classes and settings. */
    public static String complaint(JsonProcessingException e) {
        return PLACE.matcher(e.getOriginalMessage()).replaceAll("$1");
    }

    /** A parser over bytes that must be UTF-8. */
    static JsonParser parser(byte[] utf8) throws IOException {
        return FACTORY.createParser(new InputStreamReader(
                new ByteArrayInputStream(utf8),
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT)));
    }

    /** Something that reads JSON. */
    interface Reading<T> {
        T read() throws IOException;
    }

    /** Turns what a parser complains of into a {@link BadFileException}. */
    static <T> T checked(Path file, String what, Reading<T> reading) {
        try {
            return reading.read();
        } catch (JsonProcessingException e) {
            throw new BadFileException(
                    file, what + " is not valid JSON: " + BadFileException.quoteSentence(complaint(e)), e);
        } catch (CharacterCodingException e) {
            throw new BadFileException(file, what + " is not UTF-8 text; the file is damaged or of another kind", e);
        } catch (IOException e) {
            throw new BadFileException(file, what + " cannot be read: " + e.getMessage(), e);
        }
    }
}
