package tinygpt.hyperparameters;

/** How text becomes token ids. */
public enum TokenizerKind {
    /** One token for every distinct character of the training text. */
    CHARACTER,
    /** One token for every byte of the UTF-8 text: 256 tokens, any text. */
    BYTE,
    /** Byte-level byte pair encoding as in GPT-2: frequent sequences of bytes, learned from the training part of the text. */
    BPE
}
