package tinygpt.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.HistogramProto;
import org.tensorflow.framework.Summary;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

class EventFileTest {
    private static final int ALL = Integer.MAX_VALUE;

    @TempDir
    Path folder;

    @Test
    void checksum_hasThePublishedCheckValue() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertEquals(0xe3069283, Events.crc32c(digits));
        assertEquals(Events.masked(0xe3069283), EventFile.maskedCrc(new CRC32C(), digits, 0, 9));
    }

    @Test
    void firstEvent_isTheVersion() throws IOException {
        Path path = folder.resolve("events");
        EventFile.open(path, 0, 1.5).close();
        Events.Event first = Events.read(path).get(0);
        assertEquals(1.5, first.wallTime());
        assertEquals("brain.Event:2", first.fileVersion());
    }

    @Test
    void scalars_readBackAndNonFiniteOnesAreLeftOut() throws IOException {
        Path path = folder.resolve("events");
        try (EventFile file = EventFile.open(path, 0, 1)) {
            file.begin(300, 2.25);
            file.scalar(utf8("a/é"), 0.1);
            file.scalar(utf8("b"), Double.NaN);
            file.scalar(utf8("c"), Double.POSITIVE_INFINITY);
            file.scalar(utf8("d"), 0);
            file.end();
        }
        Events.Event event = Events.read(path).get(1);
        assertEquals(300, event.step());
        assertEquals(2.25, event.wallTime());
        assertEquals(List.of("a/é", "d"), event.tags());
        assertEquals(0.1f, event.value("a/é").getSimpleValue());
        assertEquals(Summary.Value.ValueCase.SIMPLE_VALUE, event.value("d").getValueCase());
    }

    @Test
    void eventOfManyValues_growsTheBufferAndKeepsItsLengthsRight() throws IOException {
        Path path = folder.resolve("events");
        try (EventFile file = EventFile.open(path, 0, 1)) {
            file.begin(Long.MAX_VALUE, 1);
            for (int i = 0; i < 3000; i++) {
                file.scalar(utf8("tag/" + i), i);
            }
            file.end();
        }
        Events.Event event = Events.read(path).get(1);
        assertEquals(Long.MAX_VALUE, event.step());
        assertEquals(3000, event.tags().size());
        assertEquals(2999, event.value("tag/2999").getSimpleValue());
    }

    @Test
    void text_isAStringTensorOfThePluginText() throws IOException {
        Path path = folder.resolve("events");
        String text = "To be, — or not.\n".repeat(20);
        try (EventFile file = EventFile.open(path, 0, 1)) {
            file.begin(1, 1);
            file.text("sample", text);
            file.end();
        }
        Summary.Value value = Events.read(path).get(1).value("sample");
        assertEquals(DataType.DT_STRING, value.getTensor().getDtype());
        assertEquals(text, value.getTensor().getStringVal(0).toStringUtf8());
        assertEquals("text", value.getMetadata().getPluginData().getPluginName());
    }

    @Test
    void histogram_countsEveryNumberOnceInBucketsWithRightEdges() throws IOException {
        try (ParameterRegistry registry = ParameterRegistry.of(
                        Preset.named("nano").hyperparameters().model())
                .allocate()) {
            Parameter parameter = registry.get("h.0.mlp.c_fc.weight");
            float[] values = new float[(int) parameter.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = i % 128 - 64; // 64 buckets of width 127/64
            }
            values[5] = Float.NaN;
            registry.weights().write(parameter.offset(), values, 0, values.length);
            HistogramProto h = written(new Histogram().of(registry.weights(), parameter));

            assertEquals(-64, h.getMin());
            assertEquals(63, h.getMax());
            assertEquals(values.length - 1, h.getNum());
            assertEquals(64, h.getBucketCount());
            assertEquals(64, h.getBucketLimitCount());
            assertEquals(
                    values.length - 1,
                    h.getBucketList().stream().mapToDouble(d -> d).sum());
            double sum = 0;
            double squares = 0;
            double[] expected = new double[64];
            for (float v : values) {
                if (!Float.isNaN(v)) {
                    sum += v;
                    squares += v * v;
                    int bucket = 0;
                    while (bucket < 63 && v >= h.getBucketLimit(bucket)) {
                        bucket++;
                    }
                    expected[bucket]++;
                }
            }
            assertEquals(sum, h.getSum());
            assertEquals(squares, h.getSumSquares());
            assertArrayEquals(
                    expected, h.getBucketList().stream().mapToDouble(d -> d).toArray());
            assertEquals(63, h.getBucketLimit(63));
        }
    }

    @Test
    void histogramOfEqualNumbers_isOneBucket() throws IOException {
        try (ParameterRegistry registry = ParameterRegistry.of(
                        Preset.named("nano").hyperparameters().model())
                .allocate()) {
            Parameter gain = registry.get("ln_f.weight");
            float[] ones = new float[(int) gain.size()];
            Arrays.fill(ones, 1);
            registry.weights().write(gain.offset(), ones, 0, ones.length);
            HistogramProto h = written(new Histogram().of(registry.weights(), gain));
            assertEquals(List.of(1.0), h.getBucketLimitList());
            assertEquals(List.of(32.0), h.getBucketList());
            assertEquals(1, h.getMin());
            assertEquals(32, h.getSumSquares());
        }
    }

    /** A file that was torn anywhere is cut back to whole records; what is there of later steps goes too. */
    @Test
    void keep_ofAFileTornAnywhere_endsBetweenTwoRecords() throws IOException {
        Path path = folder.resolve("events");
        try (EventFile file = EventFile.open(path, 0, 1)) {
            for (int step : new int[] {0, 1, 200}) {
                file.begin(step, 1);
                file.scalar(utf8("loss"), 2);
                file.end();
            }
            file.begin(200, 1);
            file.text("sample", "    " + EventFile.SESSION_END);
            file.end();
            file.begin(200, 1);
            file.pluginData(EventFile.SESSION_END, "hparams", new byte[] {1});
            file.end();
        }
        List<Events.Event> events = Events.read(path);
        long[] ends = new long[events.size() + 1];
        for (int i = 0; i < events.size(); i++) {
            ends[i + 1] = ends[i] + events.get(i).record().length;
        }
        assertEquals(ends[5], EventCut.keep(path, 200, ALL), "all but the end of the session");
        assertEquals(ends[3], EventCut.keep(path, 199, ALL));
        assertEquals(ends[2], EventCut.keep(path, 0, ALL));
        assertEquals(ends[4], EventCut.keep(path, 200, 1), "one event of the last step");
        assertEquals(0, EventCut.keep(path, 0, 0));
        byte[] whole = Files.readAllBytes(path);
        for (int length = 0; length < ends[4]; length++) {
            Path torn = folder.resolve("torn");
            Files.write(torn, Arrays.copyOf(whole, length));
            long last = 0;
            for (long end : ends) {
                last = end <= length ? end : last;
            }
            assertEquals(last, EventCut.keep(torn, 200, ALL));
        }
    }

    @Test
    void keep_ofAFileWithOneWrongBit_endsBeforeIt() throws IOException {
        Path path = folder.resolve("events");
        try (EventFile file = EventFile.open(path, 0, 1)) {
            file.begin(1, 1);
            file.scalar(utf8("loss"), 2);
            file.end();
        }
        byte[] whole = Files.readAllBytes(path);
        int first = Events.read(path).get(0).record().length;
        for (int i = first; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 4;
            Files.write(path, damaged);
            assertEquals(first, EventCut.keep(path, 1, ALL), "byte " + i);
        }
    }

    private HistogramProto written(Histogram histogram) throws IOException {
        Path path = folder.resolve("events");
        try (EventFile file = EventFile.open(path, 0, 1)) {
            file.begin(1, 1);
            file.histogram(utf8("weights/x"), histogram);
            file.end();
        }
        return Events.read(path).get(1).value("weights/x").getHisto();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
