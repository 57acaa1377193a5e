package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Base64;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.runs.RunSettings.Snapshots;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;

/** Small runs with snapshots, and the numbers in what they become. */
final class SnapshotRuns {
    static final int STEPS = 6;
    private static final String TEXT = "the quick brown fox jumps over the lazy dog.\n".repeat(40);

    private SnapshotRuns() {}

    static Hyperparameters hyperparameters(String... changes) {
        Hyperparameters h = Preset.named("nano")
                .hyperparameters()
                .with("optimization.steps", String.valueOf(STEPS))
                .with("optimization.warmup_steps", "1")
                .with("optimization.learning_rate", "0.01");
        for (int i = 0; i < changes.length; i += 2) {
            h = h.with(changes[i], changes[i + 1]);
        }
        return h;
    }

    static Corpus corpus() {
        return Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.2);
    }

    static Trainer trainer(String... changes) {
        return new Trainer(hyperparameters(changes), corpus(), 2);
    }

    /** Trains to the end with a snapshot after every step. */
    static void train(Path folder, Snapshots settings) throws IOException {
        try (Trainer trainer = trainer();
                SnapshotRecorder recorder = SnapshotRecorder.open(folder, trainer, settings)) {
            trainer.listen(recorder).train(0, () -> false);
        }
    }

    static float[] weights(Trainer trainer) {
        float[] all = new float[Math.toIntExact(trainer.registry().weights().size())];
        trainer.registry().weights().read(0, all, 0, all.length);
        return all;
    }

    /** The numbers of a binary array, unsigned where its type is. */
    static double[] numbers(JsonNode array) {
        ByteBuffer bytes = ByteBuffer.wrap(
                        Base64.getDecoder().decode(array.get("data").textValue()))
                .order(ByteOrder.LITTLE_ENDIAN);
        String type = array.get("type").textValue();
        int size = Integer.parseInt(type.substring(1)) / 8;
        double[] numbers = new double[bytes.remaining() / size];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = switch (type) {
                case "i8" -> bytes.get();
                case "u8" -> bytes.get() & 0xFF;
                case "i16" -> bytes.getShort();
                case "u16" -> bytes.getShort() & 0xFFFF;
                case "f32" -> bytes.getFloat();
                default -> throw new IllegalArgumentException(type);
            };
        }
        return numbers;
    }
}
