package tinygpt.training;

/** Training cannot go on because a number is not finite. The message names the step and the first such tensor. */
public final class TrainingFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private transient TrainingListener.StepReport report;

    TrainingFailedException(String message) {
        super(message);
    }

    /** The same with the report of the step that failed. */
    TrainingFailedException with(TrainingListener.StepReport failed) {
        report = failed;
        return this;
    }

    TrainingListener.StepReport report() {
        return report;
    }
}
