package tinygpt.hyperparameters;

/** When those who train one model agree on its weights. */
public enum SynchronizationKind {
    /** At every step: one batch, one gradient, one AdamW. */
    STEP,
    /** After many steps: replicas train on data of their own, then their change is averaged (DiLoCo). */
    DILOCO
}
