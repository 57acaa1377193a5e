package tinygpt.training;

/** Machines that compute for a trainer do not do so any more. Nothing of the step that was underway is left. */
public final class EngineFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EngineFailedException(String message) {
        super(message);
    }

    public EngineFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
