package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tinygpt.inspection.WeightFile;
import tinygpt.text.Tokenizer;

/** Parameters come in kinds, and the kinds learn in different ways. */
final class KindsStop implements TourStop {
    @Override
    public String title() {
        return "There are kinds, and they learn differently";
    }

    /**
     * What reaches the vector of a token in one step.
     *
     * @param token for people
     * @param present whether the batch has it
     * @param untied its gradient where the output has a table of its own, so that only the input side reaches it
     * @param tied its gradient where output and input share the table
     */
    record Reached(String token, boolean present, double untied, double tied) {}

    @Override
    public void visit(TourGuide guide) {
        guide.say("You will see how far each kind of parameter has moved. The gains of the norms began at 1 and all"
                + " biases at 0.");
        Path model = guide.model();
        guide.show("params", "--stats", model.toString());
        List<Reached> reached = reached(guide, model);
        TextTable table = new TextTable(
                "llrr", List.of("row of wte.weight", "in the batch", "gradient, untied head", "tied head"));
        for (Reached r : reached) {
            table.add(List.of(r.token(), r.present() ? "yes" : "no", Show.value(r.untied()), Show.value(r.tied())));
        }
        guide.figure(table);
        JsonNode stats = guide.json("params", "--stats", model.toString(), "--format", "json");
        JsonNode params = guide.json("params", "--model", model.toString(), "--format", "json");
        List<Claim> claims = new ArrayList<>(claims(params, stats));
        claims.addAll(claims(reached));
        guide.claim(claims);
        guide.say("So a feed-forward matrix, a gain and the vector of a letter are all just parameters, but each is"
                + " reached by other gradients. Of the weights within the layers, "
                + Show.probability(inLayers(params, "feed-forward")) + " are feed-forward: two thirds in every GPT of"
                + " this form.");
    }

    /** Follows two rows of the embedding, one of a token in a batch of one sequence and one of a token that it lacks. */
    private static List<Reached> reached(TourGuide guide, Path model) {
        guide.say(
                "Now one step on one sequence, watching the vectors of two characters: one that is in the text and one"
                        + " that is not. With a head of its own for the output (--tied-head false), only the input side"
                        + " reaches these vectors.");
        JsonNode ids = step(guide, 0, false).path("ids");
        Set<Integer> present = new HashSet<>();
        ids.forEach(id -> present.add(id.asInt()));
        List<Reached> reached = new ArrayList<>();
        try (WeightFile file = WeightFile.open(model)) {
            Tokenizer tokenizer = file.tokenizer().orElseThrow();
            int absent = tokenizer.vocabularySize() - 2; // the last letter, before the end of text
            while (absent > 0 && present.contains(absent)) {
                absent--;
            }
            guide.command(command(ids.path(0).asInt(), false));
            for (int id : new int[] {ids.path(0).asInt(), absent}) {
                reached.add(new Reached(
                        tokenizer.show(id),
                        present.contains(id),
                        gradient(step(guide, id, false)),
                        gradient(step(guide, id, true))));
            }
        }
        return reached;
    }

    private static String[] command(int id, boolean tied) {
        return new String[] {
            "step",
            "--preset",
            "nano",
            "--batch-size",
            "1",
            "--shards",
            "1",
            "--tied-head",
            Boolean.toString(tied),
            "--weight",
            "wte.weight[" + id + ",0]",
            "--json"
        };
    }

    private static JsonNode step(TourGuide guide, int id, boolean tied) {
        return guide.json(command(id, tied));
    }

    private static double gradient(JsonNode step) {
        return step.path("weight").path("gradient").asDouble(Double.NaN);
    }

    /** The share of a kind in the weights of attention and feed-forward. */
    private static double inLayers(JsonNode params, String kind) {
        JsonNode kinds = params.path("by_kind");
        double both = kinds.path("feed-forward").path("count").asDouble()
                + kinds.path("attention").path("count").asDouble();
        return kinds.path(kind).path("count").asDouble() / both;
    }

    static List<Claim> claims(JsonNode params, JsonNode stats) {
        Map<String, Long> formulas = CountFormulas.of(params.path("model"));
        List<String> wrong = new ArrayList<>();
        formulas.forEach((kind, count) -> {
            if (params.path("by_kind").path(kind).path("count").asLong(-1) != count) {
                wrong.add(kind);
            }
        });
        double gains = 0;
        double biases = 0;
        long left = 0;
        long vectors = 0;
        for (JsonNode tensor : stats.path("tensors")) {
            boolean gain = tensor.path("initial_law").asText().equals("1");
            if (gain || tensor.path("initial_law").asText().equals("0")) {
                double most = Math.max(
                        Math.abs(tensor.path("min").asDouble() - (gain ? 1 : 0)),
                        Math.abs(tensor.path("max").asDouble() - (gain ? 1 : 0)));
                vectors++;
                left += most > 0 ? 1 : 0;
                gains = gain ? Math.max(gains, most) : gains;
                biases = gain ? biases : Math.max(biases, most);
            }
        }
        return List.of(
                new Claim(
                        wrong.isEmpty(),
                        "the counts of all " + formulas.size() + " kinds are those of the formulas"
                                + (wrong.isEmpty() ? "" : ", but not of " + String.join(", ", wrong))),
                new Claim(
                        vectors > 0 && left == vectors && gains > 0 && biases > 0,
                        left + " of " + vectors + " vectors of gains and biases have left 1 and 0: a gain by up to "
                                + Show.value(gains) + ", a bias by up to " + Show.value(biases)),
                new Claim(
                        Math.abs(inLayers(params, "feed-forward") - 2.0 / 3) < 0.01,
                        "two thirds of the weights within layers are feed-forward: "
                                + Show.probability(inLayers(params, "feed-forward"))));
    }

    static List<Claim> claims(List<Reached> reached) {
        Reached in = reached.get(0);
        Reached out = reached.get(1);
        return List.of(
                new Claim(
                        in.present() && in.untied() != 0 && !out.present() && out.untied() == 0,
                        "through the input only characters of the batch are reached: " + in.token() + " is, "
                                + out.token() + " is not"),
                new Claim(
                        in.tied() != 0 && out.tied() != 0,
                        "through a tied output all are: each is a guess that could be wrong"));
    }
}
