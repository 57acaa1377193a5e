package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tinygpt.formats.SafetensorsReader;
import tinygpt.inspection.WeightFile;

/** A parameter is a number with a name and a place. */
final class NumbersStop implements TourStop {
    @Override
    public String title() {
        return "So that is what a parameter is";
    }

    @Override
    public void visit(TourGuide guide) {
        guide.say("A GPT is a list of tables of numbers. You will see the names of all tables of a small one, and the"
                + " first numbers of one row: of the vector that stands for the letter e.");
        String model = guide.model().toString();
        guide.show("params", "--model", model);
        guide.show("inspect", model, "wte.weight", "--row", "e", "--columns", "0..5");
        JsonNode params = guide.json("params", "--model", model, "--format", "json");
        guide.claim(claims(params, weightBytes(guide.model(), params)));
        guide.say("So a parameter is one of " + count(params) + " plain numbers with a name and a place, such as"
                + " wte.weight[38,0]. There is nothing else in this model that training can change.");
    }

    /** Bytes of the file of a run's newest checkpoint that are weights, and not the optimizer's. */
    static long weightBytes(Path run, JsonNode params) {
        Set<String> names = new HashSet<>();
        params.path("tensors").forEach(tensor -> names.add(tensor.path("name").asText()));
        try (WeightFile file = WeightFile.open(run);
                SafetensorsReader tensors = SafetensorsReader.open(file.path())) {
            return tensors.entries().stream()
                    .filter(entry -> names.contains(entry.name()))
                    .mapToLong(entry -> entry.end() - entry.begin())
                    .sum();
        }
    }

    static List<Claim> claims(JsonNode params, long bytes) {
        long rows = 0;
        long products = 0;
        for (JsonNode tensor : params.path("tensors")) {
            rows += tensor.path("count").asLong();
            long product = 1;
            for (JsonNode size : tensor.path("shape")) {
                product *= size.asLong();
            }
            products += tensor.path("tied_to").isNull() ? product : 0;
        }
        long total = params.path("totals").path("parameters").asLong();
        return List.of(
                new Claim(rows == total, "the rows add up to " + Show.count(total) + ": they give " + Show.count(rows)),
                new Claim(products == total, "multiplying out the shapes gives the same: " + Show.count(products)),
                new Claim(
                        bytes == total * Float.BYTES,
                        "the file holds 4 bytes for each: " + Show.count(bytes) + " / 4 = "
                                + Show.count(bytes / Float.BYTES)));
    }

    private static String count(JsonNode params) {
        return Show.count(params.path("totals").path("parameters").asLong());
    }
}
