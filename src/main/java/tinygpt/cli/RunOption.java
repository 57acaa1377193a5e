package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.runs.ModelSource;
import tinygpt.runs.RunFolder;

/** Which run a command computes steps of, where its text is, and with how many threads. */
final class RunOption {
    @Option(names = "--run", paramLabel = "RUN", description = "The folder of a run; the latest run unless given.")
    private Path run;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "Where the run's training text is now, if it was moved.")
    private Path data;

    @Mixin
    private ThreadsOption threads;

    /**
     * The folder.
     *
     * @throws CommandFailure if it is not that of a run, or none is given and there is no latest one
     */
    RunFolder folder() throws IOException {
        Path path = run == null ? ModelOption.latestRun() : run;
        if (ModelSource.resolve(path) instanceof ModelSource.Run found) {
            return found.folder();
        }
        throw new CommandFailure(
                Exit.BAD_DATA, path + " is not the folder of a run, which is what steps can be computed from again");
    }

    /** The text that was given, or null. */
    Path data() {
        return data;
    }

    int threads() {
        return threads.workers();
    }
}
