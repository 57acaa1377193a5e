package tinygpt.cli;

/** Ends a command with one line on stderr and a chosen exit code; for what a user can put right, so without a stack trace. */
final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /**
     * A failure to report.
     *
     * @param exitCode one of {@link Exit}
     * @param message what went wrong, why, and what to do, in one line
     */
    CommandFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
