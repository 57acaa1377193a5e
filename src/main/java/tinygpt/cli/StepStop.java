package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** One training step, end to end. */
final class StepStop implements TourStop {
    private static final String[] STEP = {"step", "--explain", "--preset", "nano"};

    @Override
    public String title() {
        return "This is one training step";
    }

    @Override
    public void visit(TourGuide guide) {
        guide.say("You will see one step from the text to the changed weight, with one weight followed through the"
                + " arithmetic. Its gradient is computed twice: by backpropagation, and by nudging the weight up and"
                + " down and looking at the loss.");
        guide.show(STEP);
        JsonNode step = guide.json("step", "--preset", "nano", "--json");
        guide.claim(claims(step));
        JsonNode weight = step.path("weight");
        guide.say("So training is this, again and again: "
                + weight.path("weight").asText() + " went from "
                + Show.decimals(weight.path("value_before").asDouble(), 6) + " to "
                + Show.decimals(weight.path("value_after").asDouble(), 6)
                + " because its gradient said that " + (weight.path("gradient").asDouble() < 0 ? "more" : "less")
                + " of it lowers the loss, and all others moved by their gradients in the same way.");
    }

    static List<Claim> claims(JsonNode step) {
        JsonNode weight = step.path("weight");
        double before = step.path("loss_before").asDouble(Double.NaN);
        double after = step.path("loss_after").asDouble(Double.NaN);
        double gradient = weight.path("gradient").asDouble(Double.NaN);
        double nudged = weight.path("gradient_by_nudging").asDouble(Double.NaN);
        double moved = weight.path("value_after").asDouble()
                - weight.path("value_before").asDouble();
        return List.of(
                new Claim(
                        Math.abs(gradient - nudged) <= 1e-3 * Math.abs(nudged)
                                && weight.path("gradients_agree").asBoolean(),
                        "both gradients agree: " + Show.decimals(gradient, 8) + " and " + Show.decimals(nudged, 8)),
                new Claim(moved * gradient < 0, "the weight moved by " + Show.ratio(moved) + ", against its gradient"),
                new Claim(
                        weight.path("same_bits").asBoolean(),
                        "the arithmetic above gives the bits that training leaves, "
                                + weight.path("bits_after").asText()),
                new Claim(
                        after < before,
                        "the loss of the same batch fell from " + Show.loss(before) + " to " + Show.loss(after)));
    }
}
