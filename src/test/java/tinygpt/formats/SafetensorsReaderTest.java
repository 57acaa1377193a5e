package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsReaderTest {
    @TempDir
    Path folder;

    static List<Arguments> hostileHeaders() {
        String ok = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
        return List.of(
                Arguments.of("array", "[]", 0, "is not a JSON object"),
                Arguments.of("nothing", "  ", 0, "is not a JSON object"),
                Arguments.of("broken", "{\"a\":", 0, "is not valid JSON"),
                Arguments.of("unclosed", "{\"a\":" + ok, 8, "is not valid JSON"),
                Arguments.of("second value", "{\"a\":" + ok + "}{}", 8, "goes on after its closing brace"),
                Arguments.of("zero bytes as padding", "{\"a\":" + ok + "}\0\0", 8, "is not valid JSON"),
                Arguments.of("comment", "{/* */\"a\":" + ok + "}", 8, "is not valid JSON"),
                Arguments.of("name twice", "{\"a\":" + ok + ",\"a\":" + ok + "}", 8, "Duplicate field 'a'"),
                Arguments.of("deep", "{\"a\":" + "[".repeat(100_000), 8, "tensor 'a' is not described"),
                Arguments.of(
                        "deep in metadata", "{\"__metadata__\":{\"a\":" + "[".repeat(9999), 0, "'a' is not a string"),
                Arguments.of(
                        "deep in the shape", described("F32", "[".repeat(9999), "[0,8]"), 8, "sizes from 0 to 2^63"),
                Arguments.of("metadata array", "{\"__metadata__\":[]}", 0, "__metadata__ is not a JSON object"),
                Arguments.of("metadata number", "{\"__metadata__\":{\"step\":1}}", 0, "'step' is not a string"),
                Arguments.of("metadata null", "{\"__metadata__\":{\"step\":null}}", 0, "'step' is not a string"),
                Arguments.of(
                        "metadata twice", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "Duplicate field 'a'"),
                Arguments.of("two metadata", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "Duplicate field"),
                Arguments.of("tensor as number", "{\"a\":1}", 0, "tensor 'a' is not described by a JSON object"),
                Arguments.of("no dtype", "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "has no dtype"),
                Arguments.of("no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "has no shape"),
                Arguments.of("no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "has no data_offsets"),
                Arguments.of(
                        "old key",
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"offsets\":[0,8]}}",
                        8,
                        "unknown property 'offsets'"),
                Arguments.of("unknown dtype", described("F31", "[2]", "[0,8]"), 8, "unknown dtype 'F31'"),
                Arguments.of("lower-case dtype", described("f32", "[2]", "[0,8]"), 8, "unknown dtype 'f32'"),
                Arguments.of("shape no array", described("F32", "2", "[0,8]"), 8, "shape is not an array"),
                Arguments.of("negative size", described("F32", "[-2]", "[0,8]"), 8, "sizes from 0 to 2^63 - 1"),
                Arguments.of("fraction", described("F32", "[2.0]", "[0,8]"), 8, "sizes from 0 to 2^63 - 1"),
                Arguments.of("text size", described("F32", "[\"2\"]", "[0,8]"), 8, "sizes from 0 to 2^63 - 1"),
                Arguments.of(
                        "size of 2^63",
                        described("F32", "[9223372036854775808]", "[0,8]"),
                        8,
                        "sizes from 0 to 2^63 - 1"),
                Arguments.of(
                        "endless number",
                        described("F32", "[" + "9".repeat(100_000) + "]", "[0,8]"),
                        8,
                        "is not valid JSON"),
                Arguments.of(
                        "product of 2^64 + 8 bytes",
                        described("F32", "[4294967296,4294967296]", "[0,0]"),
                        0,
                        "is larger than any file"),
                Arguments.of(
                        "product that wraps to 8",
                        described("I8", "[9223372036854775807,2,5]", "[0,8]"),
                        8,
                        "is larger than any file"),
                Arguments.of(
                        "65 dimensions",
                        described("U8", "[" + "1,".repeat(64) + "1]", "[0,1]"),
                        1,
                        "more than 64 elements"),
                Arguments.of("three offsets", described("F32", "[2]", "[0,8,8]"), 8, "must be [begin, end]"),
                Arguments.of("one offset", described("F32", "[2]", "[8]"), 8, "must be [begin, end]"),
                Arguments.of("backwards", described("F32", "[0]", "[8,0]"), 8, "do not lie within the 8 bytes"),
                Arguments.of("beyond the end", described("F32", "[2]", "[0,8]"), 7, "do not lie within the 7 bytes"),
                Arguments.of("shape too small", described("F32", "[1]", "[0,8]"), 8, "F32 [1] needs 4 bytes"),
                Arguments.of("shape too large", described("F32", "[3]", "[0,8]"), 8, "F32 [3] needs 12 bytes"),
                Arguments.of("trailing byte", described("F32", "[2]", "[0,8]"), 9, "take 8 bytes, but 9 bytes"),
                Arguments.of("data without tensors", "{}", 4, "take 0 bytes, but 4 bytes"),
                Arguments.of("not from 0", described("F32", "[1]", "[4,8]"), 8, "begins at byte 4"),
                Arguments.of(
                        "gap",
                        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                                + "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]}}",
                        4,
                        "tensor 'b' begins at byte 3 of the data, but the one before ends at 2"),
                Arguments.of(
                        "overlap",
                        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                                + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
                        4,
                        "tensor 'b' begins at byte 2 of the data, but the one before ends at 3"),
                Arguments.of(
                        "the same bytes twice",
                        "{\"a\":" + ok + ",\"b\":" + ok + "}",
                        8,
                        "tensor 'b' begins at byte 0"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostileHeaders")
    void open_hostileHeader_saysWhat(String about, String header, int dataBytes, String message) {
        Path file = RawSafetensors.write(folder.resolve("x.safetensors"), header, new byte[dataBytes]);
        assertRefused(file, message);
    }

    static List<Arguments> goodHeaders() {
        return List.of(
                Arguments.of("unpadded", described("F32", "[2]", "[0,8]"), 8, 2),
                Arguments.of("padded", described("F32", "[2]", "[0,8]") + "   ", 8, 2),
                Arguments.of("leading space", " " + described("F32", "[2]", "[0,8]"), 8, 2),
                Arguments.of("scalar", described("F32", "[]", "[0,4]"), 4, 1),
                Arguments.of("empty", described("F32", "[0,3]", "[0,0]"), 0, 0),
                Arguments.of("64 dimensions", described("U8", "[" + "1,".repeat(63) + "1]", "[0,1]"), 1, 1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("goodHeaders")
    void open_oddButGoodHeader_isRead(String about, String header, int dataBytes, int elements) {
        Path file = RawSafetensors.write(folder.resolve("x.safetensors"), header, new byte[dataBytes]);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(List.of("a"), reader.names());
            assertEquals(elements, reader.entry("a").elements());
        }
    }

    @Test
    void open_noTensors_isRead() {
        Path file = RawSafetensors.write(folder.resolve("x"), "{\"__metadata__\":{\"format\":\"pt\"}}", new byte[0]);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(List.of(), reader.names());
            assertEquals(Map.of("format", "pt"), reader.metadata());
        }
    }

    @Test
    void names_headerInAnotherOrder_followTheData() {
        Path file = RawSafetensors.write(
                folder.resolve("x"),
                "{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                        + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                floats(3, 5));
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(List.of("a", "b"), reader.names());
            float[] values = new float[2];
            reader.readFloats("b", 0, values, 0, 1);
            reader.readFloats("a", 0, values, 1, 1);
            assertArrayEquals(new float[] {5, 3}, values);
        }
    }

    @Test
    void open_lengthBeyondTheFile_isRefused() throws IOException {
        for (long length : new long[] {3, 1 << 20, 99_999_999, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
            byte[] all = ByteBuffer.allocate(10)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .put("{}".getBytes(StandardCharsets.UTF_8))
                    .array();
            assertRefused(
                    Files.write(folder.resolve("x"), all),
                    "its header would be " + Long.toUnsignedString(length) + " bytes long");
        }
    }

    @Test
    void open_lengthAboveTheLimit_isRefusedThoughTheFileIsLongEnough() throws IOException {
        Path file = folder.resolve("x");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(200_000_000);
            out.writeLong(Long.reverseBytes(100_000_001));
        }
        assertRefused(file, "the limit is 100000000");
    }

    @Test
    void open_tooShort_isRefused() throws IOException {
        for (int bytes = 0; bytes < 8; bytes++) {
            assertRefused(Files.write(folder.resolve("x"), new byte[bytes]), "is only " + bytes + " bytes long");
        }
    }

    @Test
    void open_notUtf8_isRefused() {
        byte[] header =
                "{\"?\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}".getBytes(StandardCharsets.ISO_8859_1);
        header[2] = (byte) 0xC3;
        assertRefused(RawSafetensors.write(folder.resolve("x"), header, new byte[4]), "is not UTF-8");
    }

    @Test
    void open_utf16_isRefused() {
        byte[] header = described("F32", "[2]", "[0,8]").getBytes(StandardCharsets.UTF_16LE);
        assertRefused(RawSafetensors.write(folder.resolve("x"), header, new byte[8]), "is not valid JSON");
    }

    @Test
    void open_missingFile_isRefused() {
        assertRefused(folder.resolve("none"), "there is no such file");
    }

    @Test
    void open_folder_isRefused() {
        assertRefused(folder, "is not a regular file");
    }

    @Test
    void message_nameThatSteersATerminal_isShownHarmless() {
        String header = "{\"\\u001b[31m" + "x".repeat(500) + "\":1}";
        Path file = RawSafetensors.write(folder.resolve("x"), header, new byte[0]);
        BadFileException e = assertThrows(BadFileException.class, () -> SafetensorsReader.open(file));
        assertEquals(
                file + ": tensor '?[31m" + "x".repeat(115) + "...' is not described by a JSON object", e.getMessage());
    }

    @Test
    void readFloats_f16_isExactForEveryBitPattern() {
        float[] read = readAll16("F16");
        for (int bits = 0; bits < 65536; bits++) {
            double sign = bits < 32768 ? 1 : -1;
            int exponent = bits >> 10 & 31;
            double fraction = (bits & 1023) / 1024.0;
            double expected = exponent == 31
                    ? (fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN)
                    : exponent == 0
                            ? sign * fraction * Math.pow(2, -14)
                            : sign * (1 + fraction) * Math.pow(2, exponent - 15);
            // Double's comparison tells -0 from 0 and takes every NaN for equal.
            assertEquals(expected, (double) read[bits], "bits " + Integer.toHexString(bits));
        }
    }

    @Test
    void readFloats_bf16_isTheUpperHalfOfFloat32() {
        float[] read = readAll16("BF16");
        for (int bits = 0; bits < 65536; bits++) {
            assertEquals(bits << 16, Float.floatToRawIntBits(read[bits]));
        }
    }

    @Test
    void readFloats_f64_isRounded() {
        byte[] data = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(0.1)
                .putDouble(-1e300)
                .array();
        Path file = RawSafetensors.write(folder.resolve("x"), described("F64", "[2]", "[0,16]"), data);
        float[] read = new float[2];
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            reader.readFloats("a", 0, read, 0, 2);
        }
        assertArrayEquals(new float[] {0.1f, Float.NEGATIVE_INFINITY}, read);
    }

    @Test
    void readFloats_piece_readsOnlyThat() {
        Path file = RawSafetensors.write(folder.resolve("x"), described("F32", "[2,2]", "[0,16]"), floats(1, 2, 3, 4));
        float[] read = {9, 9, 9, 9};
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            reader.readFloats("a", 1, read, 2, 2);
        }
        assertArrayEquals(new float[] {9, 9, 2, 3}, read);
    }

    @Test
    void readFloats_longerThanTheBuffer_isComplete() {
        int n = 200_001;
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        RawSafetensors raw = new RawSafetensors();
        raw.tensors.put("a", RawSafetensors.Tensor.ofF32(new long[] {n}, values));
        float[] read = new float[n];
        try (SafetensorsReader reader = SafetensorsReader.open(raw.write(folder.resolve("x")))) {
            reader.readFloats("a", 0, read, 0, n);
        }
        assertArrayEquals(values, read);
    }

    @Test
    void readFloats_outsideTheTensor_throws() {
        Path file = RawSafetensors.write(folder.resolve("x"), described("F32", "[2]", "[0,8]"), floats(1, 2));
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            float[] read = new float[3];
            assertThrows(IndexOutOfBoundsException.class, () -> reader.readFloats("a", 1, read, 0, 2));
            assertThrows(IndexOutOfBoundsException.class, () -> reader.readFloats("a", -1, read, 0, 1));
            assertThrows(IndexOutOfBoundsException.class, () -> reader.readFloats("a", 0, read, 2, 2));
        }
    }

    @Test
    void readFloats_wrongTensor_isRefused() {
        Path file = RawSafetensors.write(folder.resolve("x"), described("I32", "[2]", "[0,8]"), new byte[8]);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            float[] read = new float[2];
            BadFileException integers =
                    assertThrows(BadFileException.class, () -> reader.readFloats("a", 0, read, 0, 2));
            assertEquals(file + ": a is I32, not F32, F16, BF16 or F64", integers.getMessage());
            BadFileException missing =
                    assertThrows(BadFileException.class, () -> reader.readFloats("b", 0, read, 0, 2));
            assertEquals(file + ": has no tensor 'b'", missing.getMessage());
        }
    }

    @Test
    void readInts_i32AndI64_areRead() {
        byte[] data = ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(-7)
                .putLong(1L << 31)
                .putInt(Integer.MIN_VALUE)
                .putInt(8)
                .array();
        Path file = RawSafetensors.write(
                folder.resolve("x"),
                "{\"long\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]},"
                        + "\"int\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[16,24]}}",
                data);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            int[] read = new int[3];
            reader.readInts("int", 0, read, 0, 2);
            reader.readInts("long", 0, read, 2, 1);
            assertArrayEquals(new int[] {Integer.MIN_VALUE, 8, -7}, read);
            BadFileException e = assertThrows(BadFileException.class, () -> reader.readInts("long", 1, read, 0, 1));
            assertEquals(file + ": long holds 2147483648, which is no 32-bit integer", e.getMessage());
        }
    }

    @Test
    void readFloats_beyond2GB_readsTheRightPlace() throws IOException {
        long hole = (1L << 31) + 12;
        byte[] header = ("{\"hole\":{\"dtype\":\"U8\",\"shape\":[" + hole + "],\"data_offsets\":[0," + hole + "]},"
                        + "\"end\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + hole + "," + (hole + 4)
                        + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        // The hole takes no room on disk.
        Path file = folder.resolve("x");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.writeLong(Long.reverseBytes(header.length));
            out.write(header);
            out.seek(8 + header.length + hole);
            out.write(floats(42));
        }
        float[] read = new float[1];
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            reader.readFloats("end", 0, read, 0, 1);
        }
        assertEquals(42, read[0]);
    }

    private float[] readAll16(String dtype) {
        ByteBuffer data = ByteBuffer.allocate(2 * 65536).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits = 0; bits < 65536; bits++) {
            data.putShort((short) bits);
        }
        Path file = RawSafetensors.write(folder.resolve("x"), described(dtype, "[65536]", "[0,131072]"), data.array());
        float[] read = new float[65536];
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            reader.readFloats("a", 0, read, 0, 65536);
        }
        return read;
    }

    private static void assertRefused(Path file, String message) {
        BadFileException e = assertThrows(BadFileException.class, () -> SafetensorsReader.open(file));
        assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    private static String described(String dtype, String shape, String offsets) {
        return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
    }

    private static byte[] floats(float... values) {
        return RawSafetensors.Tensor.ofF32(new long[] {values.length}, values).bytes();
    }
}
