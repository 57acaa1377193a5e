package tinygpt.hyperparameters;

/** A hyperparameter that cannot be used. The message says what is wrong, why, and what to do. */
public final class InvalidHyperparameterException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public InvalidHyperparameterException(String message) {
        super(message);
    }

    static void require(boolean holds, String message, Object... arguments) {
        if (!holds) {
            throw new InvalidHyperparameterException(String.format(java.util.Locale.ROOT, message, arguments));
        }
    }
}
