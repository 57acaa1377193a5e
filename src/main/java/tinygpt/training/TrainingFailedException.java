package tinygpt.training;

/** Training cannot go on because a number is not finite. The message names the step and the first such tensor. */
public final class TrainingFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TrainingFailedException(String message) {
        super(message);
    }
}
