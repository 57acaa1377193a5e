package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.SafetensorsReader;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.AdapterFolder;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.FrozenProof;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.RunFolder;
import tinygpt.tensor.Workspace;

/** Freezing and adapters from the command line to the file: train, stop, resume, save small, merge. */
class TuningTest {
    @TempDir
    Path folder;

    private Path text;
    private Path base;

    @BeforeEach
    void trainTheBase() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), "the cat sat on the mat and ate. ".repeat(60));
        base = folder.resolve("base");
        train(base, "--preset", "nano", "--steps", "5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--freeze=kind:embedding,positional", "--lora=rank=2,alpha=4,on=attention,feed-forward"})
    void stoppedAndResumed_endsBitwiseWhereAnUninterruptedRunDoes(String flag) {
        Path whole = train(folder.resolve("whole"), "--from", base.toString(), flag, "--steps", "8", "--threads", "2");
        Path parts =
                train(folder.resolve("parts"), "--from", base.toString(), flag, "--steps", "8", "--stop-after", "3");
        Run resumed = Run.of("train", "--resume", parts.toString(), "--threads", "1", "--quiet");
        assertEquals(0, resumed.exitCode(), resumed.err());

        try (SafetensorsReader a = SafetensorsReader.open(newest(whole));
                SafetensorsReader b = SafetensorsReader.open(newest(parts))) {
            assertEquals(a.names(), b.names());
            for (String name : a.names()) {
                assertArrayEquals(floats(a, name), floats(b, name), name);
            }
            CheckpointHeader header = Checkpoint.readHeader(newest(whole));
            ParameterRegistry registry = ParameterRegistry.of(header.hyperparameters());
            long moments = a.names().stream().filter(n -> n.startsWith("adam.")).count();
            assertEquals(2L * registry.trained().size(), moments, "moments of what is trained only");
            try (SafetensorsReader start = SafetensorsReader.open(newest(base))) {
                registry.frozen()
                        .forEach(p -> assertArrayEquals(floats(start, p.name()), floats(a, p.name()), p.name()));
                assertFalse(registry.frozen().isEmpty());
            }
        }
    }

    @Test
    void adapters_savedApart_mergeIntoTheBaseLikeThoseInTheRun() throws IOException {
        Path run = train(
                folder.resolve("run"),
                "--from",
                base.toString(),
                "--lora",
                "rank=3,alpha=6",
                "--steps",
                "6",
                "--learning-rate",
                "0.05",
                "--warmup-steps",
                "0");
        Path apart;
        float[] adapted;
        try (LoadedModel model = LoadedModel.open(run)) {
            apart = AdapterFolder.save(run, model.model().registry(), base.toString())
                    .orElseThrow();
            adapted = logits(model.model());
        }
        assertTrue(Files.size(apart.resolve("adapter_model.safetensors")) < Files.size(newest(base)) / 5);

        Path fromRun = folder.resolve("a.safetensors");
        Path fromApart = folder.resolve("b.safetensors");
        Run one = Run.of("merge", run.toString(), "--out", fromRun.toString());
        Run two = Run.of("merge", base.toString(), "--adapter", apart.toString(), "--out", fromApart.toString());

        assertEquals(0, one.exitCode(), one.err());
        assertEquals(0, two.exitCode(), two.err());
        assertTrue(one.out().startsWith("merged 4 adapters of rank 3 (alpha 6) into " + fromRun), one.out());
        CheckpointHeader merged = Checkpoint.readHeader(fromRun);
        assertEquals(merged.weightsSha256(), Checkpoint.readHeader(fromApart).weightsSha256());
        assertEquals(Adaptation.NONE, merged.hyperparameters().adaptation());
        assertEquals(6, merged.step());
        assertEquals(Checkpoint.readHeader(newest(run)).tokenizer(), merged.tokenizer());
        assertEquals(Checkpoint.readHeader(newest(run)).extras(), merged.extras());
        try (LoadedModel plain = LoadedModel.open(fromRun);
                LoadedModel before = LoadedModel.open(base)) {
            ModelFixtures.assertClose("logits", ModelFixtures.widen(adapted), logits(plain.model()), 1e-5);
            assertFalse(Arrays.equals(logits(before.model()), logits(plain.model())), "the adapters do something");
        }
    }

    @Test
    void merge_ofAdaptersTrainedOnOtherWeights_isRefused() throws IOException {
        Path run = train(folder.resolve("run"), "--from", base.toString(), "--lora", "rank=1", "--steps", "2");
        try (LoadedModel model = LoadedModel.open(run)) {
            AdapterFolder.save(run, model.model().registry(), "base").orElseThrow();
        }
        Path other = train(folder.resolve("other"), "--preset", "nano", "--steps", "2", "--seed", "5");
        Path out = folder.resolve("merged.safetensors");
        Run refused = Run.of("merge", other.toString(), "--adapter", run + "/adapter", "--out", out.toString());
        assertEquals(3, refused.exitCode());
        assertTrue(refused.err().contains("was trained on weights with the fingerprint "), refused.err());
        assertFalse(Files.exists(out));
    }

    @Test
    void merge_thatCannotBe_isRefused() throws IOException {
        Path out = folder.resolve("merged.safetensors");
        Run none = Run.of("merge", base.toString(), "--out", out.toString());
        assertEquals(2, none.exitCode());
        assertTrue(none.err().contains("this model has no adapters to merge"), none.err());
        Run there = Run.of("merge", base.toString(), "--out", text.toString());
        assertEquals(2, there.exitCode());
        assertTrue(there.err().contains("exists already"), there.err());
        Run missing = Run.of("merge", base.toString(), "--adapter", folder.toString(), "--out", out.toString());
        assertEquals(3, missing.exitCode());
        assertTrue(missing.err().contains("adapter_config.json: there is no such file"), missing.err());
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        Run huggingFace = Run.of("merge", golden.toString(), "--out", out.toString());
        assertEquals(2, huggingFace.exitCode());
        assertTrue(huggingFace.err().contains("has no hyperparameters"), huggingFace.err());
        assertFalse(Files.exists(out));
    }

    @Test
    void from_aModelThatWasTrainedInPart_trainsEverythingUnlessTold() {
        Path part = train(
                folder.resolve("part"),
                "--from",
                base.toString(),
                "--train-only",
                "kind:normalization",
                "--steps",
                "1");
        assertEquals("kind:normalization", adaptation(part).trainable());
        Path all = train(folder.resolve("all"), "--from", part.toString(), "--steps", "1");
        assertEquals(Adaptation.NONE, adaptation(all));
    }

    @Test
    void from_aModelWithAdapters_goesOnWithThem_andRefusesOthers() {
        Path run = train(folder.resolve("run"), "--from", base.toString(), "--lora", "rank=2", "--steps", "1");
        Path next = train(folder.resolve("next"), "--from", run.toString(), "--steps", "1");
        assertEquals(adaptation(run), adaptation(next));
        assertEquals("kind:adapter", adaptation(next).trainable());
        Run other = Run.of(
                "train",
                "--data",
                text.toString(),
                "--out",
                folder.resolve("x").toString(),
                "--from",
                run.toString(),
                "--lora",
                "rank=3");
        assertEquals(2, other.exitCode());
        assertTrue(
                other.err().contains("has adapters already, and this would change adaptation.lora_rank 2 -> 3"),
                other.err());
    }

    private static Adaptation adaptation(Path run) {
        return Checkpoint.readHeader(newest(run)).hyperparameters().adaptation();
    }

    @Test
    void adapterFolder_ofARunThatTrainedTheBaseToo_isNotWritten() throws IOException {
        Path run = train(
                folder.resolve("run"),
                "--from",
                base.toString(),
                "--lora",
                "rank=1",
                "--train-only",
                "kind:normalization",
                "--steps",
                "2");
        try (LoadedModel model = LoadedModel.open(run)) {
            assertEquals(
                    "kind:adapter kind:normalization",
                    model.model().registry().adaptation().trainable());
            assertTrue(AdapterFolder.save(run, model.model().registry(), "base").isEmpty());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            --freeze=kind:embedding                | !kind:embedding | 0
            --freeze=kind:embedding,positional --freeze=h.[0-1].ln_1.* | !kind:embedding,positional !h.[0-1].ln_1.* | 0
            --train-only=kind:attention --freeze=h.0.* | kind:attention !h.0.* | 0
            --lora=rank=4,on=attention,feed-forward | kind:adapter | 4
            --lora=alpha=3,rank=2 --freeze=h.0.*   | kind:adapter !h.0.* | 2
            --lora-rank=4                          | kind:adapter | 4
            """)
    void flags_setTheHyperparameters(String flags, String trainable, int rank) throws IOException {
        List<String> args = new ArrayList<>(List.of("params", "--preset=nano", "--format=json"));
        args.addAll(List.of(flags.split(" ")));
        Run run = Run.of(args.toArray(String[]::new));
        assertEquals(0, run.exitCode(), run.err());
        var adaptation = new com.fasterxml.jackson.databind.ObjectMapper()
                .readTree(run.out())
                .get("adaptation");
        assertEquals(trainable, adaptation.get("trainable").asText());
        assertEquals(rank, adaptation.get("lora_rank").asInt());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            --freeze=h.0-1.*     | 'h.0-1.*' matches no parameter of this model; did you mean 'h.[0-1].*'?
            --freeze=*           | '!*' leaves no parameter to train; everything would be frozen
            --freeze=!wte.*      | --freeze takes one selector such as kind:attention or 'h.0.*', not '!wte.*'
            --train-only=kind:mlp | there is no kind 'mlp' of parameter
            --lora=8             | --lora takes rank=R and, if you like, alpha=A and on=LAYERS, each once, not '8'
            --lora=alpha=8       | --lora takes rank=R and
            --lora=rank=0        | --lora rank=0 would make no adapters and train everything
            --lora=rank=2,rank=3 | --lora takes rank=R and
            --lora=rank=x        | --lora-rank takes an integer of
            --lora=rank=2,on=wte | 'wte' matches no linear layer
            --lora=rank=2,size=3 | --lora takes rank=R and
            """)
    void wrongFlag_isRefusedInOneLine(String flag, String message) {
        Run run = Run.of("params", "--preset=nano", flag);
        assertEquals(2, run.exitCode());
        assertTrue(run.err().startsWith("tinygpt: error: " + message), run.err());
        assertEquals(1, run.err().lines().count());
    }

    @Test
    void params_showWhatIsFrozenAndTheAdapters() {
        Run frozen = Run.of("params", "--preset=nano", "--freeze=kind:embedding", "--freeze=h.*.bias");
        assertTrue(frozen.out().contains("\nwte.weight "), frozen.out());
        assertTrue(frozen.out().lines().anyMatch(l -> l.startsWith("wte.weight") && l.endsWith(" frozen")));
        assertTrue(frozen.out().lines().anyMatch(l -> l.startsWith("wpe.weight") && l.endsWith(" yes")));
        assertTrue(frozen.out().lines().anyMatch(l -> l.startsWith("h.#.ln_1.{weight,bias}") && l.endsWith(" some")));
        Run lora = Run.of("params", "--preset=nano", "--lora=rank=4", "--why");
        assertEquals(0, lora.exitCode(), lora.err());
        assertTrue(lora.out().contains("h.#.attn.c_attn.lora_A.weight  adapter"), lora.out());
        assertTrue(lora.out().contains("LoRA rank 4, alpha 16"), lora.out());
        assertTrue(lora.out().contains("adapter       = r·(12C) = 4·(12·32) = 1,536"), lora.out());
        assertTrue(lora.out().contains("1,536 trainable (5.11%)"), lora.out());
        assertFalse(Run.of("params", "--preset=nano", "--why").out().contains("adapter"));
    }

    @Test
    void report_saysWhatIsTrainedByPattern_andWhatIsSaved() {
        ParameterRegistry registry = ParameterRegistry.of(
                tinygpt.hyperparameters.Preset.named("nano").hyperparameters().model(),
                new Adaptation("kind:feed-forward !h.0.*", 0, 16, "attention"));
        assertEquals(
                List.of(
                        "Trainable 8,352 of 28,544 (29.26%), in 4 of 28 tensors",
                        "  trained  kind:feed-forward: 8 tensors, 16,704 parameters",
                        "  frozen   h.0.*: 12 tensors, 12,704 parameters",
                        "  saved    161.5 kB of Adam's 228.4 kB, and 80.77 kB of each gradient",
                        "  note     wte.weight is frozen, and with it the output head, which is tied to it"),
                TuningReport.lines(registry));
        assertEquals(List.of(), TuningReport.lines(ParameterRegistry.of(registry.shape())));
    }

    @Test
    void frozenProof_namesATensorOfWhichOneBitChanged() {
        try (ParameterRegistry registry = ParameterRegistry.of(
                        tinygpt.hyperparameters.Preset.named("nano")
                                .hyperparameters()
                                .model(),
                        new Adaptation("kind:normalization", 0, 16, "attention"))
                .allocate()) {
            FrozenProof proof = new FrozenProof(registry);
            registry.weights().write(registry.get("ln_f.weight").offset(), new float[] {7}, 0, 1);
            assertEquals(
                    "18 of 18 frozen tensors are bit-identical", proof.check().toString());
            assertTrue(proof.check().holds());
            registry.weights().write(registry.get("h.1.mlp.c_fc.weight").offset(), new float[] {-0f}, 0, 1);
            assertEquals(List.of("h.1.mlp.c_fc.weight"), proof.check().changed());
            assertEquals(
                    "17 of 18 frozen tensors are bit-identical; changed: h.1.mlp.c_fc.weight",
                    proof.check().toString());
        }
    }

    private Path train(Path out, String... flags) {
        List<String> args = new ArrayList<>(
                List.of("train", "--data", text.toString(), "--out", out.toString(), "--quiet", "--eval-every", "0"));
        args.addAll(List.of(flags));
        Run run = Run.of(args.toArray(String[]::new));
        assertEquals(0, run.exitCode(), run.err());
        return out;
    }

    private static Path newest(Path run) {
        return new RunFolder(run).newestFirst().get(0).file();
    }

    private static float[] floats(SafetensorsReader file, String name) {
        float[] values = new float[Math.toIntExact(file.entry(name).elements())];
        file.readFloats(name, 0, values, 0, values.length);
        return values;
    }

    private static float[] logits(Gpt model) {
        try (Activations a = new Activations(model, 1, 20, null)) {
            int[] ids = ModelFixtures.randomIds(model.shape(), 1, 20, 2)[0];
            System.arraycopy(ids, 0, a.tokens(), 0, 20);
            model.forward(new Workspace(Gpt.longestRow(model.shape())), a);
            return a.logits().toArray();
        }
    }
}
