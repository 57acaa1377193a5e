package tinygpt.formats;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything of a GGUF file that comes before the numbers: {@code "GGUF"}, a version, two counts, keys with values, and a
 * description of each tensor (ggml's docs/gguf.md). What a length or a count promises is compared with the bytes that are
 * left before anything is allocated for it, and tensors must follow each other without gaps, as ggml demands.
 *
 * @param version 2 or 3, which are laid out alike
 * @param keys in the order of the file
 * @param tensors in the order of the file
 * @param dataStart where in the file the numbers begin
 */
record GgufHeader(int version, Map<String, GgufValue> keys, Map<String, GgufTensor> tensors, long dataStart) {
    static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
    static final int VERSION = 3;
    static final int USUAL_ALIGNMENT = 32;
    static final String ALIGNMENT = "general.alignment";
    /** ggml's: a name with the zero behind it has 64 bytes. */
    static final int LONGEST_NAME = 63;

    private static final int OLDEST = 2;
    private static final int LONGEST_KEY = 65_535;
    private static final int MOST_DIMENSIONS = 4;
    private static final int LARGEST_ALIGNMENT = 1 << 16;
    /** The largest vocabularies there are take 10 MB. */
    private static final long MOST_BYTES = 128L << 20;
    /** Bytes of a key with the smallest value, and of a tensor of one dimension, without their names. */
    private static final int LEAST_KEY = 13;

    private static final int LEAST_TENSOR = 32;

    static GgufHeader read(FileWindow file) {
        return new Parser(file).header();
    }

    private static final class Parser {
        private final FileWindow file;
        private final Path path;
        /** Where the header must have ended. */
        private final long end;

        private long at;

        Parser(FileWindow file) {
            this.file = file;
            this.path = file.file();
            this.end = Math.min(file.size(), MOST_BYTES);
        }

        GgufHeader header() {
            if (file.size() < 24 || file.at(0, 4).getInt() != MAGIC) {
                throw bad("is not a GGUF file: it does not begin with the letters GGUF and two counts");
            }
            at = 4;
            int version = integer();
            if (version < OLDEST || version > VERSION) {
                throw bad(
                        Integer.reverseBytes(version) <= VERSION && version != 1
                                ? "is a GGUF file for big-endian machines; convert it with gguf_convert_endian.py"
                                : "is of version " + Integer.toUnsignedString(version)
                                        + " of GGUF; 2 and 3 can be read, so convert it anew");
            }
            long tensorCount = count("tensors", LEAST_TENSOR);
            long keyCount = count("keys", LEAST_KEY);
            Map<String, GgufValue> keys = new LinkedHashMap<>();
            for (long i = 0; i < keyCount; i++) {
                String key = text("key " + i, LONGEST_KEY);
                if (keys.put(key, value(key)) != null) {
                    throw bad("has the key " + BadFileException.quote(key) + " twice");
                }
            }
            int alignment = alignment(keys.get(ALIGNMENT));
            Map<String, GgufTensor> tensors = new LinkedHashMap<>();
            long offset = 0;
            for (long i = 0; i < tensorCount; i++) {
                GgufTensor tensor = tensor(i, offset);
                if (tensors.put(tensor.name(), tensor) != null) {
                    throw bad("has the tensor " + BadFileException.quote(tensor.name()) + " twice");
                }
                offset = padded(offset + tensor.bytes(), alignment);
            }
            // A file of keys alone, such as a vocabulary, may end without the padding.
            long dataStart = tensors.isEmpty() ? Math.min(padded(at, alignment), file.size()) : padded(at, alignment);
            checkSize(tensors, dataStart, offset);
            return new GgufHeader(version, keys, tensors, dataStart);
        }

        private void checkSize(Map<String, GgufTensor> tensors, long dataStart, long padded) {
            long needed = 0;
            for (GgufTensor tensor : tensors.values()) {
                needed = tensor.offset() + tensor.bytes();
            }
            long data = file.size() - dataStart;
            if (data < needed || data > padded) {
                throw bad(
                        "its " + tensors.size() + " tensors need " + needed + " bytes, and behind its header there are "
                                + Math.max(0, data) + "; it is " + (data < needed ? "cut short" : "damaged"));
            }
        }

        private int alignment(GgufValue value) {
            if (value == null) {
                return USUAL_ALIGNMENT;
            }
            if (value instanceof GgufValue.Whole whole
                    && whole.type() == GgufValue.Type.UINT32
                    && whole.value() <= LARGEST_ALIGNMENT
                    && Long.bitCount(whole.value()) == 1) {
                return (int) whole.value();
            }
            throw bad(ALIGNMENT + " is " + BadFileException.quote(value.toString()) + ", no power of two up to "
                    + LARGEST_ALIGNMENT);
        }

        private GgufTensor tensor(long number, long expected) {
            String name = text("the name of tensor " + number, LONGEST_NAME);
            String quoted = BadFileException.quote(name);
            int dimensions = integer();
            if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
                throw bad(quoted + " has " + Integer.toUnsignedString(dimensions) + " dimensions, not 1 to "
                        + MOST_DIMENSIONS);
            }
            long[] ne = new long[dimensions];
            long elements = 1;
            for (int i = 0; i < dimensions; i++) {
                ne[i] = number(8).getLong();
                // No type has less than an eighth of a byte for a number, so that more cannot be in the file.
                if (ne[i] < 1 || ne[i] > 8 * file.size() / elements) {
                    throw bad("ne[" + i + "] of " + quoted + " is " + Long.toUnsignedString(ne[i])
                            + ", which cannot be in a file of " + file.size() + " bytes");
                }
                elements *= ne[i];
            }
            int code = integer();
            GgmlType type = GgmlType.of(code)
                    .orElseThrow(() -> bad(quoted + " is of type " + Integer.toUnsignedString(code)
                            + ", which this program has not heard of"));
            if (ne[0] % type.blockSize() != 0) {
                throw bad(quoted + " has rows of " + ne[0] + " numbers, which are not whole blocks of "
                        + type.blockSize() + " as " + type + " has them");
            }
            long offset = number(8).getLong();
            if (offset != expected) {
                throw bad("the numbers of " + quoted + " begin at " + Long.toUnsignedString(offset)
                        + ", but those of the tensor before it end at " + expected
                        + ": tensors follow each other without gaps");
            }
            long bytes = type.bytes(elements);
            if (bytes > file.size() - offset) {
                throw bad(quoted + " needs " + bytes + " bytes from " + offset + " on, in a file of " + file.size()
                        + "; it is cut short");
            }
            return new GgufTensor(name, type, ne, offset, bytes);
        }

        private GgufValue value(String key) {
            GgufValue.Type type = type(key);
            return switch (type) {
                case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> new GgufValue.Whole(type, whole(type));
                case FLOAT32, FLOAT64 -> new GgufValue.Real(type, real(type));
                case BOOL -> new GgufValue.Flag(whole(type) == 1);
                case STRING -> new GgufValue.Text(text("the value of " + BadFileException.quote(key), MOST_BYTES));
                case ARRAY -> array(key);
            };
        }

        private GgufValue array(String key) {
            GgufValue.Type type = type(key);
            int n = (int) count("elements of " + BadFileException.quote(key), type.leastBytes());
            return switch (type) {
                case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64, BOOL -> {
                    long[] values = new long[n];
                    for (int i = 0; i < n; i++) {
                        values[i] = whole(type);
                    }
                    yield new GgufValue.Wholes(type, values);
                }
                case FLOAT32, FLOAT64 -> {
                    double[] values = new double[n];
                    for (int i = 0; i < n; i++) {
                        values[i] = real(type);
                    }
                    yield new GgufValue.Reals(type, values);
                }
                case STRING -> {
                    List<String> values = new ArrayList<>(n);
                    for (int i = 0; i < n; i++) {
                        values.add(text("an element of " + BadFileException.quote(key), MOST_BYTES));
                    }
                    yield new GgufValue.Texts(values);
                }
                case ARRAY ->
                    throw bad(BadFileException.quote(key) + " is an array of arrays, which ggml has not either");
            };
        }

        private GgufValue.Type type(String key) {
            int code = integer();
            return GgufValue.Type.of(code)
                    .orElseThrow(() -> bad("the value of " + BadFileException.quote(key) + " is of type "
                            + Integer.toUnsignedString(code) + "; there are 0 to 12"));
        }

        private long whole(GgufValue.Type type) {
            ByteBuffer bytes = number(type.leastBytes());
            return switch (type) {
                case UINT8 -> bytes.get() & 0xFF;
                case INT8 -> bytes.get();
                case UINT16 -> bytes.getShort() & 0xFFFF;
                case INT16 -> bytes.getShort();
                case UINT32 -> bytes.getInt() & 0xFFFFFFFFL;
                case INT32 -> bytes.getInt();
                case UINT64, INT64 -> bytes.getLong();
                case BOOL -> bool(bytes.get());
                case FLOAT32, FLOAT64, STRING, ARRAY -> throw new IllegalArgumentException(type.toString());
            };
        }

        private int bool(byte value) {
            if (value != 0 && value != 1) {
                throw bad("a boolean of its keys is " + (value & 0xFF) + ", neither 0 nor 1");
            }
            return value;
        }

        private double real(GgufValue.Type type) {
            ByteBuffer bytes = number(type.leastBytes());
            return type == GgufValue.Type.FLOAT32 ? bytes.getFloat() : bytes.getDouble();
        }

        private int integer() {
            return number(4).getInt();
        }

        /** A count of things that take at least so many bytes each. */
        private long count(String what, int least) {
            long count = number(8).getLong();
            if (count < 0 || count > (end - at) / least) {
                throw bad("it would have " + Long.toUnsignedString(count) + " " + what + ", but only " + (end - at)
                        + " bytes of its header are left");
            }
            return count;
        }

        private String text(String what, long most) {
            long length = number(8).getLong();
            if (length < 0 || length > most || length > end - at) {
                throw bad(what + " would be " + Long.toUnsignedString(length) + " bytes long; at most "
                        + Math.min(most, end - at) + " are possible there");
            }
            byte[] bytes = file.bytes(at, (int) length);
            at += length;
            CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
            try {
                return utf8.decode(ByteBuffer.wrap(bytes)).toString();
            } catch (CharacterCodingException e) {
                throw new BadFileException(path, what + " is not UTF-8; the file is damaged", e);
            }
        }

        /** The next bytes. */
        private ByteBuffer number(int bytes) {
            if (bytes > end - at) {
                throw bad(
                        end == file.size()
                                ? "ends in its header; it is cut short"
                                : "has a header of more than " + MOST_BYTES + " bytes, which no model has");
            }
            at += bytes;
            return file.at(at - bytes, bytes);
        }

        private BadFileException bad(String problem) {
            return new BadFileException(path, problem);
        }
    }

    static long padded(long bytes, long alignment) {
        return (bytes + alignment - 1) / alignment * alignment;
    }
}
