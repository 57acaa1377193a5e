package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.util.Locale;

/**
 * How far a trial came when it was trained towards a rung.
 *
 * @param kind what happened
 * @param step steps done
 * @param tokens tokens trained on
 * @param loss validation loss at the last evaluation, nats per token; NaN if there was none
 * @param bestLoss the lowest validation loss, NaN if there was none
 * @param bestStep the step of it, or -1
 * @param seconds that its steps took, in all sessions; if its time was up, all the time that was counted
 * @param attempts how often it was begun or continued after a failure, at least 1
 * @param message what went wrong, empty if nothing did
 */
public record TrialOutcome(
        Kind kind,
        long step,
        long tokens,
        double loss,
        double bestLoss,
        long bestStep,
        double seconds,
        int attempts,
        String message)
        implements Serializable {

    /** What happened. */
    public enum Kind {
        /** It reached the step. */
        REACHED,
        /** Its time was up. */
        TIMEOUT,
        /** Its loss stopped being a number, or rose far above where it began. */
        DIVERGED,
        /** Something else went wrong. */
        FAILED,
        /** Somebody stopped the search: it can go on. */
        STOPPED
    }

    /** Nothing is known but that it failed. */
    public static TrialOutcome failed(String message, int attempts) {
        return unknown(Kind.FAILED, message, attempts);
    }

    /** Nothing is known but how it ended. */
    static TrialOutcome unknown(Kind kind, String message, int attempts) {
        return new TrialOutcome(kind, 0, 0, Double.NaN, Double.NaN, -1, 0, attempts, message);
    }

    /** The same after some failures more than it knows of. */
    public TrialOutcome afterFailures(int before) {
        return new TrialOutcome(kind, step, tokens, loss, bestLoss, bestStep, seconds, attempts + before, message);
    }

    /** The same with more seconds. */
    TrialOutcome withSeconds(double counted) {
        return new TrialOutcome(kind, step, tokens, loss, bestLoss, bestStep, counted, attempts, message);
    }

    /** The state that a trial has for good with this outcome; {@link TrialState#UNFINISHED} if it may go on. */
    TrialState state(boolean lastRung) {
        return switch (kind) {
            case REACHED -> lastRung ? TrialState.COMPLETE : TrialState.UNFINISHED;
            case TIMEOUT -> TrialState.TIMEOUT;
            case DIVERGED -> TrialState.DIVERGED;
            case FAILED -> TrialState.FAILED;
            case STOPPED -> TrialState.UNFINISHED;
        };
    }

    ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("outcome", kind.name().toLowerCase(Locale.ROOT));
        json.put("step", step);
        json.put("tokens", tokens);
        put(json, "val_loss", loss);
        put(json, "best_loss", bestLoss);
        json.put("best_step", bestStep);
        put(json, "seconds", seconds);
        json.put("attempts", attempts);
        if (!message.isEmpty()) {
            json.put("message", message);
        }
        return json;
    }

    static TrialOutcome fromJson(JsonNode json) {
        return new TrialOutcome(
                Kind.valueOf(json.path("outcome").asText().toUpperCase(Locale.ROOT)),
                json.path("step").asLong(),
                json.path("tokens").asLong(),
                json.path("val_loss").asDouble(Double.NaN),
                json.path("best_loss").asDouble(Double.NaN),
                json.path("best_step").asLong(-1),
                json.path("seconds").asDouble(0),
                json.path("attempts").asInt(1),
                json.path("message").asText(""));
    }

    private static void put(ObjectNode json, String key, double value) {
        if (Double.isFinite(value)) {
            json.put(key, value);
        } else {
            json.putNull(key);
        }
    }
}
