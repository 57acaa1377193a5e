package tinygpt.cli;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import tinygpt.report.LiveServer;

/** The live page of a run, as a command offers it: its address, and how long it stays. */
final class LiveView implements AutoCloseable {
    private static final long LOOK_MILLISECONDS = 100;

    private final Output output;
    private final LiveServer server;
    private volatile boolean training = true;

    private LiveView(Output output, LiveServer server) {
        this.output = output;
        this.server = server;
    }

    /**
     * Takes a port of this machine.
     *
     * @param port 0 for a free one
     * @throws CommandFailure if it is not to be had
     */
    static LiveView bind(Output output, int port) throws IOException {
        try {
            return new LiveView(output, LiveServer.bind(port));
        } catch (BindException | IllegalArgumentException e) {
            throw new CommandFailure(
                    e instanceof BindException ? Exit.FAILURE : Exit.USAGE,
                    "--port " + port + " cannot be had (" + e.getMessage()
                            + "); give another one, or leave it out for a free one");
        }
    }

    /** Shows the run that this process trains, until {@link #trained}. */
    void showTraining(Path folder, boolean open) throws IOException {
        show(folder, () -> training, open);
    }

    /** Shows a run and says where. */
    void show(Path folder, BooleanSupplier running, boolean open) throws IOException {
        server.show(folder, running);
        output.err().println("tinygpt: " + folder + " is shown at " + server.address());
        output.err().flush();
        if (open) {
            Desktop.open(server.address(), output.err());
        }
    }

    /** Training has ended, and all is saved. */
    void trained() {
        training = false;
    }

    /** Keeps the page up until Ctrl-C or, on a terminal, Enter. */
    void stay(Interruption interruption) throws IOException {
        boolean terminal = Terminal.stdin();
        output.out().flush();
        output.err()
                .println("tinygpt: the page stays at " + server.address() + " until "
                        + (terminal ? "Enter or Ctrl-C" : "Ctrl-C or SIGTERM"));
        output.err().flush();
        interruption.nothingToSave();
        while (!interruption.await(LOOK_MILLISECONDS) && !(terminal && System.in.available() > 0)) {
            // It is the server that works.
        }
    }

    @Override
    public void close() {
        trained();
        server.close();
    }
}
