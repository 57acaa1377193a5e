package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.SharedFolder;
import tinygpt.text.Tokenizer;

class GgufFilesTest {
    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("a.gguf");
    }

    /** Two tensors, the second behind padding. */
    private Path written() throws IOException {
        new GgufWriter()
                .text("general.architecture", "test")
                .u32("a.count", 7)
                .f32("a.epsilon", 1e-5f)
                .flag("a.flag", true)
                .texts("a.texts", List.of("x", "é"))
                .i32s("a.numbers", new int[] {1, -1})
                .tensor("first", GgmlType.F32, new long[] {3}, sink -> sink.accept(new float[] {1, 2, 3}, 0, 3))
                .tensor("second", GgmlType.F16, new long[] {2, 2}, sink -> {
                    sink.accept(new float[] {9, 4, 5}, 1, 2);
                    sink.accept(new float[] {6, 7}, 0, 2);
                })
                .write(file());
        return file();
    }

    /** Byte for byte, as docs/gguf.md describes it. */
    @Test
    void layout_isThatOfTheFormat() throws IOException {
        new GgufWriter()
                .text("k", "v")
                .tensor("t", GgmlType.F32, new long[] {2}, sink -> sink.accept(new float[] {1, -2}, 0, 2))
                .write(file());
        ByteBuffer expected = ByteBuffer.allocate(160).order(ByteOrder.LITTLE_ENDIAN);
        expected.put("GGUF".getBytes(StandardCharsets.US_ASCII))
                .putInt(3)
                .putLong(1)
                .putLong(1);
        expected.putLong(1).put((byte) 'k').putInt(8).putLong(1).put((byte) 'v');
        expected.putLong(1).put((byte) 't').putInt(1).putLong(2).putInt(0).putLong(0);
        expected.position(96).putFloat(1).putFloat(-2);
        assertArrayEquals(Arrays.copyOf(expected.array(), 128), Files.readAllBytes(file()));
    }

    @Test
    void keysAndTensors_areReadAsTheyWereWritten() throws IOException {
        try (GgufReader reader = GgufReader.open(written())) {
            assertEquals(3, reader.version());
            assertEquals(
                    "[general.architecture, a.count, a.epsilon, a.flag, a.texts, a.numbers]",
                    reader.keys().keySet().toString());
            assertEquals(
                    List.of("test", "7", "1.0E-5", "true", "[2] \"x\", \"é\"", "[2] 1, -1"),
                    reader.keys().values().stream().map(GgufListing::shown).toList());
            assertEquals(
                    List.of("string", "u32", "f32", "bool", "[string]", "[i32]"),
                    reader.keys().values().stream().map(GgufListing::type).toList());
            GgufTensor second = reader.tensor("second").orElseThrow();
            assertEquals(32, second.offset());
            assertEquals(8, second.bytes());
            float[] read = new float[4];
            reader.readFloats(second, 0, read, 0, 4);
            assertArrayEquals(new float[] {4, 5, 6, 7}, read);
            reader.readFloats(second, 2, read, 1, 1);
            assertArrayEquals(new float[] {4, 6, 6, 7}, read);
            assertThrows(IndexOutOfBoundsException.class, () -> reader.readFloats(second, 3, read, 0, 2));
        }
    }

    /** Larger than the window through which it is read, in stretches that begin and end within blocks. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0", "Q4_0"})
    void stretches_areTheSameAsTheWhole(GgmlType type) throws IOException {
        int count = 32 * 20_000;
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) Math.sin(i);
        }
        new GgufWriter()
                .tensor("t", type, new long[] {count}, sink -> sink.accept(numbers, 0, count))
                .write(file());
        try (GgufReader reader = GgufReader.open(file())) {
            GgufTensor tensor = reader.tensor("t").orElseThrow();
            assertEquals(type.bytes(count), tensor.bytes());
            float[] whole = new float[count];
            reader.readFloats(tensor, 0, whole, 0, count);
            for (int first : new int[] {0, 1, 31, 32, 33, 1000, count - 300_001}) {
                float[] part = new float[300_001];
                reader.readFloats(tensor, first, part, 0, part.length);
                assertTrue(Arrays.equals(whole, first, first + part.length, part, 0, part.length), "from " + first);
            }
        }
    }

    @Test
    void failureWhileWriting_leavesTheOlderFile() throws IOException {
        byte[] before = Files.readAllBytes(written());
        GgufWriter writer = new GgufWriter()
                .tensor("t", GgmlType.F16, new long[] {1}, sink -> sink.accept(new float[] {1e6f}, 0, 1));
        String message = assertThrows(IllegalArgumentException.class, () -> writer.write(file()))
                .getMessage();
        assertEquals("t cannot be written as F16: 1000000.0 is no finite float16; write it as f32 or bf16", message);
        assertArrayEquals(before, Files.readAllBytes(file()));
        try (var files = Files.list(folder)) {
            assertEquals(1, files.count());
        }
    }

    @Test
    void whatIsWrong_isSaid() throws IOException {
        byte[] good = Files.readAllBytes(written());
        refused("is not a GGUF file", good, bytes -> bytes.put(0, (byte) 'X'));
        refused("big-endian", good, bytes -> bytes.putInt(4, 0x03000000));
        refused("is of version 4 of GGUF", good, bytes -> bytes.putInt(4, 4));
        refused("it would have 18446744073709551615 tensors", good, bytes -> bytes.putLong(8, -1));
        refused("it would have 1000 keys", good, bytes -> bytes.putLong(16, 1000));
        refused("key 0 would be 1099511627776 bytes long", good, bytes -> bytes.putLong(24, 1L << 40));
        int first = new String(good, StandardCharsets.ISO_8859_1).indexOf("first");
        refused("first has 0 dimensions", good, bytes -> bytes.putInt(first + 5, 0));
        refused("ne[0] of first is 9223372036854775807", good, bytes -> bytes.putLong(first + 9, Long.MAX_VALUE));
        refused("first is of type 4,", good, bytes -> bytes.putInt(first + 17, 4));
        refused("first has rows of 3 numbers, which are not whole blocks of 32", good, b -> b.putInt(first + 17, 8));
        refused("the numbers of first begin at 32, but", good, bytes -> bytes.putLong(first + 21, 32));
        refused("need 40 bytes, and behind its header there are 39", Arrays.copyOf(good, good.length - 25), b -> {});
        refused("it is damaged", Arrays.copyOf(good, good.length + 1), b -> {});
    }

    private void refused(String message, byte[] good, Consumer<ByteBuffer> damage) throws IOException {
        byte[] bytes = good.clone();
        damage.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        Files.write(file(), bytes);
        String got = assertThrows(
                        BadFileException.class, () -> GgufReader.open(file()).close())
                .getMessage();
        assertTrue(got.contains(message), got);
    }

    /** The vocabulary of GPT-2 as llama.cpp publishes it, with the texts that it is tested with. */
    @Test
    void vocabularyOfLlamaCpp_givesItsTokens(TestInfo test) throws IOException {
        Path vocabulary = SharedFolder.require(test, "vectors/gpt2-bpe/ggml-vocab-gpt-2.gguf");
        Tokenizer tokenizer;
        try (GgufReader reader = GgufReader.open(vocabulary)) {
            assertEquals(0, reader.tensors().size());
            tokenizer = GgufTokenizer.read(reader);
        }
        assertEquals(50_257, tokenizer.vocabularySize());
        assertEquals(50_256, tokenizer.endOfText());
        Path published = SharedFolder.require(test, "vectors/gpt2-bpe");
        assertEquals(
                ((BytePairTokenizer) TokenizerFiles.read(published)).vocabulary(),
                ((BytePairTokenizer) tokenizer).vocabulary());
        String[] texts = Files.readString(vocabulary.resolveSibling("ggml-vocab-gpt-2.gguf.inp"))
                .split("\n__ggml_vocab_test__\n");
        String[] tokens = Files.readString(vocabulary.resolveSibling("ggml-vocab-gpt-2.gguf.out"))
                .split("\n");
        assertEquals(46, texts.length);
        for (int i = 0; i < texts.length; i++) {
            int[] expected = i < tokens.length && !tokens[i].isBlank()
                    ? Arrays.stream(tokens[i].strip().split(" "))
                            .mapToInt(Integer::parseInt)
                            .toArray()
                    : new int[0];
            assertArrayEquals(expected, tokenizer.encode(texts[i]), "text " + i + ": " + texts[i]);
            assertEquals(texts[i], tokenizer.decode(expected));
        }
        String refused = assertThrows(BadFileException.class, () -> GgufGpt2.open(vocabulary))
                .getMessage();
        assertTrue(refused.contains("it is a vocabulary without a model"), refused);
    }

    @Test
    void otherFiles_areToldApart() throws IOException {
        assertTrue(GgufReader.isGguf(written()));
        assertFalse(GgufReader.isGguf(Files.writeString(folder.resolve("b"), "GGU")));
        assertThrows(BadFileException.class, () -> GgufReader.open(folder));
        assertThrows(BadFileException.class, () -> GgufReader.open(folder.resolve("none")));
    }
}
