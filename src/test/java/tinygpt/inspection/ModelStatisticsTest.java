package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.inspection.ModelStatistics.SetBy;
import tinygpt.inspection.ModelStatistics.Tensor;
import tinygpt.parameters.Parameter;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.RunFolder;
import tinygpt.runs.WeightFingerprint;

class ModelStatisticsTest {
    @TempDir
    Path run;

    private static ModelStatistics of(String model) {
        try (WeightFile file = WeightFile.open(model)) {
            return ModelStatistics.of(file);
        }
    }

    private static Tensor named(ModelStatistics statistics, String name) {
        return statistics.tensors().stream()
                .filter(t -> t.parameter().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void initialNorms_areWhatTheLawsPredict() {
        InspectedModel.write(run, InspectedModel.shape4x4x128(), 0, registry -> {});
        ModelStatistics statistics = of(run.toString());
        assertEquals(1.82, named(statistics, "wte.weight").statistics().norm(), 0.04);
        for (int layer = 0; layer < 4; layer++) {
            String h = "h." + layer + ".";
            assertEquals(
                    4.43,
                    named(statistics, h + "attn.c_attn.weight").statistics().norm(),
                    0.05);
            assertEquals(
                    0.905,
                    named(statistics, h + "attn.c_proj.weight").statistics().norm(),
                    0.02);
            assertEquals(
                    Math.sqrt(128),
                    named(statistics, h + "ln_1.weight").statistics().norm());
            assertEquals(0, named(statistics, h + "ln_1.bias").statistics().norm());
        }
        assertEquals(11.31, Math.sqrt(128), 0.005);
    }

    /** So that is what a parameter is: names, shapes, and nothing else in the file. */
    @Test
    void counts_areTheProductsOfTheShapesAndTheBytesOfTheFile() throws Exception {
        Path file = InspectedModel.write(run, InspectedModel.shape4x4x128(), 0, registry -> {});
        long counted = of(run.toString()).tensors().stream()
                .mapToLong(t -> t.statistics().count())
                .sum();
        assertEquals(809_856, counted);
        try (var in = java.nio.channels.FileChannel.open(file)) {
            var length = java.nio.ByteBuffer.allocate(8).order(java.nio.ByteOrder.LITTLE_ENDIAN);
            in.read(length, 0);
            assertEquals(Files.size(file) - 8 - length.getLong(0), counted * 4);
        }
    }

    /** Nobody typed them in: a law and a seed did. */
    @Test
    void untrained_isSetByItsInitialLaws_knownFromTheSeedAlone() {
        InspectedModel.write(run, InspectedModel.nano(1337), 0, registry -> {});
        ModelStatistics statistics = of(run.toString());
        assertEquals(InitialValues.Source.SEED, statistics.source());
        for (Tensor tensor : statistics.tensors()) {
            assertEquals(SetBy.INITIAL_LAW, tensor.setBy(), tensor.parameter().name());
            assertEquals(0, tensor.statistics().change());
            assertEquals(0, tensor.statistics().changed());
        }
        Set<String> laws = statistics.tensors().stream()
                .map(t -> t.parameter().initialLaw().toString())
                .collect(Collectors.toSet());
        assertEquals(Set.of("N(0, 0.02)", "N(0, 0.02/√(2L))", "0", "1"), laws);
    }

    @Test
    void sameSeed_givesTheSameHash_andAnotherSeedAnother() {
        InspectedModel.write(run.resolve("a"), InspectedModel.nano(1337), 0, registry -> {});
        InspectedModel.write(run.resolve("b"), InspectedModel.nano(1337), 0, registry -> {});
        InspectedModel.write(run.resolve("c"), InspectedModel.nano(1338), 0, registry -> {});
        String a = of(run.resolve("a").toString()).sha256();
        assertEquals(a, of(run.resolve("b").toString()).sha256());
        assertNotEquals(a, of(run.resolve("c").toString()).sha256());
    }

    @Test
    void hashes_areThoseOfTheLedger() {
        String[] expected = new String[2];
        InspectedModel.write(run, InspectedModel.nano(1), 0, registry -> {
            WeightFingerprint fingerprint = WeightFingerprint.of(registry);
            expected[0] = fingerprint.whole();
            expected[1] = fingerprint.byTensor().get("h.1.mlp.c_fc.weight");
        });
        ModelStatistics statistics = of(run.toString());
        assertEquals(expected[0], statistics.sha256());
        assertEquals(expected[1], named(statistics, "h.1.mlp.c_fc.weight").sha256());
    }

    @Test
    void trained_namesWhatHasChangedAndHowFar() {
        InspectedModel.write(run, InspectedModel.nano(1), 0, registry -> {});
        InspectedModel.write(run, InspectedModel.nano(1), 5, registry -> {
            InspectedModel.set(registry, "h.0.ln_1.weight", 4, 1, 5);
        });
        for (String model : List.of(run.toString(), run + "@5")) {
            ModelStatistics statistics = of(model);
            assertEquals(InitialValues.Source.FIRST_CHECKPOINT, statistics.source());
            Tensor gain = named(statistics, "h.0.ln_1.weight");
            assertEquals(SetBy.TRAINING, gain.setBy());
            assertEquals(5, gain.statistics().change(), 1e-12); // 3 and 4
            assertEquals(5 / Math.sqrt(32), gain.statistics().relativeChange(), 1e-12);
            assertEquals(2, gain.statistics().changed());
            assertEquals(SetBy.INITIAL_LAW, named(statistics, "wte.weight").setBy());
        }
    }

    @Test
    void checkpointWithoutItsRun_isComparedWithItsSeed() throws Exception {
        Path inRun = InspectedModel.write(run, InspectedModel.nano(1), 5, registry -> {
            InspectedModel.set(registry, "h.1.mlp.c_proj.bias", 3, -4);
        });
        Path alone = Files.copy(inRun, run.resolve("alone.safetensors"));
        ModelStatistics statistics = of(alone.toString());
        assertEquals(InitialValues.Source.SEED, statistics.source());
        assertEquals(5, named(statistics, "h.1.mlp.c_proj.bias").statistics().change(), 1e-12);
        assertEquals(0, named(statistics, "wpe.weight").statistics().change());
    }

    @Test
    void stepZeroThatItsSeedDoesNotGive_isSetByNobodyKnown() {
        InspectedModel.write(run, InspectedModel.nano(1), 0, registry -> {
            InspectedModel.set(registry, "ln_f.bias", 1);
        });
        ModelStatistics statistics = of(run.toString());
        assertEquals(SetBy.UNKNOWN, named(statistics, "ln_f.bias").setBy());
        assertEquals(SetBy.INITIAL_LAW, named(statistics, "ln_f.weight").setBy());
    }

    @Test
    void huggingFaceFolder_hasStatisticsAndNoInitialValues() throws Exception {
        ModelStatistics statistics =
                of(ModelFixtures.golden("gpt2-tiny-tied").folder().toString());
        assertEquals(InitialValues.Source.UNKNOWN, statistics.source());
        Tensor wte = named(statistics, "wte.weight");
        assertEquals(SetBy.UNKNOWN, wte.setBy());
        assertTrue(Double.isNaN(wte.statistics().change()));
        assertTrue(wte.statistics().norm() > 0);
    }

    @Test
    void damagedWeights_areRefused() throws Exception {
        Path file = InspectedModel.write(run, InspectedModel.nano(1), 3, registry -> {});
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        BadFileException e = assertThrows(BadFileException.class, () -> of(run.toString()));
        assertTrue(e.getMessage().contains("its weights have the fingerprint"), e.getMessage());
    }

    @Test
    void missingStep_listsThoseThereAre() {
        InspectedModel.write(run, InspectedModel.nano(1), 0, registry -> {});
        InspectedModel.write(run, InspectedModel.nano(1), 20, registry -> {});
        BadFileException e = assertThrows(BadFileException.class, () -> WeightFile.open(run, 7));
        assertEquals(run + ": has no checkpoint of step 7; there are those of steps 0, 20", e.getMessage());
    }

    @Test
    void damagedNewestCheckpoint_isPassedOver_withANote() throws Exception {
        InspectedModel.write(run, InspectedModel.nano(1), 0, registry -> {});
        Files.writeString(new RunFolder(run).checkpoint(20), "nothing");
        try (WeightFile file = WeightFile.open(run)) {
            assertEquals(new RunFolder(run).checkpoint(0), file.path());
            assertEquals(1, file.notes().size());
            assertTrue(file.notes().get(0).endsWith("The checkpoint of step 0 is used instead"));
        }
    }

    @Test
    void initialValues_fromAnOddPlace_areTheSameNumbers() {
        InspectedModel.write(run, InspectedModel.nano(9), 0, registry -> {});
        try (WeightFile file = WeightFile.open(run);
                InitialValues initial = InitialValues.of(file)) {
            Parameter parameter = file.registry().get("wpe.weight");
            float[] inFile = new float[7];
            float[] computed = new float[7];
            file.read(parameter, 33, inFile, 0, 7);
            initial.read(parameter, 33, computed, 7);
            org.junit.jupiter.api.Assertions.assertArrayEquals(inFile, computed);
        }
    }
}
