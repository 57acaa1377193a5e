package tinygpt.text;

/** What to do with a character that is not in the vocabulary. */
public enum UnknownPolicy {
    /** Stop and name it. */
    FAIL,
    /** Leave it out. */
    SKIP,
    /** Put a substitute in its place: see {@link CharacterTokenizer#substitute()}. */
    REPLACE
}
