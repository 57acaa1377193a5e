package tinygpt.cli;

/**
 * The exit codes of the program: a contract with scripts, printed at the end of {@code tinygpt --help}. The command
 * {@code diff} has those of diff(1): whatever goes wrong there is 2.
 */
final class Exit {
    /** Done as asked. */
    static final int OK = 0;
    /** It could not be done, or a comparison found a difference. */
    static final int FAILURE = 1;
    /** The command line or a configuration is wrong. */
    static final int USAGE = 2;
    /** A file is missing, cannot be read or written, or is not what it should be. */
    static final int BAD_DATA = 3;
    /** Stopped by Ctrl-C or SIGTERM: 128 + SIGINT, as shells do. */
    static final int INTERRUPTED = 130;

    private Exit() {}
}
