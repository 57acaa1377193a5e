package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.RunFolder;
import tinygpt.runs.TrainingText;
import tinygpt.training.Trainer;

class WhyCommandTest {
    private static final int STEPS = 12;
    private static final int SAVED = 5;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    private static Path run;
    private static Path text;
    /** By step, from 0: the weights of a training that nobody looked at. */
    private static final List<float[]> WEIGHTS = new ArrayList<>();

    private static Hyperparameters hyperparameters;
    private static List<Parameter> owned;

    /** A run of the program, with checkpoints at 0, 5, 10 and 12, and the same training by the library, step by step. */
    @BeforeAll
    static void train() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, "The quick brown fox jumps over the lazy dog, and runs. ".repeat(40));
        run = folder.resolve("run");
        Run trained = Run.of(
                "train",
                "--preset=nano",
                "--data=" + text,
                "--out=" + run,
                "--steps=" + STEPS,
                "--warmup-steps=4",
                "--dropout=0.1",
                "--gradient-clip=0.8",
                "--save-every=" + SAVED,
                "--keep=9",
                "--eval-every=0");
        assertEquals(0, trained.exitCode(), trained.err());
        hyperparameters = Preset.named("nano")
                .hyperparameters()
                .with("optimization.steps", "" + STEPS)
                .with("optimization.warmup_steps", "4")
                .with("optimization.gradient_clip", "0.8")
                .with("model.embedding_dropout", "0.1")
                .with("model.attention_dropout", "0.1")
                .with("model.residual_dropout", "0.1");
        TrainingText read = TrainingText.read(
                text, hyperparameters.data().tokenizer(), hyperparameters.data().validationFraction());
        try (Trainer trainer = new Trainer(hyperparameters, read.corpus(), 1)) {
            owned = trainer.registry().owned();
            WEIGHTS.add(weights(trainer));
            while (trainer.stepsDone() < STEPS) {
                trainer.step();
                WEIGHTS.add(weights(trainer));
            }
        }
    }

    private static float[] weights(Trainer trainer) {
        float[] all = new float[(int) trainer.registry().slabSize()];
        trainer.registry().weights().read(0, all, 0, all.length);
        return all;
    }

    private static JsonNode json(Run shown) throws IOException {
        assertEquals(0, shown.exitCode(), shown.out() + shown.err());
        return JSON.readTree(shown.out());
    }

    private static String label(Parameter parameter, long place) {
        int[] shape = parameter.shape();
        return parameter.name()
                + (shape.length == 1 ? "[" + place + "]" : "[" + place / shape[1] + "," + place % shape[1] + "]");
    }

    @Test
    void twentyRandomWeightsAndSteps_equalTrainingBitForBit() throws IOException {
        int clipped = 0;
        int undecayed = 0;
        int nudged = 0;
        for (int i = 0; i < 20; i++) {
            Parameter parameter = owned.get((int) CounterRandom.below(owned.size(), 7, Stream.SAMPLING, 0, i));
            long place = CounterRandom.below(parameter.size(), 7, Stream.SAMPLING, 1, i);
            int step = 1 + (int) CounterRandom.below(STEPS, 7, Stream.SAMPLING, 2, i);
            boolean nudge = i % 4 == 0;
            JsonNode why = json(Run.of(
                    "why",
                    label(parameter, place),
                    "--step=" + step,
                    "--run=" + run,
                    "--json",
                    nudge ? "--nudge" : "--no-nudge"));

            String where = label(parameter, place) + " in step " + step;
            int at = (int) (parameter.offset() + place);
            assertEquals(WEIGHTS.get(step - 1)[at], why.get("value_before").floatValue(), where);
            assertEquals(bits(WEIGHTS.get(step)[at]), why.get("bits_after").asText(), where);
            assertTrue(why.get("same_bits").asBoolean(), where);
            assertEquals(
                    step % SAVED == 0 || step == STEPS ? why.get("bits_after") : null,
                    why.get("bits_in_checkpoint"),
                    where);
            assertEquals(
                    why.has("bits_in_checkpoint"),
                    why.path("all_weights_as_in_ledger").asBoolean(),
                    where);
            assertChain(why, parameter.decayed());
            clipped += why.get("clip_factor").floatValue() < 1 ? 1 : 0;
            undecayed += parameter.decayed() ? 0 : 1;
            assertEquals(nudge, why.has("gradients_agree"));
            nudged += nudge && why.get("gradients_agree").asBoolean() ? 1 : 0;
        }
        assertTrue(clipped > 5 && undecayed > 3 && undecayed < 17, clipped + " clipped, " + undecayed + " undecayed");
        assertEquals(5, nudged);
    }

    private static String bits(float value) {
        return HexFormat.of().toHexDigits(Float.floatToRawIntBits(value));
    }

    /** Every printed number from the printed ones before it, exactly. */
    private static void assertChain(JsonNode why, boolean decayed) {
        double norm = why.get("gradient_norm").asDouble();
        double rate = why.get("learning_rate").asDouble();
        int t = why.get("updates").asInt();
        float g = 0;
        for (JsonNode share : why.get("gradient_of_shards")) {
            g += share.floatValue();
        }
        assertEquals(why.get("gradient").floatValue(), g);
        float c = (float) Math.min(1, 0.8 / (norm + 1e-6));
        assertEquals(c, why.get("clip_factor").floatValue());
        float m = 0.9f * why.get("mean_before").floatValue() + 0.1f * (c * g);
        assertEquals(m, why.get("mean").floatValue());
        float v = 0.99f * why.get("mean_square_before").floatValue() + 0.01f * ((c * g) * (c * g));
        assertEquals(v, why.get("mean_square").floatValue());
        float s = (float) (rate / (1 - Math.pow(0.9, t)));
        assertEquals(s, why.get("step_size").floatValue());
        float k = (float) (1 / Math.sqrt(1 - Math.pow(0.99, t)));
        assertEquals(k, why.get("inverse_root").floatValue());
        float d = why.get("value_before").floatValue() * (decayed ? (float) (1 - rate * 0.1) : 1);
        assertEquals(d, why.get("value_decayed").floatValue());
        float after = d - s * m / ((float) Math.sqrt(v) * k + 1e-8f);
        assertEquals(after, why.get("value_after").floatValue());
    }

    /** The lines as a person reads them, worked through with a calculator of double precision. */
    @Test
    void printedLines_followFromEachOther() {
        Run shown = Run.of("why", "h.0.mlp.c_fc.weight[3,17]", "--step=8", "--run=" + run, "--threads=2");
        assertEquals(0, shown.exitCode(), shown.out() + shown.err());
        Map<String, Double> n = new HashMap<>();
        Matcher row = Pattern.compile("(?m)^  [a-z ]+?  +([A-Za-z0-9']+)  +(-?[0-9.]+(e-?[0-9]+)?)( |$)")
                .matcher(shown.out());
        while (row.find()) {
            n.put(row.group(1), Double.parseDouble(row.group(2)));
        }
        double r = 1e-3 + (1e-2 - 1e-3) * (1 + Math.cos(Math.PI * 3 / 8)) / 2;
        assertEquals(r, n.get("r"), 1e-12);
        assertTrue(
                shown.out().contains("= 0.001 + (0.01 - 0.001) (1 + cos(pi min(1, 3 / 8))) / 2, cosine"), shown.out());
        near(Math.min(1, 0.8 / (n.get("n") + 1e-6)), n.get("c"));
        near(n.get("c") * n.get("g"), n.get("g'"));
        near(0.9 * n.get("m0") + 0.1 * n.get("g'"), n.get("m"));
        near(0.99 * n.get("v0") + 0.01 * n.get("g'") * n.get("g'"), n.get("v"));
        near(n.get("m") / (1 - Math.pow(0.9, 8)), n.get("M"));
        near(n.get("v") / (1 - Math.pow(0.99, 8)), n.get("V"));
        near(n.get("w0") * (1 - n.get("r") * 0.1), n.get("d"));
        near(n.get("r") * n.get("M") / (Math.sqrt(n.get("V")) + 1e-8), n.get("u"));
        near(n.get("d") - n.get("u"), n.get("w"));
        assertTrue(shown.out().contains(": the same bits\n"), shown.out());
        assertTrue(shown.err().contains("computing steps 6 to 7 again ...\n"), shown.err());
    }

    private static void near(double expected, double got) {
        assertEquals(expected, got, 3e-6 * Math.abs(expected));
    }

    @Test
    void tiedHead_isThatOfTheEmbedding_andCheckpointHoldsTheSameBits() {
        Run shown = Run.of("why", "lm_head.weight[2,5]", "--step=" + STEPS, "--run=" + run, "--no-nudge");
        assertEquals(0, shown.exitCode(), shown.err());
        assertTrue(
                shown.out()
                        .startsWith("wte.weight[2,5]   embedding   step 12, computed again from the checkpoint of"
                                + " step 10\nlm_head.weight is tied to it"),
                shown.out());
        assertTrue(shown.out().contains("own checkpoint of step 12 holds the same bits"), shown.out());
        assertFalse(shown.out().contains("nudging"), shown.out());
    }

    /** Nothing of the folder changes: no ledger line, no checkpoint, no lock. */
    @Test
    void folder_isOnlyRead() throws IOException {
        byte[] ledger = Files.readAllBytes(run.resolve("ledger.jsonl"));
        int saved = new RunFolder(run).checkpoints().size();
        Run.of("why", "wpe.weight[0,0]", "--step=4", "--run=" + run, "--no-nudge");
        assertEquals(new String(ledger), Files.readString(run.resolve("ledger.jsonl")));
        assertEquals(saved, new RunFolder(run).checkpoints().size());
    }

    @Test
    void whatDoesNotExist_isOneClearLine() {
        int vocabulary = owned.get(0).shape()[0];
        assertError(
                2,
                "wte.weight has the shape [" + vocabulary + ", 32], and its rows count from 0 to " + (vocabulary - 1),
                "wte.weight[" + vocabulary + ",0]",
                "3");
        assertError(2, "its columns count from 0 to 31: there is no 32", "wte.weight[0,32]", "3");
        assertError(2, "it takes two indices, wte.weight[i,j]", "wte.weight[0]", "3");
        assertError(2, "it takes one index, ln_f.bias[i]", "ln_f.bias[0,1]", "3");
        assertError(2, "names no single weight", "ln_f.bias", "3");
        assertError(2, "no tensor 'c_fc.weight'; there are h.0.mlp.c_fc.weight, h.1", "c_fc.weight[0,0]", "3");
        assertError(
                2, "count from 1 to 12, where its newest checkpoint is; there is no step 13", "wte.weight[0,0]", "13");
        assertError(2, "there is no step 0", "wte.weight[0,0]", "0");
    }

    private static void assertError(int exitCode, String message, String weight, String step) {
        Run shown = Run.of("why", weight, "--step=" + step, "--run=" + run);
        assertEquals(exitCode, shown.exitCode(), shown.out() + shown.err());
        assertTrue(shown.err().contains(message), shown.err());
        assertEquals("", shown.out());
    }

    @Test
    void frozenWeight_saysSo_andStays() {
        Path frozen = folder.resolve("frozen");
        Run trained = Run.of(
                "train",
                "--preset=nano",
                "--data=" + text,
                "--out=" + frozen,
                "--steps=3",
                "--train-only=kind:attention",
                "--eval-every=0");
        assertEquals(0, trained.exitCode(), trained.err());
        Run shown = Run.of("why", "wte.weight[1,1]", "--step=2", "--run=" + frozen);
        assertEquals(0, shown.exitCode(), shown.err());
        assertTrue(shown.out().contains("wte.weight is frozen (kind:attention is trained)"), shown.out());
        assertTrue(shown.out().contains(": the same bits"), shown.out());
        assertEquals(
                0,
                Run.of("why", "h.1.attn.c_attn.bias[2]", "--step=3", "--run=" + frozen)
                        .exitCode());
    }

    /** Skipped by the replay too, also where it begins at a later checkpoint, whose history of losses it must know. */
    @Test
    void skippedSpike_movesNothing_andSaysWhatItWasBeyond() throws IOException {
        Path spiky = folder.resolve("spiky");
        Path fox = Files.writeString(
                folder.resolve("fox.txt"), "A fox ran over the hill and saw a dog. Good day!\n".repeat(30));
        Run trained = Run.of(
                "train",
                "--preset=nano",
                "--width=8",
                "--layers=1",
                "--context-length=8",
                "--data=" + fox,
                "--out=" + spiky,
                "--steps=120",
                "--skip-spikes=1",
                "--save-every=40",
                "--keep=9",
                "--eval-every=0");
        assertEquals(0, trained.exitCode(), trained.err());
        List<Integer> skipped = new ArrayList<>();
        for (String line : Files.readAllLines(spiky.resolve("metrics.jsonl"))) {
            if (line.contains("\"skipped\":true")) {
                skipped.add(JSON.readTree(line).get("step").asInt());
            }
        }
        assertTrue(skipped.size() > 1 && skipped.get(skipped.size() - 1) > 81, skipped.toString());
        for (int step : List.of(skipped.get(0), skipped.get(skipped.size() - 1))) {
            JsonNode why = json(Run.of("why", "wte.weight[1,2]", "--step=" + step, "--run=" + spiky, "--json"));
            assertTrue(why.get("skipped").asBoolean());
            assertEquals(why.get("value_before"), why.get("value_after"));
            assertTrue(
                    why.get("same_bits").asBoolean()
                            && why.get("gradients_agree").asBoolean(),
                    why.toString());
            assertFalse(why.has("mean"), "no arithmetic of a step that was not taken");
            assertTrue(
                    why.get("loss").asDouble() > why.get("loss_limit").asDouble()
                            || why.get("gradient_norm").asDouble()
                                    > why.get("gradient_norm_limit").asDouble(),
                    why.toString());
            long before = skipped.stream().filter(s -> s <= step).count();
            assertEquals(step - before, why.get("updates").asLong());

            Run shown = Run.of("why", "wte.weight[1,2]", "--step=" + step, "--run=" + spiky, "--no-nudge");
            assertEquals(0, shown.exitCode(), shown.err());
            assertTrue(shown.out().contains("This step was a spike, more than 1 sd above"), shown.out());
            assertTrue(shown.out().contains("So it was skipped: weights and moments stay as they were."), shown.out());
        }
        // The first step that is taken after a spike: its bias correction counts the updates there were.
        int next = skipped.get(0) + 1;
        while (skipped.contains(next)) {
            next++;
        }
        int taken = next;
        JsonNode why = json(Run.of("why", "wte.weight[1,2]", "--step=" + next, "--run=" + spiky, "--json"));
        assertTrue(why.get("same_bits").asBoolean() && !why.get("skipped").asBoolean());
        assertEquals(
                taken - skipped.stream().filter(s -> s < taken).count(),
                why.get("updates").asLong());
    }

    @Test
    void otherTextThanTheRuns_isRefused() throws IOException {
        Path other = folder.resolve("other.txt");
        Files.writeString(other, "Something else altogether. ".repeat(50));
        Run shown = Run.of("why", "wte.weight[1,1]", "--step=2", "--run=" + run, "--data=" + other);
        assertEquals(3, shown.exitCode(), shown.err());
        assertTrue(shown.err().contains("is not the text this run was started with"), shown.err());
    }

    /** A checkpoint that is not what training produces is told from it, even if its own fingerprints were made to fit. */
    @Test
    void checkpointWithOtherWeights_differs() throws IOException {
        Path edited = folder.resolve("edited");
        copy(run, edited);
        RunFolder target = new RunFolder(edited);
        try (LoadedModel model = LoadedModel.open(target.checkpoint(SAVED))) {
            ParameterRegistry registry = model.model().registry();
            registry.weights().write(registry.get("ln_f.bias").offset(), new float[] {0.5f}, 0, 1);
            Files.delete(target.checkpoint(SAVED));
            CheckpointHeader header = model.checkpoint().orElseThrow();
            Checkpoint.write(
                    target.checkpoint(SAVED),
                    new Checkpoint.Facts(
                            header.hyperparameters(),
                            header.tokenizer(),
                            header.step(),
                            header.tokensSeen(),
                            header.extras()),
                    registry,
                    null,
                    null);
        }
        Run shown = Run.of("why", "ln_f.bias[0]", "--step=" + SAVED, "--run=" + edited, "--no-nudge");
        assertEquals(1, shown.exitCode(), shown.out() + shown.err());
        assertTrue(shown.out().contains("THEY DIFFER: the run's own checkpoint of step 5 holds 0.5 (bits 3f000000)"));
        assertTrue(shown.out().contains("all weights after step 5 have the fingerprint in the run's ledger"));
    }

    /** Steps after a resumption with other hyperparameters are computed with those. */
    @Test
    void resumptionWithAnotherRate_isFollowed_andNotGuessedAcross() throws IOException {
        Path changed = folder.resolve("changed");
        copy(run, changed);
        assertEquals(
                0,
                Run.of(
                                "train",
                                "--resume=" + changed,
                                "--steps=15",
                                "--learning-rate=0.003",
                                "--allow-change",
                                "--save-every=15",
                                "--keep=9")
                        .exitCode());
        Run after = Run.of("why", "wte.weight[3,3]", "--step=15", "--run=" + changed, "--no-nudge");
        assertEquals(0, after.exitCode(), after.out() + after.err());
        assertTrue(after.out().contains("checkpoint of step 15 holds the same bits"), after.out());
        Run before = Run.of("why", "wte.weight[3,3]", "--step=12", "--run=" + changed, "--no-nudge");
        assertEquals(0, before.exitCode(), before.out() + before.err());
        Files.delete(new RunFolder(changed).checkpoint(12));
        Run across = Run.of("why", "wte.weight[3,3]", "--step=14", "--run=" + changed, "--no-nudge");
        assertEquals(3, across.exitCode(), across.out() + across.err());
        assertTrue(
                across.err().contains("its hyperparameters were changed after step 12, whose checkpoint is gone"),
                across.err());
        assertEquals(
                0,
                Run.of("why", "wte.weight[3,3]", "--step=12", "--run=" + changed, "--no-nudge")
                        .exitCode());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }
}
