package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.BadFileException;
import tinygpt.formats.GgufGpt2;
import tinygpt.formats.GgufReader;
import tinygpt.inspection.InspectedModel;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

/** Damaged GGUF files: each is refused with one message, or read as what it still is, and none takes much memory. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileGgufTest {
    private static final int CASES = 1_600;
    private static final int LEAST_REFUSED = 1_000;
    /** A good file of this size takes a tenth of it. */
    private static final long MOST_HEAP_BYTES = 16L << 20;

    @TempDir
    Path folder;

    private Path gguf;
    private byte[] good;
    private int header;

    @BeforeEach
    void export() throws IOException {
        Tokenizer tokenizer = CharacterTokenizer.of("a small text\u2019s \u00E9");
        Path checkpoint = InspectedModel.write(
                folder.resolve("run"),
                InspectedModel.nano(1)
                        .with("model.vocabulary_size", String.valueOf(tokenizer.vocabularySize()))
                        .with("model.width", "8")
                        .with("model.feed_forward_width", "32")
                        .with("model.layers", "1"),
                1,
                tokenizer.describe(),
                registry -> {});
        gguf = folder.resolve("model.gguf");
        Run run = Run.of("export", "--format=gguf", checkpoint.toString(), "--out=" + gguf);
        assertEquals(0, run.exitCode(), run.err());
        good = Files.readAllBytes(gguf);
        try (GgufReader reader = GgufReader.open(gguf)) {
            header = (int) reader.dataStart();
        }
    }

    @Test
    void damagedFile_givesOneBadFileException() throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        read();
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            Files.write(gguf, new Mutation(11, i).ofBinary(good, header));
            long heap = threads.getCurrentThreadAllocatedBytes();
            try {
                read();
            } catch (BadFileException e) {
                refused++;
                assertTrue(e.getMessage().startsWith(gguf + ": "), e.getMessage());
                assertTrue(e.getMessage().chars().noneMatch(Character::isISOControl), e.getMessage());
            }
            long taken = threads.getCurrentThreadAllocatedBytes() - heap;
            assertTrue(taken < MOST_HEAP_BYTES, "case " + i + " took " + taken + " bytes");
        }
        // What is left are changes of weights and of text that nobody needs.
        assertTrue(refused >= LEAST_REFUSED, refused + " of " + CASES + " refused");
    }

    /** Every parameter, as all who read weights do. */
    private void read() {
        GgufGpt2 model = GgufGpt2.open(gguf);
        try (GgufGpt2.Tensors tensors = model.openTensors()) {
            for (Parameter parameter : ParameterRegistry.of(model.shape()).owned()) {
                float[] numbers = new float[(int) parameter.size()];
                tensors.read(parameter, 0, numbers, 0, numbers.length);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "params", "generate"})
    void damagedFile_endsInOneLine(String command) throws IOException {
        int refused = 0;
        int cases = 60;
        for (int i = 0; i < cases; i++) {
            Files.write(gguf, new Mutation(command.hashCode(), i).ofBinary(good, header));
            Run run = switch (command) {
                case "inspect" -> Run.of("inspect", gguf.toString());
                case "params" -> Run.of("params", "--model", gguf.toString());
                default -> Run.of("generate", "--model", gguf.toString(), "--ids=1", "--max-tokens=1");
            };
            if (run.exitCode() != 0) {
                refused++;
                assertEquals(Exit.BAD_DATA, run.exitCode(), run.err());
                assertEquals(1, run.err().lines().count(), run.err());
                assertTrue(run.err().startsWith("tinygpt: error: "), run.err());
            }
            assertTrue(run.out().chars().allMatch(c -> c == '\n' || !Character.isISOControl(c)));
        }
        assertTrue(refused > cases / 3, refused + " of " + cases + " refused");
    }
}
