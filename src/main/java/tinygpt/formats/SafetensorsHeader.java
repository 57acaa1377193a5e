package tinygpt.formats;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonParser.NumberType;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tinygpt.formats.SafetensorsReader.Entry;

/**
 * The JSON header of a safetensors file, read and checked.
 *
 * <p>What must hold (safetensors README, "Format"): the tensors lie side by side, without gap or overlap, and cover the
 * data exactly; each has as many bytes as its shape and type ask for; metadata are strings. A name that comes twice is
 * refused here although other readers let the last one win: two readers of one file must not see different numbers.
 */
final class SafetensorsHeader {
    /** Bytes of the length in front of the header. */
    static final int PREFIX_BYTES = 8;
    /** The limit of the reference implementation. */
    static final int MAX_BYTES = 100_000_000;

    static final String METADATA = "__metadata__";
    private static final int MAX_DIMENSIONS = 64;
    private static final String WHAT = "its safetensors header";

    private final Path file;
    private final long dataBytes;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private SafetensorsHeader(Path file, long dataBytes) {
        this.file = file;
        this.dataBytes = dataBytes;
    }

    /**
     * Reads a header.
     *
     * @param dataBytes number of bytes in the file after the header
     * @throws BadFileException if anything is wrong with it
     */
    static SafetensorsHeader parse(Path file, byte[] json, long dataBytes) {
        SafetensorsHeader header = new SafetensorsHeader(file, dataBytes);
        StrictJson.checked(file, WHAT, () -> {
            try (JsonParser parser = StrictJson.parser(json)) {
                header.root(parser);
            }
            return header;
        });
        header.orderByPlace();
        return header;
    }

    Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** The tensors in the order of their data. */
    Map<String, Entry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    private void root(JsonParser parser) throws IOException {
        expect(parser.nextToken() == JsonToken.START_OBJECT, WHAT + " is not a JSON object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            if (name.equals(METADATA)) {
                readMetadata(parser);
            } else {
                entries.put(name, readEntry(parser, name));
            }
        }
        expect(parser.nextToken() == null, WHAT + " goes on after its closing brace");
    }

    private void readMetadata(JsonParser parser) throws IOException {
        expect(parser.currentToken() == JsonToken.START_OBJECT, METADATA + " is not a JSON object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            expect(
                    parser.nextToken() == JsonToken.VALUE_STRING,
                    METADATA + " '" + BadFileException.quote(key) + "' is not a string, as all metadata must be");
            metadata.put(key, parser.getText());
        }
    }

    private Entry readEntry(JsonParser parser, String name) throws IOException {
        String shown = "tensor '" + BadFileException.quote(name) + "'";
        expect(parser.currentToken() == JsonToken.START_OBJECT, shown + " is not described by a JSON object");
        Dtype dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "dtype" -> dtype = readDtype(parser, shown);
                case "shape" -> shape = readSizes(parser, shown + ": shape");
                case "data_offsets" -> offsets = readSizes(parser, shown + ": data_offsets");
                default ->
                    throw bad(shown + " has an unknown property '" + BadFileException.quote(key)
                            + "'; there are dtype, shape and data_offsets");
            }
        }
        expect(dtype != null, shown + " has no dtype");
        expect(shape != null, shown + " has no shape");
        expect(offsets != null, shown + " has no data_offsets");
        expect(offsets.length == 2, shown + ": data_offsets must be [begin, end]");
        long begin = offsets[0];
        long end = offsets[1];
        expect(
                begin <= end && end <= dataBytes,
                shown + ": data_offsets [" + begin + ", " + end + "] do not lie within the " + dataBytes
                        + " bytes of data; the file is cut short or damaged");
        long needed = bytes(shape, dtype, shown);
        expect(
                needed == end - begin,
                shown + ": " + dtype + " " + Arrays.toString(shape) + " needs " + needed + " bytes, but data_offsets ["
                        + begin + ", " + end + "] hold " + (end - begin));
        return new Entry(name, dtype, shape, begin, end);
    }

    private Dtype readDtype(JsonParser parser, String shown) throws IOException {
        expect(parser.currentToken() == JsonToken.VALUE_STRING, shown + ": dtype is not a string");
        String text = parser.getText();
        for (Dtype dtype : Dtype.values()) {
            if (dtype.name().equals(text)) {
                return dtype;
            }
        }
        throw bad(shown + " has the unknown dtype '" + BadFileException.quote(text) + "'; known are "
                + Arrays.toString(Dtype.values()));
    }

    private long[] readSizes(JsonParser parser, String shown) throws IOException {
        expect(parser.currentToken() == JsonToken.START_ARRAY, shown + " is not an array");
        long[] sizes = new long[MAX_DIMENSIONS];
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            boolean whole = parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && parser.getNumberType() != NumberType.BIG_INTEGER;
            expect(whole && parser.getLongValue() >= 0, shown + " holds something else than sizes from 0 to 2^63 - 1");
            expect(count < MAX_DIMENSIONS, shown + " has more than " + MAX_DIMENSIONS + " elements");
            sizes[count++] = parser.getLongValue();
        }
        return Arrays.copyOf(sizes, count);
    }

    private long bytes(long[] shape, Dtype dtype, String shown) {
        try {
            long product = dtype.bytes();
            for (long size : shape) {
                product = Math.multiplyExact(product, size);
            }
            return product;
        } catch (ArithmeticException e) {
            throw bad(shown + ": shape " + Arrays.toString(shape) + " is larger than any file");
        }
    }

    /** Puts the tensors in the order of their data, and checks that they cover it without gap or overlap. */
    private void orderByPlace() {
        List<Entry> ordered = new ArrayList<>(entries.values());
        ordered.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        entries.clear();
        long end = 0;
        for (Entry entry : ordered) {
            expect(
                    entry.begin() == end,
                    String.format(
                            Locale.ROOT,
                            "tensor '%s' begins at byte %d of the data, but the one before ends at %d; "
                                    + "tensors must lie side by side",
                            BadFileException.quote(entry.name()),
                            entry.begin(),
                            end));
            end = entry.end();
            entries.put(entry.name(), entry);
        }
        expect(
                end == dataBytes,
                "the tensors take " + end + " bytes, but " + dataBytes
                        + " bytes of data follow the header; the file is cut short, damaged or has something appended");
    }

    private void expect(boolean holds, String otherwise) {
        if (!holds) {
            throw bad(otherwise);
        }
    }

    private BadFileException bad(String problem) {
        return new BadFileException(file, problem);
    }
}
