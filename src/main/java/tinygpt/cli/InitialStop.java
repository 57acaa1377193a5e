package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Before training, every number comes from a law and a seed. */
final class InitialStop implements TourStop {
    private static final double NEAR = 0.2;

    @Override
    public String title() {
        return "Nobody typed them in";
    }

    @Override
    public void visit(TourGuide guide) {
        guide.say("You will see a model that was made but not trained: each table is filled by a law, random numbers"
                + " of a normal distribution, ones or zeros, and 'set by' names the law.");
        String made = guide.file("untrained").toString();
        guide.train(guide.file("untrained"), "--steps", "0", "--progress", "none");
        guide.show("params", "--stats", made, "--kind", "positional,normalization");
        make(guide, "again", "1337");
        make(guide, "otherwise", "1338");
        JsonNode stats = stats(guide, "untrained");
        JsonNode loss = guide.json("eval", "--model", made, "--format", "json");
        guide.claim(claims(stats, stats(guide, "again"), stats(guide, "otherwise"), loss));
        guide.say("So the start is a throw of the dice that can be repeated: seed " + stats.path("seed")
                + " alone decides all of it. The model knows nothing: at a loss of "
                + Show.loss(loss.path("loss").asDouble()) + " it gives the right one of "
                + loss.path("vocabulary_size") + " characters a chance of one in "
                + Show.perplexity(loss.path("perplexity").asDouble()) + ".");
    }

    /** Initialises a model once more. */
    private static void make(TourGuide guide, String name, String seed) {
        guide.train(guide.file(name), "--steps", "0", "--seed", seed, "--quiet");
    }

    private static JsonNode stats(TourGuide guide, String name) {
        return guide.json("params", "--stats", guide.file(name).toString(), "--format", "json");
    }

    static List<Claim> claims(JsonNode stats, JsonNode again, JsonNode otherwise, JsonNode eval) {
        List<String> learned = new ArrayList<>();
        Set<String> laws = new TreeSet<>();
        for (JsonNode tensor : stats.path("tensors")) {
            laws.add(tensor.path("initial_law").asText());
            if (!tensor.path("set_by").asText().equals("initial_law")) {
                learned.add(tensor.path("name").asText());
            }
        }
        String hash = hash(stats);
        double loss = eval.path("loss").asDouble();
        double even = Math.log(eval.path("vocabulary_size").asInt());
        return List.of(
                new Claim(
                        learned.isEmpty() && !stats.path("tensors").isEmpty(),
                        "all " + stats.path("tensors").size()
                                + " tensors were set by their initial law, which is one of " + String.join("; ", laws)
                                + (learned.isEmpty() ? "" : ", but not " + String.join(", ", learned))),
                new Claim(
                        hash.equals(hash(again)),
                        "seed " + again.path("seed") + " again gives the same bits: SHA-256 " + start(again)),
                new Claim(
                        !hash.equals(hash(otherwise)) && !hash(otherwise).isEmpty(),
                        "seed " + otherwise.path("seed") + " gives others: SHA-256 " + start(otherwise)),
                new Claim(
                        Math.abs(loss - even) < NEAR,
                        "its loss, " + Show.loss(loss) + ", is that of guessing evenly: ln "
                                + eval.path("vocabulary_size") + " = " + Show.loss(even)));
    }

    private static String hash(JsonNode stats) {
        return stats.path("weights_sha256").asText();
    }

    private static String start(JsonNode stats) {
        String hash = hash(stats);
        return hash.substring(0, Math.min(12, hash.length()));
    }
}
