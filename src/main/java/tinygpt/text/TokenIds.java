package tinygpt.text;

/** The one check of a token id. */
final class TokenIds {
    private TokenIds() {}

    /** The id itself, if the vocabulary has it. */
    static int require(int id, int vocabularySize) {
        if (id < 0 || id >= vocabularySize) {
            throw new IllegalArgumentException("token id " + id + " is not in the vocabulary, whose ids run from 0 to "
                    + (vocabularySize - 1) + "; these ids come from another tokenizer");
        }
        return id;
    }
}
