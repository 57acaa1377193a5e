package tinygpt.generation;

import java.util.List;

/**
 * How one token was chosen: what the sampler had before it, what each rule left, and where the random number fell.
 *
 * @param sample which of several texts from one prompt, from 0
 * @param number how many tokens of this text were chosen before
 * @param token the id that was chosen
 * @param greedy whether the most likely token was taken without a random number
 * @param drawn the uniform random number in [0, 1); NaN for a greedy choice
 * @param candidates the likeliest tokens, the likeliest first, and the chosen one if it is not among them
 * @param kept how many tokens could be chosen in the end
 * @param cutByTopK how many tokens top-k left out
 * @param cutByTopP how many tokens top-p left out
 * @param cutByMinP how many tokens min-p left out
 */
public record Choice(
        long sample,
        long number,
        int token,
        boolean greedy,
        double drawn,
        List<Candidate> candidates,
        int kept,
        int cutByTopK,
        int cutByTopP,
        int cutByMinP) {

    public Choice {
        candidates = List.copyOf(candidates);
        if (candidates.stream().noneMatch(candidate -> candidate.id() == token)) {
            throw new IllegalArgumentException("the chosen token " + token + " is not among the candidates");
        }
    }

    /** Which rule left a token out. */
    public enum Cut {
        /** None: it could be chosen. */
        NONE,
        /** It is not among the k likeliest. */
        TOP_K,
        /** Likelier ones have the share p already. */
        TOP_P,
        /** It has too small a share of the probability of the likeliest. */
        MIN_P,
        /** The choice was greedy, and another token is likelier, or as likely with a smaller id. */
        GREEDY
    }

    /**
     * A token that might have come.
     *
     * @param id of the token
     * @param rank in order of likelihood after the penalties, from 1; of equally likely ones the smaller id comes first
     * @param logit of the model
     * @param penalized the logit after the penalties; the same without any
     * @param model its probability as the model gives it, at temperature 1
     * @param tempered its probability after penalties and temperature; 1 or 0 for a greedy choice
     * @param afterTopK the same among those that top-k left; 0 if it was cut
     * @param afterTopP the same among those that top-p left; 0 if it was cut
     * @param chance its probability of being chosen in the end; 0 if it was cut
     * @param from where its range of random numbers begins; NaN if it has none
     * @param to where that range ends: numbers in [from, to) choose it
     * @param cut the rule that left it out
     */
    public record Candidate(
            int id,
            int rank,
            float logit,
            float penalized,
            double model,
            double tempered,
            double afterTopK,
            double afterTopP,
            double chance,
            double from,
            double to,
            Cut cut) {}

    /** The candidate that was chosen. */
    public Candidate chosen() {
        return candidates.stream().filter(c -> c.id() == token).findFirst().orElseThrow();
    }
}
