package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.Parameter;
import tinygpt.report.SnapshotState;
import tinygpt.runs.RunFolder;

/** Training turns noise into structure, and one can watch. */
final class StructureStop implements TourStop {
    private static final int SHOWN = 8;
    private static final String PICTURE = "wte.weight";

    /** Shares of attention that differ by less are alike. */
    private static final double ALIKE = 0.01;

    /** How many times the share of an even head is a habit. */
    private static final double LOOKS = 1.5;

    @Override
    public String title() {
        return "Structure appears out of noise";
    }

    @Override
    public void visit(TourGuide guide) throws IOException {
        Path model = guide.model();
        JsonNode state = SnapshotState.read(model);
        String limit = Show.decimals(limit(state), 2);
        guide.say("You will see the vectors of all characters before training and after it, in the same colours, what"
                + " the attention heads look at on the way, and what the model writes. Rows are characters.");
        guide.show("inspect", model.toString(), PICTURE, "--at", "0", "--limit", limit);
        guide.show("inspect", model.toString(), PICTURE, "--limit", limit);
        guide.say("How much each head looks at the character before, in the snapshots that the run has taken:");
        List<PreviousToken> looks = PreviousToken.read(state.path("probe"));
        guide.figure(table(state.path("probe"), looks));
        String untrained = new RunFolder(model).checkpoint(0).toString();
        write(guide, untrained);
        write(guide, model.toString());
        guide.claim(claims(state, looks, model));
        VowelLikeness before = VowelLikeness.of(new RunFolder(model).checkpoint(0));
        VowelLikeness after = VowelLikeness.of(model);
        guide.say("So nothing was put there by hand. " + head(looks.get(looks.size() - 1)) + " The vowels have "
                + (after.gap() > before.gap() ? "" : "not ")
                + "drifted together: the mean cosine of two vowels was " + cosine(before.vowels()) + " and is "
                + cosine(after.vowels()) + ", that of a vowel and a consonant was " + cosine(before.mixed())
                + " and is "
                + cosine(after.mixed()) + ". 'tinygpt report' shows all steps in one page.");
    }

    private static void write(TourGuide guide, String model) {
        guide.show("generate", "--model", model, "--prompt", "The ", "--max-tokens", "70", "--seed", "1");
    }

    /** Whether a head has learned to look at the character before, in a sentence. */
    private static String head(PreviousToken look) {
        return (look.most() > LOOKS * look.even()
                        ? "A head has learned to look at the character before: "
                        : "No head has learned yet to look at the character before: at most ")
                + Show.probability(look.most()) + " of its attention goes there, where an even head gives "
                + Show.probability(look.even()) + ".";
    }

    private static String cosine(double value) {
        return Show.decimals(value, 2);
    }

    private static TextTable table(JsonNode probe, List<PreviousToken> looks) {
        List<String> header = new ArrayList<>(List.of("step"));
        int heads = probe.path("heads").asInt();
        for (int i = 0; i < probe.path("layers").asInt() * heads; i++) {
            header.add("h." + i / heads + ".head." + i % heads);
        }
        header.add("an even head");
        TextTable table = new TextTable("r".repeat(header.size()), header);
        int before = -1;
        for (int i = 0; i < SHOWN; i++) {
            int at = (looks.size() - 1) * i / (SHOWN - 1);
            if (at > before) {
                List<String> cells =
                        new ArrayList<>(List.of(Show.count(looks.get(at).step())));
                for (double share : looks.get(at).shares()) {
                    cells.add(Show.probability(share));
                }
                cells.add(Show.probability(looks.get(at).even()));
                table.add(cells);
            }
            before = at;
        }
        return table;
    }

    static double limit(JsonNode state) {
        return matrix(state).path("limit").asDouble();
    }

    private static JsonNode matrix(JsonNode state) {
        for (JsonNode matrix : state.path("matrices")) {
            if (matrix.path("name").asText().equals(PICTURE)) {
                return matrix;
            }
        }
        throw new IllegalStateException("the run has no pictures of " + PICTURE);
    }

    static List<Claim> claims(JsonNode state, List<PreviousToken> looks, Path run) {
        JsonNode matrix = matrix(state);
        double limit = limit(state);
        double beyond = 0;
        for (JsonNode frame : matrix.path("frames")) {
            beyond = Math.max(beyond, share(frame, limit));
        }
        JsonNode first = matrix.path("frames").path(0);
        double off = distanceFromInitialValues(first, run);
        PreviousToken begin = looks.get(0);
        PreviousToken apart = looks.stream()
                .max(Comparator.comparingDouble(PreviousToken::spread))
                .orElseThrow();
        return List.of(
                new Claim(
                        beyond <= 0.01,
                        "one limit of the colours, " + Show.value(limit) + ", serves all "
                                + matrix.path("frames").size() + " snapshots: at most " + Show.probability(beyond)
                                + " of the numbers of one lie beyond it"),
                new Claim(
                        first.path("step").asLong(-1) == 0
                                && off <= 0.501 * first.path("scale").asDouble(),
                        "the first picture is what the seed gives: no number is off by more than half a shade ("
                                + Show.ratio(off) + ")"),
                new Claim(
                        begin.spread() < ALIKE && apart.spread() > 2 * ALIKE,
                        "the heads began alike, with " + Show.probability(begin.least()) + " to "
                                + Show.probability(begin.most())
                                + " on the character before, and went ways of their own: "
                                + Show.probability(apart.least()) + " to " + Show.probability(apart.most())
                                + " at step "
                                + Show.count(apart.step())));
    }

    /** The share of a frame's numbers that lie beyond a limit. */
    private static double share(JsonNode frame, double limit) {
        byte[] cells = cells(frame);
        double scale = frame.path("scale").asDouble();
        int beyond = 0;
        for (byte cell : cells) {
            // Cells were rounded, so that one on the limit may seem half a shade beyond.
            beyond += (Math.abs(cell) - 0.5) * scale > limit ? 1 : 0;
        }
        return (double) beyond / cells.length;
    }

    /** The largest difference of a frame from the initial values, which follow from the seed alone. */
    private static double distanceFromInitialValues(JsonNode frame, Path run) {
        try (WeightFile file = WeightFile.open(run)) {
            Parameter parameter = file.registry().get(PICTURE);
            long seed = file.header().orElseThrow().hyperparameters().seed();
            byte[] cells = cells(frame);
            float[] initial = Initializer.values(parameter, 0, cells.length, seed);
            double scale = frame.path("scale").asDouble();
            double off = 0;
            for (int i = 0; i < cells.length; i++) {
                off = Math.max(off, Math.abs(cells[i] * scale - initial[i]));
            }
            return off;
        }
    }

    private static byte[] cells(JsonNode frame) {
        return Base64.getDecoder().decode(frame.path("mean8").path("data").asText());
    }
}
