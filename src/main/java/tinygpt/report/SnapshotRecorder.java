package tinygpt.report;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.metrics.AppendLog;
import tinygpt.metrics.LineBuffer;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.RunSettings;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * Takes snapshots of a model while it is trained and appends them to the files of its run: how the numbers of each tensor
 * are spread, pictures of chosen ones, the vectors of tokens, and the answer to a probe.
 *
 * <p>It works on the training thread between steps and reads the weights only; the probe is a forward pass like that of an
 * evaluation. Nothing in a line depends on time, so a run that was resumed has the same files as one that was not stopped.
 * Register it before whoever saves checkpoints. A failure to write surfaces as {@link UncheckedIOException}.
 */
public final class SnapshotRecorder implements TrainingListener, AutoCloseable {
    private final Trainer trainer;
    private final SnapshotPlan plan;
    private final List<Parameter> tensors;
    private final List<Parameter> matrices;
    private final EmbeddingRows embedding;
    private final Probe probe;
    private final LineBuffer line = new LineBuffer();
    private AppendLog snapshotLog;
    private AppendLog probeLog;
    private int taken;
    private long nanoseconds;

    private SnapshotRecorder(Trainer trainer, RunSettings.Snapshots settings) {
        ParameterRegistry registry = trainer.registry();
        Corpus corpus = trainer.corpus();
        this.trainer = trainer;
        this.plan = SnapshotPlan.of(trainer.hyperparameters(), settings);
        this.tensors = registry.owned();
        this.matrices = WatchedMatrices.of(registry, settings.matrices());
        this.embedding = EmbeddingRows.of(registry, corpus);
        this.probe = new Probe(
                trainer.model(), corpus.tokenizer(), Probe.prompt(corpus, registry.shape(), settings.prompt()));
    }

    /**
     * Opens the files of a run, cuts them back to what the trainer has done, and takes the snapshot of its present state if
     * that is due and was not taken.
     *
     * @param folder the run folder, which exists
     * @throws IllegalArgumentException as {@link SnapshotSize#of}, or if the run has begun with another prompt
     * @throws tinygpt.formats.BadFileException if the file is that of another run
     * @throws IOException if a file cannot be read or written
     */
    public static SnapshotRecorder open(Path folder, Trainer trainer, RunSettings.Snapshots settings)
            throws IOException {
        SnapshotRecorder recorder = new SnapshotRecorder(trainer, settings);
        try {
            recorder.openFiles(folder);
            return recorder;
        } catch (IOException | RuntimeException e) {
            try {
                recorder.close();
            } catch (UncheckedIOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    private void openFiles(Path folder) throws IOException {
        Path snapshots = folder.resolve(SnapshotFiles.SNAPSHOTS);
        Path probes = folder.resolve(SnapshotFiles.PROBE);
        long step = trainer.stepsDone();
        if (plan.count() == 0) {
            SnapshotFiles.cut(snapshots, step);
            SnapshotFiles.cut(probes, step);
            return;
        }
        long keptSnapshots = SnapshotFiles.kept(snapshots, step);
        long keptProbes = SnapshotFiles.kept(probes, step);
        if (keptSnapshots > 0 && !SnapshotFiles.beginsWith(snapshots, header())) {
            throw SnapshotFiles.foreign(snapshots);
        }
        if (keptProbes > 0 && !SnapshotFiles.beginsWith(probes, probe.header(line))) {
            throw new IllegalArgumentException(
                    "the probe of this run has another prompt, and the pictures of both could"
                            + " not be compared; leave --probe-prompt out, or remove " + probes);
        }
        boolean due = plan.has(step);
        boolean snapshotDue = due && !(keptSnapshots > 0 && SnapshotFiles.endsWith(snapshots, keptSnapshots, step));
        boolean probeDue = due && !(keptProbes > 0 && SnapshotFiles.endsWith(probes, keptProbes, step));
        snapshotLog = AppendLog.open(snapshots, keptSnapshots);
        probeLog = AppendLog.open(probes, keptProbes);
        if (snapshotLog.isEmpty()) {
            snapshotLog.append(header());
        }
        if (probeLog.isEmpty()) {
            probeLog.append(probe.header(line));
        }
        take(step, snapshotDue, probeDue);
    }

    @Override
    public void onStep(StepReport report) {
        if (report.step() >= trainer.stepsDone() && plan.has(report.step())) {
            try {
                take(report.step(), true, true);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void take(long step, boolean snapshot, boolean answer) throws IOException {
        long start = System.nanoTime();
        if (snapshot) {
            snapshotLog.append(snapshot(step));
            taken++;
        }
        if (answer) {
            probeLog.append(probe.line(line, step, trainer.team().workspace()));
        }
        nanoseconds += System.nanoTime() - start;
    }

    private LineBuffer header() {
        line.clear().add("{\"format\":").add(SnapshotFiles.FORMAT);
        String separator = ",\"tensors\":[";
        for (Parameter parameter : tensors) {
            line.add(separator).add("{\"name\":").add(quoted(parameter.name()));
            line.add(",\"kind\":").add(quoted(parameter.kind().label()));
            line.add(",\"shape\":")
                    .add(Arrays.toString(parameter.shape()).replace(" ", ""))
                    .add('}');
            separator = ",";
        }
        line.add("],\"embedding\":");
        embedding.writeHeader(line);
        return line.add("}\n");
    }

    private LineBuffer snapshot(long step) {
        line.clear().add(SnapshotFiles.STEP).add(step);
        String separator = ",\"tensors\":[";
        for (Parameter parameter : tensors) {
            line.add(separator);
            TensorSummary.of(trainer.registry().weights(), parameter).write(line);
            separator = ",";
        }
        separator = "],\"matrices\":[";
        for (Parameter parameter : matrices) {
            line.add(separator);
            MatrixFrame.of(parameter).write(line, tensors.indexOf(parameter));
            separator = ",";
        }
        line.add("],\"embedding\":");
        embedding.write(line);
        return line.add("}\n");
    }

    private static String quoted(String ascii) {
        return CanonicalJson.write(TextNode.valueOf(ascii));
    }

    /** How many snapshots this session has taken. */
    public int taken() {
        return taken;
    }

    /** How long that took, in seconds. */
    public double seconds() {
        return nanoseconds / 1e9;
    }

    @Override
    public void close() {
        IOException failure = null;
        for (Closeable log : new Closeable[] {snapshotLog, probeLog}) {
            try {
                if (log != null) {
                    log.close();
                }
            } catch (IOException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw new UncheckedIOException(failure);
        }
    }
}
