package tinygpt.cli;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.metrics.MetricsRecord;
import tinygpt.training.TrainingListener;

/**
 * Shows how training goes, on stderr: four lines painted over and over on a terminal, or one line every so many steps that
 * can be searched with grep or read by a program. Painting happens on a thread of its own, so that training never waits for a terminal.
 */
final class TrainingProgress implements TrainingListener, AutoCloseable {
    /** How progress is shown. */
    enum Mode {
        /** {@code bar} on a terminal, {@code plain} elsewhere. */
        auto,
        /** Four lines that are painted over. */
        bar,
        /** One line every {@code --log-every} steps. */
        plain,
        /** The lines of {@code metrics.jsonl} every {@code --log-every} steps, and skipped steps, evaluations and samples. */
        json,
        /** Nothing. */
        none
    }

    private static final long PAINT_MILLISECONDS = 100;

    private final Mode mode;
    private final PrintWriter err;
    private final int logEvery;
    private final TrainingStatus status;
    private final ProgressPainter painter;
    private final MetricsRecord json;
    private final Thread thread;
    private final Queue<String> notes = new ConcurrentLinkedQueue<>();
    private long lastStep;
    private long evaluationStart = System.nanoTime();
    private boolean closed;
    private int linesPainted;

    /**
     * Progress of a run.
     *
     * @param mode not {@code auto}: the caller knows the terminal
     * @param firstStep steps done before
     */
    TrainingProgress(
            Mode mode, PrintWriter err, Glyphs glyphs, int columns, int logEvery, Hyperparameters h, long firstStep) {
        this.mode = mode;
        this.err = err;
        this.logEvery = logEvery;
        long tokens = h.tokensPerStep();
        this.status = new TrainingStatus(firstStep, h.optimization().steps(), tokens);
        this.painter = new ProgressPainter(h, glyphs, columns);
        this.json = MetricsRecord.json(tokens);
        this.lastStep = firstStep;
        this.thread = mode == Mode.bar ? new Thread(this::paintUntilClosed, "tinygpt-progress") : null;
        if (thread != null) {
            thread.setDaemon(true);
            thread.start();
        }
    }

    @Override
    public void onStep(StepReport report) {
        status.step(report);
        evaluationStart = System.nanoTime();
        lastStep = report.step();
        boolean due = report.step() % logEvery == 0 || report.step() == status.totalSteps();
        if (due && mode == Mode.plain) {
            err.println(painter.plainLine(status.snapshot()));
            err.flush();
        } else if ((due || report.skipped()) && mode == Mode.json) {
            err.print(json.step(report, System.currentTimeMillis()));
            err.flush();
        }
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        // What lies between the last step and here is the evaluation, whoever else looked on.
        status.evaluation(report, (System.nanoTime() - evaluationStart) * 1e-9);
        if (mode == Mode.plain) {
            err.println(String.format(
                    Locale.ROOT,
                    "eval %05d/%05d | val %.6f | stderr %.6f%s",
                    report.step(),
                    status.totalSteps(),
                    report.result().loss(),
                    report.result().standardError(),
                    report.best() ? " | best" : ""));
            err.flush();
        } else if (mode == Mode.json) {
            err.print(json.evaluation(report, System.currentTimeMillis()));
            err.flush();
        }
    }

    @Override
    public void onSpike(SpikeReport report) {
        if (mode == Mode.plain) {
            err.println(String.format(
                    Locale.ROOT,
                    "step %05d/%05d | skipped: loss %.4f (limit %.4f), gradient norm %.4f (limit %.4f)",
                    report.step(),
                    status.totalSteps(),
                    report.loss(),
                    report.lossLimit(),
                    report.gradientNorm(),
                    report.normLimit()));
            err.flush();
        }
    }

    /** Whether anything is shown at all. */
    boolean shown() {
        return mode != Mode.none;
    }

    /** Shows a text the model wrote. */
    void sample(String text) {
        status.sample(text);
        if (mode == Mode.plain) {
            err.println("sample | " + ProgressPainter.oneLine(text));
            err.flush();
        } else if (mode == Mode.json) {
            err.print("{\"step\":" + lastStep + ",\"sample\":" + Json.pretty(TextNode.valueOf(text)) + "}\n");
            err.flush();
        }
    }

    /** Shows what happened on the way, by any thread. */
    void note(String text) {
        switch (mode) {
            case bar -> notes.add(text);
            case json -> err.print("{\"note\":" + Json.pretty(TextNode.valueOf(text)) + "}\n");
            case plain, auto -> err.println("note | " + text);
            case none -> {
                return;
            }
        }
        err.flush();
    }

    /** Paints the last state and leaves the terminal as it was. */
    @Override
    public void close() {
        if (thread == null) {
            return;
        }
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void paintUntilClosed() {
        boolean last = false;
        while (!last) {
            synchronized (this) {
                try {
                    if (!closed) {
                        wait(PAINT_MILLISECONDS);
                    }
                } catch (InterruptedException e) {
                    closed = true;
                }
                last = closed;
            }
            paint();
        }
    }

    private void paint() {
        TrainingStatus.Snapshot now = status.snapshot();
        List<String> lines = now == null ? List.of(painter.beforeFirstStep(status.start())) : painter.lines(now);
        StringBuilder frame = new StringBuilder();
        if (linesPainted > 0) {
            frame.append("\u001b[").append(linesPainted).append('A'); // up to the first line
        }
        for (String note = notes.poll(); note != null; note = notes.poll()) {
            frame.append('\r').append("note | ").append(note).append("\u001b[K\n"); // stays above
        }
        for (String line : lines) {
            frame.append('\r').append(line).append("\u001b[K\n"); // and clear to the end of the line
        }
        linesPainted = lines.size();
        err.print(frame);
        err.flush();
    }
}
