package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.formats.RawSafetensors;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;

/** Damaged checkpoints: always read or refused, never anything else, and never at the price of much memory. */
class CheckpointFuzzTest {
    private static final int CASES = 400;
    /** A good header of 8 kB takes well under one. */
    private static final long MOST_BYTES_ALLOCATED = 8_000_000;

    @TempDir
    Path folder;

    private Path file;
    private byte[] good;
    private int header;

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("x.safetensors");
        Hyperparameters nano = Preset.named("nano").hyperparameters();
        try (ParameterRegistry registry = ParameterRegistry.of(nano.model()).allocate()) {
            Checkpoint.write(
                    file,
                    new Checkpoint.Facts(nano, Map.of("kind", "byte"), 1, 2, Map.of("note", "x")),
                    registry,
                    registry.weights(),
                    registry.weights());
        }
        good = Files.readAllBytes(file);
        header = (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertTrue(reads(good));
    }

    @Test
    void readHeader_truncated_isRefused() throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < CASES; i++) {
            // Half of the cuts fall into the header.
            int length = random.nextInt(i % 2 == 0 ? 8 + header : good.length);
            assertTrue(!reads(Arrays.copyOf(good, length)), "cut to " + length);
        }
    }

    @Test
    void readHeader_bitsFlipped_isReadOrRefused() throws IOException {
        SplittableRandom random = new SplittableRandom(2);
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] bad = good.clone();
            for (int flips = 1 + i % 3; flips > 0; flips--) {
                bad[random.nextInt(8 + header)] ^= (byte) (1 << random.nextInt(8));
            }
            refused += reads(bad) ? 0 : 1;
        }
        assertTrue(refused > CASES / 2, refused + " of " + CASES + " refused");
    }

    @Test
    void readHeader_anotherLength_isRefused() throws IOException {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < CASES; i++) {
            byte[] bad = good.clone();
            long length = random.nextLong() >>> (i % 64);
            ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
            assertEquals(length == header, reads(bad), "length " + length);
        }
    }

    @Test
    void readHeader_digitsReplaced_isReadOrRefused() throws IOException {
        SplittableRandom random = new SplittableRandom(4);
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] bad = good.clone();
            int at;
            do {
                at = 8 + random.nextInt(header);
            } while (bad[at] < '0' || bad[at] > '9');
            // Runs of nines: huge sizes, offsets and counts.
            for (int j = 0; j < 1 + i % 20 && bad[at + j] >= '0' && bad[at + j] <= '9'; j++) {
                bad[at + j] = '9';
            }
            refused += reads(bad) ? 0 : 1;
        }
        assertTrue(refused > CASES / 2, refused + " of " + CASES + " refused");
    }

    /** Here the fingerprint fits, so that the values themselves are what must be refused. */
    @Test
    void readHeader_extremeHyperparameters_areReadOrRefused() throws IOException {
        String[] extremes = {"0", "-1", "2147483640", "9223372036854775807", "1e308", "null"};
        int refused = 0;
        for (HyperparameterKey key : HyperparameterKey.all()) {
            for (String extreme : extremes) {
                RawSafetensors raw = RawSafetensors.read(Files.write(file, good));
                String config = raw.metadata
                        .get("config")
                        .replaceFirst("\"" + key.name() + "\":[^,}]+", "\"" + key.name() + "\":" + extreme);
                raw.metadata.put("config", config);
                raw.metadata.put("config_sha256", CanonicalJson.sha256(config));
                refused += reads(Files.readAllBytes(raw.write(file))) ? 0 : 1;
            }
        }
        assertTrue(refused > 100, refused + " refused");
    }

    /** Whether that file is read; anything but reading or a {@link BadFileException} fails the test. */
    private boolean reads(byte[] bytes) throws IOException {
        Files.write(file, bytes);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try {
            Checkpoint.readHeader(file);
            return true;
        } catch (BadFileException e) {
            assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
            return false;
        } finally {
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < MOST_BYTES_ALLOCATED, allocated + " bytes allocated");
        }
    }
}
