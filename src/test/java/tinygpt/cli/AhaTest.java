package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.cli.BitsStop.Rounded;
import tinygpt.cli.FixedStop.Rate;
import tinygpt.cli.KindsStop.Reached;
import tinygpt.cli.SizesStop.Trial;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.report.SnapshotState;

/**
 * What each stop of the tour claims: that it holds for runs that are made here, and that it would not if the numbers were
 * others. One tour of all stops makes the runs.
 */
class AhaTest {
    private static final int STEPS = 100;
    private static final int WIDTH = 80;

    @TempDir
    static Path folder;

    private static String home;
    private static Path kept;
    private static Run tour;

    /** The texts that come with the program, cut short. */
    @BeforeAll
    static void walk() throws IOException {
        home = System.getProperty("tinygpt.home");
        Path data = Files.createDirectories(folder.resolve("data"));
        String tales = Files.readString(Path.of(home, "data", "tales.txt"));
        String scenes = Files.readString(Path.of(home, "data", "scenes.txt"));
        StringBuilder letters = new StringBuilder();
        tales.chars().distinct().forEach(letters::appendCodePoint);
        Files.writeString(data.resolve("tales.txt"), letters + "\n" + tales.substring(0, 40_000));
        Files.writeString(data.resolve("scenes.txt"), scenes.substring(0, 10_000));
        System.setProperty("tinygpt.home", folder.toString());
        kept = folder.resolve("kept");
        tour = Run.of("tour", "--no-pause", "--steps", "" + STEPS, "--keep", kept.toString());
    }

    @AfterAll
    static void restoreHome() {
        System.setProperty("tinygpt.home", home);
    }

    @Test
    void tour_goesThroughAllStops_andEveryClaimHolds() {
        assertEquals(0, tour.exitCode(), tour.out() + tour.err());
        List<String> headings =
                tour.lines().stream().filter(line -> line.startsWith("-- ")).toList();
        assertEquals(10, headings.size());
        for (int i = 0; i < 10; i++) {
            assertTrue(headings.get(i).startsWith("-- " + (i + 1) + " of 10: "), headings.get(i));
        }
        long holds =
                tour.lines().stream().filter(l -> l.startsWith("  holds  ")).count();
        assertTrue(holds >= 35, holds + " claims");
        assertFalse(tour.out().contains("  FAILS  "), tour.out());
        assertTrue(tour.out().contains("All " + holds + " claims held."), tour.out());
        // A path is not broken, and the folder of a test has a long one.
        List<String> tooLong = tour.lines().stream()
                .filter(line -> Columns.of(line) > WIDTH && !line.matches(" +--\\S+ " + kept + "\\S+ \\\\"))
                .toList();
        assertEquals(List.of(), tooLong);
        assertFalse(tour.out().contains("\u001b"), "no colours in a pipe");
    }

    @Test
    void stop1_rowsShapesAndFileHaveTheSameCount() {
        JsonNode params = params("model");
        long bytes = NumbersStop.weightBytes(kept.resolve("model"), params);
        assertHold(NumbersStop.claims(params, bytes));
        long total = 0;
        for (JsonNode tensor : params.path("tensors")) {
            total += tensor.path("count").asLong();
        }
        assertEquals(4 * total, bytes);
        assertFails(1, NumbersStop.claims(params, bytes + 4));
        ObjectNode oneMore = params.deepCopy();
        ((ObjectNode) oneMore.path("tensors").path(3)).put("count", 1);
        assertFails(1, NumbersStop.claims(oneMore, bytes));
    }

    @Test
    void stop2_sameSeedSameHash_otherSeedOtherHash_andTheLossIsOfAnEvenGuess() {
        JsonNode made = stats("untrained");
        JsonNode again = stats("again");
        JsonNode otherwise = stats("otherwise");
        JsonNode eval = json("eval", "--model", run("untrained"), "--format", "json");
        assertHold(InitialStop.claims(made, again, otherwise, eval));
        int vocabulary = eval.path("vocabulary_size").asInt();
        assertEquals(Math.log(vocabulary), eval.path("loss").asDouble(), 0.2);
        assertFails(1, InitialStop.claims(made, otherwise, otherwise, eval));
        assertFails(1, InitialStop.claims(made, again, again, eval));
        // A trained model is set by training, and does not guess evenly.
        JsonNode trained = json("eval", "--model", run("model"), "--format", "json");
        assertFails(3, InitialStop.claims(stats("model"), again, otherwise, trained));
    }

    @Test
    void stop3_ledgerHasOneConfigHash_andAllTensorsChangeEachTime() throws IOException {
        JsonNode ledger = json("ledger", run("model"), "--format", "json");
        List<Rate> rates = FixedStop.rates(kept.resolve("model"));
        assertEquals(STEPS, rates.size());
        assertHold(FixedStop.claims(ledger, rates));
        ObjectNode edited = ledger.deepCopy();
        ((ObjectNode) edited.path("lines").path(4)).put("config_sha256", "0");
        assertFails(1, FixedStop.claims(edited, rates));
        ObjectNode stuck = ledger.deepCopy();
        ((ObjectNode) stuck.path("lines").path(4)).put("tensors_changed", 27);
        assertFails(1, FixedStop.claims(stuck, rates));
        assertFails(1, FixedStop.claims(ledger, List.of(new Rate(1, 0.1, Math.nextUp(0.1)))));
    }

