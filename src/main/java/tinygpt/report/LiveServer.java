package tinygpt.report;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import tinygpt.formats.BadFileException;

/**
 * Shows a run to browsers on this machine while it trains: the report page, kept up to date.
 *
 * <pre>
 * GET /              the page
 * GET /state         the state that it shows, as JSON
 * GET /events        what happens from now on, as server-sent events; id = step
 * GET /report.html   the page as a file that needs no server
 * </pre>
 *
 * <p>It reads files of the run and nothing else: it takes no lock, and the thread that trains does not know of it.
 */
public final class LiveServer implements AutoCloseable {
    /** How long pages that were told of the end have for their last question. */
    private static final long FAREWELL_MILLISECONDS = 2000;

    private static final int LARGEST_PORT = 65_535;

    private final HttpServer server;
    private final EventRing ring = new EventRing();
    private final Farewell farewell = new Farewell();
    private final AtomicInteger threadCount = new AtomicInteger();
    private final ExecutorService threads;
    private RunTail tail;

    private LiveServer(HttpServer server) {
        this.server = server;
        this.threads = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "tinygpt-live-" + threadCount.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
    }

    /**
     * Takes a port of 127.0.0.1. Nothing is answered until {@link #show}.
     *
     * @param port 0 for a free one
     * @throws IllegalArgumentException if there is no such port
     * @throws java.net.BindException if it is taken, or not allowed
     */
    public static LiveServer bind(int port) throws IOException {
        if (port < 0 || port > LARGEST_PORT) {
            throw new IllegalArgumentException(
                    "port " + port + " does not exist; give one of 1 to " + LARGEST_PORT + ", or 0 for a free one");
        }
        InetAddress here = InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1});
        return new LiveServer(HttpServer.create(new InetSocketAddress(here, port), 0));
    }

    /** What to open in a browser. */
    public String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    /**
     * Begins to answer.
     *
     * @param folder of the run
     * @param running whether it is trained at this moment; asked every tenth of a second
     * @throws IOException if the logs of the run cannot be read
     */
    public void show(Path folder, BooleanSupplier running) throws IOException {
        LiveState state = new LiveState(folder, ring, running, System::nanoTime);
        tail = new RunTail(folder, ring, running, () -> done(state));
        server.createContext("/", new LiveHandler(state, ring, farewell));
        server.start();
        tail.start();
    }

    private static LiveEvent done(LiveState state) {
        try {
            return state.done();
        } catch (IOException | UncheckedIOException | BadFileException e) {
            return new LiveEvent(0, LiveEvent.DONE, "{\"status\":\"stopped\",\"stepsDone\":0}");
        }
    }

    /** Streams that are open. */
    int streams() {
        return farewell.open();
    }

    /**
     * Ends everything. If the run has ended, pages are told, and may ask for its last state before the server is gone.
     */
    @Override
    public void close() {
        if (tail != null) {
            tail.close();
            if (ring.ended()) {
                farewell.await(FAREWELL_MILLISECONDS);
            }
        }
        ring.close();
        server.stop(0);
        threads.shutdownNow();
        try {
            threads.awaitTermination(FAREWELL_MILLISECONDS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
