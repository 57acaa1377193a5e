package tinygpt.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import tinygpt.generation.Choice.Candidate;
import tinygpt.generation.Choice.Cut;

/**
 * Looks on while a sampler chooses, and tells a listener how it went. Every probability is read off the sampler's own
 * {@link Candidates}, between its steps; nothing here computes one a second time, and looking on changes no choice.
 *
 * <p>The weights that temperature gives are known to the sampler only for what top-k left. Those of all tokens are found
 * before its first step, by the same method on the same candidates; the steps overwrite them with the same numbers.
 */
final class ChoiceRecorder {
    private final int shown;
    private final Consumer<Choice> listener;
    private float[] logits;
    private float[] penalized;
    private double[] model;
    private double[] tempered;
    private double[] afterTopK;
    private double[] afterTopP;
    private double[] chance;
    private Cut[] cuts;
    private int[] order;
    private final int[] cutBy = new int[Cut.values().length];

    /**
     * A recorder.
     *
     * @param shown how many of the likeliest tokens are reported
     */
    ChoiceRecorder(int shown, Consumer<Choice> listener) {
        if (shown < 1) {
            throw new IllegalArgumentException(
                    "the number of candidates to show is " + shown + "; it must be at least 1");
        }
        this.shown = shown;
        this.listener = listener;
    }

    /** Every token is a candidate still, with the logit of the model. */
    void begin(Candidates candidates) {
        int vocabulary = candidates.count();
        logits = Arrays.copyOf(candidates.logits(), vocabulary);
        cuts = new Cut[vocabulary];
        Arrays.fill(cuts, Cut.NONE);
        Arrays.fill(cutBy, 0);
        candidates.weigh(1);
        model = candidates.probabilities();
    }

    /** Every token is a candidate still, with the logit that the penalties left. */
    void penalized(Candidates candidates, double temperature) {
        int vocabulary = candidates.count();
        penalized = Arrays.copyOf(candidates.logits(), vocabulary);
        order = candidates.likeliest(shown);
        if (temperature > 0) {
            candidates.weigh(temperature);
            tempered = candidates.probabilities();
        } else {
            tempered = new double[vocabulary];
            tempered[candidates.likeliest()] = 1;
        }
        afterTopK = tempered;
        afterTopP = tempered;
        chance = tempered;
    }

    /** A step was done. */
    void after(SamplingStep step, Candidates candidates) {
        if (step instanceof SamplingStep.TopK) {
            cut(candidates, Cut.TOP_K);
        } else if (step instanceof SamplingStep.Temperature) {
            afterTopK = candidates.probabilities();
            chance = afterTopK;
        } else if (step instanceof SamplingStep.TopP) {
            cut(candidates, Cut.TOP_P);
            afterTopP = candidates.probabilities();
            chance = afterTopP;
        } else if (step instanceof SamplingStep.MinP) {
            cut(candidates, Cut.MIN_P);
            chance = candidates.probabilities();
        }
    }

    /** A token was chosen, by a random number, or greedily, which NaN says. */
    void chosen(Candidates candidates, int token, long sample, long number, double drawn) {
        boolean greedy = Double.isNaN(drawn);
        double[][] stretches = greedy ? new double[logits.length][] : candidates.stretches();
        if (greedy) {
            Arrays.fill(cuts, Cut.GREEDY);
            cuts[token] = Cut.NONE;
        }
        List<Candidate> list = new ArrayList<>();
        for (int rank = 1; rank <= order.length; rank++) {
            list.add(candidate(order[rank - 1], rank, stretches[order[rank - 1]]));
        }
        if (Arrays.stream(order).noneMatch(id -> id == token)) {
            list.add(candidate(token, rank(token), stretches[token]));
        }
        listener.accept(new Choice(
                sample,
                number,
                token,
                greedy,
                drawn,
                list,
                greedy ? 1 : candidates.count(),
                cutBy[Cut.TOP_K.ordinal()],
                cutBy[Cut.TOP_P.ordinal()],
                cutBy[Cut.MIN_P.ordinal()]));
    }

    private Candidate candidate(int id, int rank, double[] stretch) {
        return new Candidate(
                id,
                rank,
                logits[id],
                penalized[id],
                model[id],
                tempered[id],
                afterTopK[id],
                afterTopP[id],
                chance[id],
                stretch == null ? Double.NaN : stretch[0],
                stretch == null ? Double.NaN : stretch[1],
                cuts[id]);
    }

    private int rank(int id) {
        int rank = 1;
        for (int other = 0; other < logits.length; other++) {
            rank += penalized[other] > penalized[id] || (penalized[other] == penalized[id] && other < id) ? 1 : 0;
        }
        return rank;
    }

    private void cut(Candidates candidates, Cut rule) {
        boolean[] kept = new boolean[cuts.length];
        for (int i = 0; i < candidates.count(); i++) {
            kept[candidates.id(i)] = true;
        }
        for (int id = 0; id < kept.length; id++) {
            if (!kept[id] && cuts[id] == Cut.NONE) {
                cuts[id] = rule;
                cutBy[rule.ordinal()]++;
            }
        }
    }
}
