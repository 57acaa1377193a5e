package tinygpt.generation;

/**
 * One step from logits to the candidates that may be chosen. Temperature keeps the order of tokens, so top-k can go first:
 * the result is the same and only k exponentials are computed.
 */
sealed interface SamplingStep {
    void apply(Candidates candidates);

    /** Keeps the k most likely; 0 keeps all. */
    record TopK(int k) implements SamplingStep {
        @Override
        public void apply(Candidates candidates) {
            if (k > 0) {
                candidates.keep(k);
            }
        }
    }

    /** Gives every candidate the weight exp(logit / temperature), up to a common factor. */
    record Temperature(double temperature) implements SamplingStep {
        @Override
        public void apply(Candidates candidates) {
            candidates.weigh(temperature);
        }
    }

    /**
     * Keeps the fewest of the most likely candidates that have at least the share p of the weight; 1 keeps all.
     *
     * <p>Source: Holtzman et al., "The curious case of neural text degeneration" (2020), section 3.1.
     */
    record TopP(double p) implements SamplingStep {
        @Override
        public void apply(Candidates candidates) {
            if (p < 1) {
                candidates.keepShare(p);
            }
        }
    }

    /**
     * Keeps the candidates that have at least this share of the weight of the most likely one; 0 keeps all.
     *
     * <p>Source: Nguyen et al., "Turning up the heat: min-p sampling" (2024), section 3.
     */
    record MinP(double p) implements SamplingStep {
        @Override
        public void apply(Candidates candidates) {
            if (p > 0) {
                candidates.keepFrom(p);
            }
        }
    }
}
