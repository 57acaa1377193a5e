package tinygpt.cli;

import java.io.IOException;
import picocli.CommandLine.Option;

/** Whether and where a training shows itself. */
final class ServeOptions {
    @Option(
            names = "--serve",
            description =
                    "Show the run in a browser while it trains, on this machine only; the address is printed. On a"
                            + " terminal the page stays after the last step, until Enter or Ctrl-C.")
    private boolean serve;

    @Option(names = "--port", paramLabel = "N", description = "With --serve: the port; a free one unless given.")
    private Integer port;

    @Option(names = "--open", description = "With --serve: open the page in the browser of this desktop.")
    private boolean open;

    /** The server, which does not answer yet; null if none is wanted. */
    LiveView bind(Output output) throws IOException {
        return serve ? LiveView.bind(output, port == null ? 0 : port) : null;
    }

    boolean open() {
        return open;
    }

    void check() {
        if (!serve && (port != null || open)) {
            throw new CommandFailure(Exit.USAGE, (open ? "--open" : "--port") + " belongs to --serve");
        }
    }
}
