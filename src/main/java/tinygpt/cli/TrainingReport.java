package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.DataPlan;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Optimization;
import tinygpt.hyperparameters.Synchronization;
import tinygpt.report.SnapshotSize;
import tinygpt.runs.AdapterFolder;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.FrozenProof;
import tinygpt.runs.HyperparameterChange;
import tinygpt.runs.TrainingRun;
import tinygpt.runs.WeightMovement;
import tinygpt.training.Evaluation;
import tinygpt.training.Trainer;

/** What is said before and after training: above all, what was learned beside what stayed fixed. */
final class TrainingReport {
    private static final int HASH_DIGITS = 12;
    private static final int SAMPLE_TOKENS = 400;

    private final Output output;
    private final TrainingRun run;
    private final Trainer trainer;
    private final String configAtStart;
    private final long firstStep;
    private final long firstTokens;
    private final long start = System.nanoTime();

    TrainingReport(Output output, TrainingRun run) {
        this.output = output;
        this.run = run;
        this.trainer = run.trainer();
        this.configAtStart = trainer.hyperparameters().sha256();
        this.firstStep = trainer.stepsDone();
        this.firstTokens = trainer.tokensSeen();
    }

    /** Before the first step: what is going to happen. */
    void printStart(PrintWriter err, int threads, String cluster) {
        Hyperparameters h = trainer.hyperparameters();
        ModelShape m = h.model();
        Optimization o = h.optimization();
        DataPlan d = h.data();
        line(
                err,
                "data     %s: %s tokens to learn, %s to validate, %s different",
                run.text().file().getFileName(),
                Show.count(trainer.corpus().train().length),
                Show.count(trainer.corpus().validation().length),
                Show.count(m.vocabularySize()));
        line(
                err,
                "model    %d layers · %d heads · width %d · context %d · %s parameters",
                m.layers(),
                m.heads(),
                m.width(),
                m.contextLength(),
                Show.count(trainer.registry().count()));
        line(
                err,
                "plan     %s steps of %d x %d tokens in %d shards · AdamW, learning rate %s, %s · seed %d",
                Show.count(o.steps()),
                d.batchSize(),
                m.contextLength(),
                d.shards(),
                CanonicalJson.shortest(o.learningRate()),
                o.schedule().name().toLowerCase(Locale.ROOT),
                h.seed());
        Synchronization rounds = h.synchronization();
        if (rounds.inRounds()) {
            line(
                    err,
                    "rounds   %d replicas, each with batches of its own · %s local steps, then an outer step with rate %s,"
                            + " momentum %s",
                    rounds.replicas(),
                    Show.count(rounds.localSteps()),
                    CanonicalJson.shortest(rounds.outerLearningRate()),
                    CanonicalJson.shortest(rounds.outerMomentum()));
        }
        line(
                err,
                "run      %s · %d thread%s%s",
                run.folder().path(),
                threads,
                threads == 1 ? "" : "s",
                firstStep > 0 ? " · resumed after step " + Show.count(firstStep) : "");
        if (!cluster.isEmpty()) {
            line(err, "engine   %s", cluster);
        }
        if (run.from() != null) {
            line(
                    err,
                    "from     %s%s",
                    run.from(),
                    Double.isNaN(run.oldLossBefore())
                            ? ""
                            : " · its loss on " + Path.of(run.oldData()).getFileName() + " "
                                    + Show.loss(run.oldLossBefore()));
        }
        printSnapshots(err);
        TuningReport.lines(trainer.registry()).forEach(text -> line(err, "%s", text));
        if (!run.changes().isEmpty()) {
            line(
                    err,
                    "changed  %s",
                    String.join(
                            ", ",
                            run.changes().stream()
                                    .map(HyperparameterChange::toString)
                                    .toList()));
        }
        if (threads > d.shards() && cluster.isEmpty()) {
            line(
                    err,
                    "note     a batch has %d shards, so %d of %d threads have nothing to do; --shards changes that"
                            + " (and the result, in its last digits)",
                    d.shards(),
                    threads - d.shards(),
                    threads);
        }
        err.flush(); // before a first evaluation that may take long
    }

    private void printSnapshots(PrintWriter err) {
        SnapshotSize size = SnapshotSize.of(
                trainer.hyperparameters(), trainer.corpus(), run.settings().snapshots());
        if (!size.steps().isEmpty()) {
            line(
                    err,
                    "looks    %d snapshots of %s · at most %s in the report",
                    size.steps().size(),
                    String.join(", ", size.matrices()),
                    Show.bytes(size.pageBytes()));
        }
    }

    /** After Ctrl-C or a planned stop: how to go on. */
    void printStopped(PrintWriter err) {
        line(
                err,
                "stopped after step %s of %s; everything is saved. Go on with:",
                Show.count(trainer.stepsDone()),
                Show.count(trainer.hyperparameters().optimization().steps()));
        line(
                err,
                "  %s train --resume %s",
                CommandName.get(),
                CommandName.quoted(run.folder().path().toString()));
        err.flush();
    }

