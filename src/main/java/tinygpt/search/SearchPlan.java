package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;

/**
 * All that decides which trials a search has and which of them are given up: nothing of machines, threads or time.
 *
 * @param base the hyperparameters of every trial, but for what is searched; with the vocabulary of the text
 * @param space what is searched
 * @param method how points are taken from it
 * @param trials how many points are drawn; 0 for a grid
 * @param seed of the draws; the training seed is a hyperparameter and the same in all trials
 * @param halving when trials are given up, or null for never
 * @param equalTokens whether each trial gets as many steps as train on the base's number of tokens
 * @param from the model whose weights all trials begin with, or null if they begin with random ones
 */
public record SearchPlan(
        Hyperparameters base,
        SearchSpace space,
        Method method,
        int trials,
        long seed,
        Halving halving,
        boolean equalTokens,
        BaseModel from) {
    private static final int FORMAT = 1;
    private static final String STEPS = "optimization.steps";

    /** How points are taken from the space. */
    public enum Method {
        /** Every combination. */
        GRID,
        /** Each value drawn by itself. */
        RANDOM,
        /** The first values of all lists together, then the second ones, and so on. */
        ZIP
    }

    /**
     * Successive halving: at each rung the best go on. Jamieson and Talwalkar (2016); without waiting for a whole rung: Li et
     * al., "A system for massively parallel hyperparameter tuning" (2020).
     *
     * @param eta one in so many goes on
     * @param minSteps steps of the base to the first rung; each next one is eta times as far
     * @param async whether a trial goes on as soon as it is among the best so far
     */
    public record Halving(int eta, int minSteps, boolean async) {
        public Halving {
            if (eta < 2) {
                throw new InvalidHyperparameterException(
                        "halving with eta=" + eta + ": one in eta goes on, so it is 2" + " or more; 3 is usual");
            }
            if (minSteps < 1) {
                throw new InvalidHyperparameterException(
                        "halving with min-steps=" + minSteps + ": the first rung is after at least 1 step");
            }
        }

        /** With two rungs before the end: for eta 3 at 1/9 and 1/3 of the steps. */
        public static int usualMinSteps(int steps, int eta) {
            return (int) Math.max(1, Math.ceil(steps / ((double) eta * eta)));
        }
    }

    public SearchPlan {
        if (method == Method.RANDOM && trials < 1) {
            throw new InvalidHyperparameterException("a random search has at least 1 trial, not " + trials);
        }
        space.checkRanges(base);
        space.checkLists(method);
        int steps = base.optimization().steps();
        if (halving != null && halving.minSteps() >= steps) {
            throw new InvalidHyperparameterException("halving with min-steps=" + halving.minSteps()
                    + ": the first rung must come before the last step, which is " + steps);
        }
        boolean stepsSearched = space.axes().stream()
                .flatMap(axis -> axis.keys().stream())
                .anyMatch(key -> key.path().equals(STEPS));
        if (equalTokens && stepsSearched) {
            throw new InvalidHyperparameterException(
                    "--equal tokens computes the steps of each trial, so steps cannot be searched; leave one out");
        }
    }

    /** A plan whose trials begin with random weights. */
    public SearchPlan(
            Hyperparameters base,
            SearchSpace space,
            Method method,
            int trials,
            long seed,
            Halving halving,
            boolean equalTokens) {
        this(base, space, method, trials, seed, halving, equalTokens, null);
    }

    /** The same plan, whose trials begin with the weights of a model. */
    public SearchPlan from(BaseModel model) {
        return new SearchPlan(base, space, method, trials, seed, halving, equalTokens, model);
    }

    /** The rungs as shares of a trial's steps, the last one 1. */
    public List<Double> rungs() {
        List<Double> shares = new ArrayList<>();
        if (halving != null) {
            double steps = base.optimization().steps();
            for (double at = halving.minSteps(); at < steps; at *= halving.eta()) {
                shares.add(at / steps);
            }
        }
        shares.add(1.0);
        return shares;
    }

    /** The step of a trial at which it reaches a rung. */
    public int step(Trial trial, int rung) {
        return (int) Math.max(1, Math.round(rungs().get(rung) * trial.steps()));
    }

    /** How many steps after its first rung a trial comes to a halt: one that trains in rounds ends the round. */
    public long stepsBeyondFirstRung(Trial trial) {
        int rung = step(trial, 0);
        long end = trial.hyperparameters().synchronization().roundEnd(rung - 1L);
        return Math.min(trial.steps(), end) - rung;
    }

    /** Whether another plan has the same trials and decides the same. */
    public boolean sameAs(SearchPlan other) {
        return CanonicalJson.write(toJson()).equals(CanonicalJson.write(other.toJson()));
    }

    /** As JSON, with {@link #FORMAT}. */
    ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("format", FORMAT);
        json.put("method", method.name().toLowerCase(Locale.ROOT));
        json.put("trials", trials);
        json.put("seed", seed);
        space.specs().forEach(json.putArray("set")::add);
        json.put("equal", equalTokens ? "tokens" : "steps");
        if (halving == null) {
            json.putNull("halving");
        } else {
            json.putObject("halving")
                    .put("eta", halving.eta())
                    .put("min_steps", halving.minSteps())
                    .put("async", halving.async());
        }
        if (from != null) {
            json.set("from", from.toJson());
        }
        json.set("base", base.toJson());
        return json;
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws BadFileException if it is something else
     */
    static SearchPlan fromJson(Path file, JsonNode json) {
        try {
            if (json.path("format").asInt() != FORMAT) {
                throw new BadFileException(
                        file, "is not the plan of a search of this version (format " + json.path("format") + ")");
            }
            List<String> specs = new ArrayList<>();
            json.path("set").forEach(one -> specs.add(one.asText()));
            JsonNode halving = json.path("halving");
            return new SearchPlan(
                    Hyperparameters.fromJson(json.path("base")),
                    SearchSpace.parse(specs),
                    Method.valueOf(json.path("method").asText().toUpperCase(Locale.ROOT)),
                    json.path("trials").asInt(),
                    json.path("seed").asLong(),
                    halving.isObject()
                            ? new Halving(
                                    halving.path("eta").asInt(),
                                    halving.path("min_steps").asInt(),
                                    halving.path("async").asBoolean())
                            : null,
                    json.path("equal").asText().equals("tokens"),
                    json.has("from") ? BaseModel.fromJson(json.get("from")) : null);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    file, "is not the plan of a search: " + BadFileException.quoteSentence(e.getMessage()), e);
        }
    }
}
