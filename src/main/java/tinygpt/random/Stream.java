package tinygpt.random;

/** What a random number is for. Two streams never share a number, whatever their steps and places are. */
public enum Stream {
    /** Initial weights: place = element of the tensor, step = hash of the tensor's name. */
    INITIAL_WEIGHTS,
    /** Where a training window starts: place = its position in the batch. */
    BATCH,
    /** Dropout after the embeddings: place = token of the batch. */
    EMBEDDING_DROPOUT,
    /** Dropout on attention probabilities: place = (layer, sequence, head, row). */
    ATTENTION_DROPOUT,
    /** Dropout on the output of the attention sublayer: place = (layer, token). */
    ATTENTION_RESIDUAL_DROPOUT,
    /** Dropout on the output of the feed-forward sublayer: place = (layer, token). */
    FEED_FORWARD_RESIDUAL_DROPOUT,
    /** The choice of the next token: step = position in the text, place = sample. */
    SAMPLING,
    /** The order of windows: step = pass over the text, place = window; and one place for where the pass begins. */
    SHUFFLE,
    /** What a search tries: step = trial, place = hash of the hyperparameter's name. */
    SEARCH
}