    /** After the last step: what was learned, what stayed fixed, and what to do with it. */
    void printEnd(PrintWriter out, FrozenProof.Result frozen) throws IOException {
        long steps = trainer.stepsDone() - firstStep;
        line(out, "");
        line(
                out,
                "trained %s steps (%s tokens) in %s",
                Show.count(steps),
                Show.count(trainer.tokensSeen() - firstTokens),
                Show.duration((System.nanoTime() - start) * 1e-9));
        long skipped = trainer.stepsSkipped();
        if (skipped > 0) {
            line(
                    out,
                    "skipped %s step%s since the run began: loss or gradient norm far above those before",
                    Show.count(skipped),
                    skipped == 1 ? "" : "s");
        }
        line(
                out,
                "the run uses %s of disk in %s",
                Show.bytes(run.folder().bytes()),
                run.folder().path());
        printLearned(out, frozen);
        printFixed(out);
        line(out, "");
        line(out, "A TEXT by the model");
        try {
            SampleWriter.sample(trainer, SAMPLE_TOKENS).lines().forEach(text -> line(out, "  %s", text));
        } catch (ArithmeticException e) {
            out.flush();
            throw new CommandFailure(
                    Exit.FAILURE, e.getMessage()); // the last step spoiled it, and nothing was evaluated
        }
        line(out, "");
        line(out, "go on with");
        String command = CommandName.get();
        String model = CommandName.quoted(run.folder().path().toString());
        String prompt = ExamplePrompt.of(trainer.corpus())
                .map(words -> " --prompt " + CommandName.quoted(words))
                .orElse("");
        line(out, "  %s generate --model %s%s", command, model, prompt);
        line(out, "  %s eval --model %s", command, model);
        line(out, "  %s params --model %s", command, model);
        out.flush();
    }

    private void printLearned(PrintWriter out, FrozenProof.Result frozen) throws IOException {
        line(out, "");
        line(out, "LEARNED: the parameters, set by training");
        Evaluation.Result last = trainer.lastEvaluation();
        if (last != null) {
            line(
                    out,
                    "  validation loss   %s before -> %s ± %s after   (perplexity %s, uniform guess %s)",
                    Double.isNaN(run.firstLoss()) ? Show.NONE : Show.loss(run.firstLoss()),
                    Show.loss(last.loss()),
                    Show.loss(last.standardError()),
                    Show.perplexity(last.perplexity()),
                    Show.loss(Math.log(trainer.hyperparameters().model().vocabularySize())));
        }
        if (run.oldData() != null) {
            String before = Double.isNaN(run.oldLossBefore()) ? Show.NONE : Show.loss(run.oldLossBefore());
            double now = run.oldDataLoss();
            line(
                    out,
                    "  loss on %s   %s before -> %s after   (what the model had learned: this is what it forgot)",
                    Path.of(run.oldData()).getFileName(),
                    before,
                    Double.isNaN(now) ? "not measured, the text is gone or has changed" : Show.loss(now));
        }
        line(
                out,
                "  weights sha256    %s -> %s",
                shortHash(run.firstWeightsSha256()),
                shortHash(Checkpoint.weightsSha256(trainer.registry())));
        if (frozen.frozen() > 0) {
            line(out, "  frozen            %s", frozen);
        }
        if (Files.isDirectory(run.folder().path().resolve(AdapterFolder.NAME))) {
            line(
                    out,
                    "  adapters          saved apart in %s",
                    run.folder().path().resolve(AdapterFolder.NAME));
        }
        line(out, "  moved since step 0, |W - W0|  (|W0| at the start)");
        long total = trainer.registry().count();
        for (WeightMovement m : run.movement()) {
            line(
                    out,
                    "    %s %s  %s  %s  (%s)",
                    Text.left(m.kind().label(), 14),
                    Text.right(Show.count(m.count()), 11),
                    Text.right(Show.share(m.count(), total), 7),
                    Text.right(Show.decimals(m.distance(), 2), 8),
                    Show.decimals(m.startNorm(), 2));
        }
    }

    private void printFixed(PrintWriter out) {
        String now = trainer.hyperparameters().sha256();
        line(out, "");
        line(out, "FIXED: the hyperparameters, set by you");
        line(
                out,
                "  config sha256     %s -> %s   %s",
                shortHash(configAtStart),
                shortHash(now),
                now.equals(configAtStart) ? "the same" : "CHANGED");
        ModelShape m = trainer.hyperparameters().model();
        Optimization o = trainer.hyperparameters().optimization();
        List<String> values = new ArrayList<>();
        values.add("layers " + m.layers());
        values.add("heads " + m.heads());
        values.add("width " + m.width());
        values.add("context " + m.contextLength());
        values.add("batch " + trainer.hyperparameters().data().batchSize());
        values.add("learning rate " + CanonicalJson.shortest(o.learningRate()));
        values.add("weight decay " + CanonicalJson.shortest(o.weightDecay()));
        values.add("dropout " + CanonicalJson.shortest(m.residualDropout()));
        Synchronization rounds = trainer.hyperparameters().synchronization();
        if (rounds.inRounds()) {
            values.add("replicas " + rounds.replicas());
            values.add("local steps " + rounds.localSteps());
        }
        values.add("seed " + trainer.hyperparameters().seed());
        Text.wrap("  ", values, " · ").forEach(text -> line(out, "%s", text));
    }

    private void line(PrintWriter to, String format, Object... arguments) {
        to.println(output.glyphs().text(String.format(Locale.ROOT, format, arguments)));
    }

    private static String shortHash(String sha256) {
        return sha256.substring(0, HASH_DIGITS);
    }
}