    @Test
    void stop4_gradientsAgree_andTheLossOfTheBatchFalls() {
        ObjectNode step = json("step", "--preset", "nano", "--json").deepCopy();
        assertHold(StepStop.claims(step));
        double gradient = step.path("weight").path("gradient").asDouble();
        assertEquals(gradient, step.path("weight").path("gradient_by_nudging").asDouble(), 1e-4 * Math.abs(gradient));
        ObjectNode higher = step.deepCopy();
        higher.put("loss_after", step.path("loss_before").asDouble());
        assertFails(1, StepStop.claims(higher));
        ((ObjectNode) step.path("weight")).put("gradient_by_nudging", 1.01 * gradient);
        assertFails(1, StepStop.claims(step));
    }

    @Test
    void stop5_countsAreOfTheFormulas_andVectorsLeaveTheirStart() {
        JsonNode params = params("model");
        assertHold(KindsStop.claims(params, stats("model")));
        assertFails(1, KindsStop.claims(params, stats("untrained")));
        ObjectNode wrong = params.deepCopy();
        ((ObjectNode) wrong.path("by_kind").path("positional")).put("count", 1023);
        assertFails(1, KindsStop.claims(wrong, stats("model")));
    }

    @Test
    void stop5_onlyTheOutputSideReachesACharacterThatIsNotThere() {
        Reached there = new Reached("'a'", true, 0.1, 0.2);
        assertHold(KindsStop.claims(List.of(there, new Reached("'z'", false, 0, 0.1))));
        assertFails(1, KindsStop.claims(List.of(there, new Reached("'z'", false, 1e-9, 0.1))));
        assertFails(1, KindsStop.claims(List.of(there, new Reached("'z'", false, 0, 0))));
    }

    @Test
    void stop6_countsAreThePublishedOnes_withoutWeights() {
        JsonNode gpt2 = json("params", "--preset", "gpt2", "--why", "--format", "json");
        JsonNode gpt3 = json("params", "--preset", "gpt3-175b", "--format", "json");
        assertHold(CountsStop.claims(gpt2, gpt3));
        assertEquals(124_439_808L, CountFormulas.total(gpt2.path("model")));
        assertEquals(174_604_259_328L, CountFormulas.total(gpt3.path("model")));
        assertTrue(CountsStop.notAllocated(gpt3, 1_000_000_000L).holds());
        assertFalse(CountsStop.notAllocated(gpt3, 800_000_000_000L).holds());
        ObjectNode other = gpt3.deepCopy();
        ((ObjectNode) other.path("model")).put("biases", false);
        assertFails(1, CountsStop.claims(gpt2, other));
        assertFalse(CountsStop.claims(gpt3, gpt2).get(0).holds());
    }

    @Test
    void stop7_firstFrameIsTheInitialValues_oneLimitServesAll_andHeadsComeToDiffer() throws IOException {
        Path run = kept.resolve("model");
        JsonNode state = SnapshotState.read(run);
        List<PreviousToken> looks = PreviousToken.read(state.path("probe"));
        assertEquals(looks.get(0).even(), looks.get(0).most(), 0.01, "at first heads look everywhere alike");
        assertHold(StructureStop.claims(state, looks, run));

        ObjectNode moved = state.deepCopy();
        ObjectNode frame = (ObjectNode) wte(moved).path("frames").path(0);
        byte[] cells =
                Base64.getDecoder().decode(frame.path("mean8").path("data").asText());
        cells[5] += 2;
        ((ObjectNode) frame.path("mean8")).put("data", Base64.getEncoder().encodeToString(cells));
        assertFails(1, StructureStop.claims(moved, looks, run));

        ObjectNode narrow = state.deepCopy();
        ObjectNode matrix = (ObjectNode) wte(narrow);
        matrix.put("limit", matrix.path("limit").asDouble() / 2);
        assertFails(1, StructureStop.claims(narrow, looks, run));
        assertFails(1, StructureStop.claims(state, looks.subList(0, 1), run));
    }

    /** Two tokens of attention by hand: the second looks at the first with 51 of 255 in one head, with all in the other. */
    @Test
    void previousToken_isTheMeanBelowTheDiagonal() {
        byte[] attention = {(byte) 255, 0, 51, (byte) 204, (byte) 255, 0, (byte) 255, 0};
        ObjectNode probe = (ObjectNode) StrictJson.tree(
                Path.of("probe"),
                "it",
                "{\"tokens\": [\"a\", \"b\"], \"layers\": 1, \"heads\": 2, \"frames\": [{\"step\": 3, \"attention\":"
                        + " {\"data\": \"" + Base64.getEncoder().encodeToString(attention) + "\"}}]}");
        PreviousToken look = PreviousToken.read(probe).get(0);
        assertEquals(3, look.step());
        assertEquals(0.2, look.shares()[0], 1e-12);
        assertEquals(1, look.most(), 1e-12);
        assertEquals(0.8, look.spread(), 1e-12);
        assertEquals(0.5, look.even(), 1e-12);
    }

