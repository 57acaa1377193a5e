package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.text.ByteTokenizer;

class HuggingFaceExporterTest {
    private static final ModelShape SHAPE =
            Preset.named("nano").hyperparameters().model().withVocabularySize(257);

    @TempDir
    Path folder;

    private static ExportedModel model(ExportedModel.Numbers numbers) {
        return new ExportedModel(
                ParameterRegistry.of(SHAPE), numbers, Optional.of(new ByteTokenizer()), ModelFacts.NONE);
    }

    /** A number for each parameter. */
    private static void fill(float[] destination, int at, int count, float value) {
        java.util.Arrays.fill(destination, at, at + count, value);
    }

    @Test
    void failureInTheMiddle_leavesWhatWasThere_andNothingElse() throws IOException {
        Path out = folder.resolve("model");
        new HuggingFaceExporter().write(model((p, first, to, at, n) -> fill(to, at, n, p.index())), out);
        byte[] before = Files.readAllBytes(out.resolve("model.safetensors"));
        ExportedModel unreadable = model((p, first, to, at, n) -> {
            if (p.layer() == 1) {
                throw new BadFileException(Path.of("source"), "ended while it was read");
            }
        });
        for (Path place : List.of(out, folder.resolve("other"))) {
            assertThrows(BadFileException.class, () -> new HuggingFaceExporter().write(unreadable, place));
            try (Stream<Path> left = Files.list(folder)) {
                assertEquals(List.of(out), left.toList());
            }
        }
        assertArrayEquals(before, Files.readAllBytes(out.resolve("model.safetensors")));
    }

    @Test
    void numbersAreReadInPieces_ofBoundedSize() throws IOException {
        ModelShape wide = Preset.named("nano").hyperparameters().model().withVocabularySize(40_000);
        long[] read = new long[1];
        ExportedModel large = new ExportedModel(
                ParameterRegistry.of(wide),
                (p, first, to, at, n) -> {
                    assertEquals(0, at);
                    assertEquals(1 << 16, to.length);
                    fill(to, at, n, first);
                    read[0] += n;
                },
                Optional.empty(),
                ModelFacts.NONE);
        ModelExporter.Result result = new HuggingFaceExporter().write(large, folder.resolve("large"));
        assertEquals(large.registry().count(), read[0]);
        assertEquals(read[0], result.numbers());
        float[] some = new float[2];
        try (SafetensorsReader reader = SafetensorsReader.open(folder.resolve("large/model.safetensors"))) {
            reader.readFloats("transformer.wte.weight", (1 << 16) - 1, some, 0, 2);
        }
        assertArrayEquals(new float[] {0, 1 << 16}, some);
    }

    @Test
    void tokenizerOfAnotherSize_isAMistake() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new ExportedModel(
                        ParameterRegistry.of(SHAPE.withVocabularySize(300)),
                        (p, first, to, at, n) -> {},
                        Optional.of(new ByteTokenizer()),
                        ModelFacts.NONE));
    }
}
