package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    @Test
    void commit_smallFile_hasTheseBytes() throws IOException {
        Path file = folder.resolve("x.safetensors");
        try (SafetensorsWriter writer = SafetensorsWriter.create(file)) {
            writer.metadata("format", "pt").declare("b", 1, 2).declare("a");
            writer.write("b", new float[] {1, -2}, 0, 2);
            writer.write("a", new float[] {0.5f}, 0, 1);
            writer.commit();
        }
        String header = "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
                + "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]}}    ";
        byte[] all = Files.readAllBytes(file);
        assertArrayEquals(new byte[] {(byte) header.length(), 0, 0, 0, 0, 0, 0, 0}, Arrays.copyOf(all, 8));
        assertEquals(0, (8 + header.length()) % 8);
        assertEquals(header, new String(all, 8, header.length(), StandardCharsets.UTF_8));
        assertArrayEquals(
                new byte[] {0, 0, (byte) 0x80, 0x3F, 0, 0, 0, (byte) 0xC0, 0, 0, 0, 0x3F},
                Arrays.copyOfRange(all, 8 + header.length(), all.length));
    }

    @Test
    void commit_anyNameLength_alignsTheData() {
        for (int length = 1; length <= 8; length++) {
            Path file = folder.resolve("x" + length);
            String name = "n".repeat(length);
            writeOne(file, name, 1);
            assertEquals(0, (file.toFile().length() - 4) % 8, name);
        }
    }

    @Test
    void read_whatWasWritten_isBitwiseEqual() {
        int n = 150_000;
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            // Every kind of number, NaN with payload too.
            values[i] = Float.intBitsToFloat(i * 0x9E3779B1);
        }
        Path file = folder.resolve("x");
        String text = "quote \" line\n \u0000 é 𝄞";
        try (SafetensorsWriter writer = SafetensorsWriter.create(file)) {
            writer.metadata(text, text).declare("empty", 0, 3).declare("é", 2, n / 2);
            writer.write("é", values, 0, 70_000);
            writer.write("é", values, 70_000, 0);
            writer.write("é", values, 70_000, 80_000);
            writer.commit();
        }
        float[] read = new float[n];
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(Map.of(text, text), reader.metadata());
            assertEquals(List.of("empty", "é"), reader.names());
            assertArrayEquals(new long[] {2, n / 2}, reader.entry("é").shape());
            reader.readFloats("é", 0, read, 0, n);
        }
        for (int i = 0; i < n; i++) {
            assertEquals(Float.floatToRawIntBits(values[i]), Float.floatToRawIntBits(read[i]));
        }
    }

    @Test
    void close_halfWay_leavesTheOldFileAndNothingElse() throws IOException {
        Path file = folder.resolve("x");
        writeOne(file, "old", 7);
        byte[] before = Files.readAllBytes(file);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file)) {
            writer.declare("new", 2);
            writer.write("new", new float[1], 0, 1);
            assertEquals(2, list().size(), "the numbers go to a file beside the old one");
        }
        assertArrayEquals(before, Files.readAllBytes(file));
        assertEquals(List.of(file), list());
    }

    @Test
    void commit_numbersMissing_isRefused() throws IOException {
        Path file = folder.resolve("x");
        try (SafetensorsWriter writer = SafetensorsWriter.create(file)) {
            writer.declare("a", 3);
            writer.write("a", new float[2], 0, 2);
            IllegalStateException e = assertThrows(IllegalStateException.class, writer::commit);
            assertEquals(
                    "a has 2 of its 3 numbers, so " + file.toAbsolutePath() + " cannot be finished", e.getMessage());
        }
        assertEquals(List.of(), list());
    }

    @Test
    void commit_overAnOldFile_replacesIt() throws IOException {
        Path file = folder.resolve("x");
        writeOne(file, "old", 7);
        writeOne(file, "new", 8);
        assertEquals(
                List.of("new"), List.copyOf(RawSafetensors.read(file).tensors.keySet()));
        assertEquals(List.of(file), list());
    }

    @Test
    void commit_whereAFolderIs_failsAndCleansUp() throws IOException {
        Path target = Files.createDirectories(folder.resolve("x/inner")).getParent();
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> writeOne(target, "a", 1));
        assertTrue(e.getMessage().startsWith("cannot write " + target.toAbsolutePath()), e.getMessage());
        assertEquals(List.of(target), list());
    }

    @Test
    void write_missingFolder_saysSo() {
        Path file = folder.resolve("none/x");
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> writeOne(file, "a", 1));
        assertTrue(e.getMessage().contains("its folder does not exist"), e.getMessage());
    }

    @Test
    void write_outOfTurn_isRefused() {
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve("x"))) {
            writer.declare("a", 2).declare("b", 1);
            float[] two = new float[2];
            assertThrows(IllegalStateException.class, () -> writer.write("b", two, 0, 1));
            writer.write("a", two, 0, 1);
            assertThrows(IllegalStateException.class, () -> writer.write("a", two, 0, 2));
            assertThrows(IllegalStateException.class, () -> writer.declare("c", 1));
            writer.write("a", two, 0, 1);
            writer.write("b", two, 0, 1);
            assertThrows(IllegalStateException.class, () -> writer.write("b", two, 0, 1));
        }
    }

    @Test
    void declare_badNamesOrShapes_areRefused() {
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve("x"))) {
            writer.declare("a", 2).metadata("k", "v");
            assertThrows(IllegalArgumentException.class, () -> writer.declare("a", 2));
            assertThrows(IllegalArgumentException.class, () -> writer.declare("__metadata__", 2));
            assertThrows(IllegalArgumentException.class, () -> writer.declare("b", -1));
            assertThrows(IllegalArgumentException.class, () -> writer.metadata("k", "w"));
        }
    }

    private List<Path> list() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static void writeOne(Path file, String name, float value) {
        try (SafetensorsWriter writer = SafetensorsWriter.create(file)) {
            writer.declare(name, 1);
            writer.write(name, new float[] {value}, 0, 1);
            writer.commit();
        }
    }
}
