package tinygpt.cli;

/**
 * Something that a stop of the tour says of the numbers it has read.
 *
 * @param holds whether the numbers are so
 * @param text the claim, with the numbers put in
 */
record Claim(boolean holds, String text) {}
