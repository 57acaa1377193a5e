package tinygpt.hyperparameters;

/** How the learning rate moves after the warm-up. */
public enum ScheduleKind {
    /** Half a cosine from the learning rate down to the minimum. */
    COSINE,
    /** A straight line down to the minimum. */
    LINEAR,
    /** No decay. */
    CONSTANT
}
