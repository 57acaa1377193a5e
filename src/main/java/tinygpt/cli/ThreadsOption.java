package tinygpt.cli;

import picocli.CommandLine.Option;

/** How many worker threads a command uses. */
final class ThreadsOption {
    @Option(names = "--threads", paramLabel = "N", description = "Worker threads; all processors unless given.")
    private Integer threads;

    /**
     * Refuses what cannot be.
     *
     * @throws CommandFailure with {@link Exit#USAGE} if it is below 1
     */
    void check() {
        RunOptions.atLeast("--threads", threads, 1, "at least one thread must work");
    }

    /** What was asked for; 0 if nothing was. */
    int asked() {
        check();
        return threads == null ? 0 : threads;
    }

    /** At least 1. */
    int workers() {
        check();
        return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    }
}
