package tinygpt.tensor;

/** Something would not fit into memory, found out before anything was allocated. The message says what and what to do. */
public final class NotEnoughMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotEnoughMemoryException(String message) {
        super(message);
    }
}
