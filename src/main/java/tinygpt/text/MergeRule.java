package tinygpt.text;

/**
 * One learned rule of byte pair encoding: these two tokens, side by side in a word, become the token that is spelled like
 * both together.
 *
 * @param left id of the first token
 * @param right id of the second token
 */
public record MergeRule(int left, int right) {}
