package tinygpt.text;

import java.util.List;

/**
 * How one word, or one special token, of a text became tokens.
 *
 * @param from its first byte in the text
 * @param to behind its last byte
 * @param start the tokens it begins as: one for each byte, or the special token
 * @param steps the merges, in the order in which they were made
 */
public record MergedWord(int from, int to, List<Integer> start, List<Step> steps) {

    /**
     * One merge.
     *
     * @param rank number of the rule, from 0: a low one was learned early
     * @param rule what was merged
     * @param result id of the token that came of it
     * @param tokens all tokens of the word after it
     */
    public record Step(int rank, MergeRule rule, int result, List<Integer> tokens) {}

    /** The tokens that the word became. */
    public List<Integer> tokens() {
        return steps.isEmpty() ? start : steps.get(steps.size() - 1).tokens();
    }
}