    @Test
    void stop8_frozenHashesAreEqual_theOthersMove_andTheOldTextIsForgotten() {
        JsonNode diff = json("diff", run("model"), run("tuned"), "--json");
        double[] worse = {2.0, 2.1};
        double[] better = {3.0, 2.5};
        assertHold(FineTuningStop.claims(diff, worse, better));
        assertFails(1, FineTuningStop.claims(diff, better, better));
        assertFails(1, FineTuningStop.claims(diff, worse, worse));
        // Untrained to trained: nothing is frozen.
        assertFails(1, FineTuningStop.claims(json("diff", run("model") + "@0", run("model"), "--json"), worse, better));
        assertFails(1, FineTuningStop.claims(json("diff", run("model"), run("model"), "--json"), worse, better));
    }

    @Test
    void stop9_configurationsDifferInTheSearchedKeysOnly() {
        Hyperparameters nano = Preset.named("nano").hyperparameters();
        Trial narrow = new Trial(nano.with("model.width", "16"), 8_000, 2.5, 1);
        Trial wide = new Trial(nano.with("model.width", "64"), 106_000, 2.2, 4);
        assertHold(SizesStop.claims(List.of(narrow, wide)));
        Hyperparameters reseeded = wide.hyperparameters().with("seed", "7");
        assertFails(1, SizesStop.claims(List.of(narrow, new Trial(reseeded, 106_000, 2.2, 4))));
        assertFails(1, SizesStop.claims(List.of(narrow, new Trial(wide.hyperparameters(), 106_000, 2.6, 4))));
        assertFails(3, SizesStop.claims(List.of(narrow, narrow)));
    }

    @Test
    void stop9_trainsEachWidthOfTheGrid() throws IOException {
        List<String> hashes = new ArrayList<>();
        for (int width : new int[] {8, 16, 32, 64}) {
            Path config = kept.resolve("width-" + width).resolve("config.json");
            Hyperparameters h =
                    Hyperparameters.fromJson(StrictJson.tree(config, "the config", Files.readAllBytes(config)));
            assertEquals(width, h.model().width());
            hashes.add(h.sha256());
        }
        assertEquals(4, hashes.stream().distinct().count());
    }

    @Test
    void stop10_bytesAreTheFormula_andTheLossRises() {
        int[] bits = {32, 8, 6, 4, 3, 2};
        long[] bytes = {1000, 300, 250, 200, 150, 100};
        double[] changes = {0, 0.001, 0.002, 0.02, 0.2, 1};
        List<Rounded> rounded = new ArrayList<>(IntStream.range(0, bits.length)
                .mapToObj(i -> new Rounded(bits[i], bytes[i], bytes[i], 250, changes[i], 2, changes[i], ""))
                .toList());
        assertHold(BitsStop.claims(rounded));
        Rounded last = rounded.remove(5);
        rounded.add(new Rounded(2, 100, 101, 250, 1, 2, 1, ""));
        assertFails(1, BitsStop.claims(rounded));
        rounded.set(5, new Rounded(2, 100, 100, 249, 1, 2, 1, ""));
        assertFails(1, BitsStop.claims(rounded));
        rounded.set(5, new Rounded(2, 100, 100, 250, 1, 2, 0.005, ""));
        assertFails(1, BitsStop.claims(rounded));
        rounded.set(5, last);
        rounded.set(1, new Rounded(8, 300, 300, 250, 0.001, 2, 0.021, ""));
        assertFails(1, BitsStop.claims(rounded));
        rounded.set(1, new Rounded(8, 300, 300, 250, 0.003, 2, 0.001, ""));
        assertFails(1, BitsStop.claims(rounded));
    }

    @Test
    void rememberedRun_isNotTouchedByTheTour() {
        assertFalse(tour.err().contains("latest"), tour.err());
        assertTrue(tour.out().contains("--no-latest"), tour.out());
    }

    private static JsonNode wte(JsonNode state) {
        ArrayNode matrices = (ArrayNode) state.path("matrices");
        for (JsonNode matrix : matrices) {
            if (matrix.path("name").asText().equals("wte.weight")) {
                return matrix;
            }
        }
        throw new AssertionError("no wte.weight in " + matrices);
    }

    private static String run(String name) {
        return kept.resolve(name).toString();
    }

    private static JsonNode params(String name) {
        return json("params", "--model", run(name), "--format", "json");
    }

    private static JsonNode stats(String name) {
        return json("params", "--stats", run(name), "--format", "json");
    }

    private static JsonNode json(String... args) {
        Run run = Run.of(args);
        assertTrue(run.exitCode() <= 1, run.err());
        return StrictJson.tree(Path.of(args[0]), "its output", run.out());
    }

    private static void assertHold(List<Claim> claims) {
        assertFails(0, claims);
        assertFalse(claims.isEmpty());
    }

    private static void assertFails(int expected, List<Claim> claims) {
        assertEquals(expected, claims.stream().filter(claim -> !claim.holds()).count(), () -> claims.toString());
    }
}
