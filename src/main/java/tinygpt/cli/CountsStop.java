package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import tinygpt.tensor.Memory;

/** The published sizes are sums that anybody can do. */
final class CountsStop implements TourStop {
    private static final long GPT2 = 124_439_808L;
    private static final long GPT3 = 174_604_259_328L;

    @Override
    public String title() {
        return "Now I know where 124M and 175B come from";
    }

    @Override
    public void visit(TourGuide guide) {
        guide.say("You will see the same count for GPT-2 and GPT-3 as for the small model. No weights are needed: the"
                + " hyperparameters alone decide how many there are.");
        guide.show("params", "--preset", "gpt2", "--why");
        guide.show("params", "--preset", "gpt3-175b");
        JsonNode gpt2 = guide.json("params", "--preset", "gpt2", "--why", "--format", "json");
        JsonNode gpt3 = guide.json("params", "--preset", "gpt3-175b", "--format", "json");
        List<Claim> claims = new ArrayList<>(claims(gpt2, gpt3));
        OptionalLong peak = Memory.peakResident();
        if (peak.isPresent()) {
            claims.add(notAllocated(gpt3, peak.getAsLong()));
        }
        guide.claim(claims);
        guide.say("So both are one formula with other numbers in it. In GPT-2 the vocabulary takes "
                + Show.probability(vocabularyShare(gpt2)) + " of all weights, in GPT-3 "
                + Show.share(embedding(gpt3), total(gpt3)) + ". The other counts that one meets for GPT-2, "
                + others(gpt2)
                + ", are the same weights counted in other ways.");
    }

    static List<Claim> claims(JsonNode gpt2, JsonNode gpt3) {
        List<String> differing = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : gpt2.path("model").properties()) {
            // No parameter depends on dropout.
            if (!entry.getKey().endsWith("_dropout")
                    && !entry.getValue().equals(gpt3.path("model").path(entry.getKey()))) {
                differing.add(entry.getKey());
            }
        }
        List<String> sizes = List.of("context_length", "layers", "heads", "width", "feed_forward_width");
        JsonNode untied = gpt2.path("also_seen_as").path(0);
        return List.of(
                new Claim(total(gpt2) == GPT2, "GPT-2 has " + Show.count(GPT2) + " parameters: " + counted(gpt2)),
                new Claim(total(gpt3) == GPT3, "GPT-3 has " + Show.count(GPT3) + ": " + counted(gpt3)),
                new Claim(
                        CountFormulas.total(gpt2.path("model")) == total(gpt2)
                                && CountFormulas.total(gpt3.path("model")) == total(gpt3),
                        "the formulas, worked out apart from the registry, give both"),
                new Claim(
                        untied.path("count").asLong() == GPT2 + embedding(gpt2),
                        Show.shortCount(untied.path("count").asLong()) + " is GPT-2 with the "
                                + Show.shortCount(embedding(gpt2))
                                + " of its vocabulary counted twice: "
                                + Show.count(untied.path("count").asLong())),
                new Claim(
                        differing.equals(sizes), "their shapes differ in nothing but " + String.join(", ", differing)));
    }

    /** That counting did not need the weights. */
    static Claim notAllocated(JsonNode gpt3, long peak) {
        long bytes = gpt3.path("totals").path("float32_bytes").asLong();
        return new Claim(
                peak < bytes / 4,
                "its weights would take " + Show.bytes(bytes) + "; this program has never held more than "
                        + Show.bytes(peak));
    }

    private static String others(JsonNode params) {
        List<String> others = new ArrayList<>();
        params.path("also_seen_as")
                .forEach(other -> others.add(Show.shortCount(other.path("count").asLong())));
        return String.join(", ", others);
    }

    private static String counted(JsonNode params) {
        return Show.count(total(params)) + " in " + params.path("totals").path("tensors") + " tensors";
    }

    private static long total(JsonNode params) {
        return params.path("totals").path("parameters").asLong();
    }

    private static long embedding(JsonNode params) {
        return params.path("by_kind").path("embedding").path("count").asLong();
    }

    private static double vocabularyShare(JsonNode params) {
        return (double) embedding(params) / total(params);
    }
}
