package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.AtomicFile;
import tinygpt.hyperparameters.FineTuningPlan;
import tinygpt.inspection.Ablation;
import tinygpt.inspection.Picture;
import tinygpt.inspection.RoundingError;
import tinygpt.inspection.WeightEdit;
import tinygpt.inspection.WeightFile;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.QuantizedCheckpoint;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** Keeps the matrices of a model with fewer bits, and shows what that costs and saves. */
@Command(
        name = "quantize",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Keeps the matrices of a model with fewer bits, and shows what that saves and what it costs: the bytes, the loss"
                    + " on the validation split and a text with the same random numbers, before and after, and the"
                    + " rounding error of each kind of matrix.",
            "",
            "Each row is cut into groups, and each group has one float32 scale: its largest |weight| divided by"
                    + " 2^(bits-1) - 1. A weight becomes its scale times the nearest whole number. Positions, norms and"
                    + " biases stay float32.",
            "",
            "With --out the result is written as a checkpoint that every command reads; the given one is never changed."
                    + " 'generate' computes with matrices of 8 bits, to which fewer are widened in memory; the other"
                    + " commands with the float32 numbers that the bits stand for."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt quantize runs/mine --bits 4",
            "  tinygpt quantize runs/mine --bits 8 --out small.safetensors",
            "  tinygpt generate --model small.safetensors --prompt 'Once'"
        })
final class QuantizeCommand implements Callable<Integer> {
    /** Pixels of a cell of the picture. */
    private static final int PIXELS = 20;

    private final Output output;

    @Parameters(
            arity = "0..1",
            paramLabel = "[MODEL]",
            hideParamSyntax = true,
            description = "A run folder, RUN@STEP, a checkpoint, a GGUF file or a Hugging Face GPT-2 folder; the latest"
                    + " run unless given.")
    private Path model;

    @Option(
            names = "--bits",
            paramLabel = "8|6|4|3|2",
            defaultValue = "8",
            description = "Bits of a weight, any number from 2 to 8; 8 unless given.")
    private int bits;

    @Option(
            names = "--group",
            paramLabel = "32|64|...",
            defaultValue = "" + Quantization.USUAL_GROUP,
            description =
                    "Weights of a row that share a scale, a power of 2 from 16 to 1024; 32 unless given. More take"
                            + " fewer bytes and make the error larger.")
    private int group;

    @Option(names = "--out", paramLabel = "FILE", description = "Write the checkpoint there; none unless given.")
    private Path out;

    @Option(names = "--force", description = "Replace it if it exists.")
    private boolean force;

    @Option(
            names = "--png",
            paramLabel = "FILE",
            description = "Write a picture of the rounding errors: a line for each kind, from -1/2 to 1/2 of a scale.")
    private Path png;

    @Mixin
    private ComparedText compared;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--json", description = "The same as JSON, with all digits.")
    private boolean json;

    private QuantizeCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new QuantizeCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        Quantization quantization = new Quantization(bits, group);
        check();
        Path path = model != null ? model : ModelOption.latestRun();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            checkModel(path, loaded);
            QuantizeReport report = measure(path, loaded, quantization);
            output.out().print(json ? Json.pretty(report.json()) + "\n" : report.text(output.glyphs()));
            return Exit.OK;
        } catch (ArithmeticException e) {
            throw new CommandFailure(Exit.FAILURE, path + ": " + e.getMessage());
        }
    }

    private void check() {
        threads.check();
        compared.check();
        if (out != null && Files.exists(out) && !force) {
            throw new CommandFailure(Exit.USAGE, out + " exists already; choose another --out or give --force");
        }
    }

    private void checkModel(Path path, LoadedModel loaded) {
        loaded.checkpoint().flatMap(CheckpointHeader::quantization).ifPresent(rounded -> {
            throw new CommandFailure(
                    Exit.USAGE,
                    path + " was rounded to " + rounded.bits() + " bits already; give the model it was made from");
        });
        if (!loaded.model().registry().adapters().isEmpty()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    path + " has adapters; make them part of the model first, with '" + CommandName.get() + " merge'");
        }
    }

    private QuantizeReport measure(Path path, LoadedModel loaded, Quantization quantization) throws IOException {
        Gpt gpt = loaded.model();
        ParameterRegistry registry = gpt.registry();
        Optional<ModelText> text = text(path, loaded);
        // Nothing is rounded yet: errors and the file come from the numbers as they are.
        var kinds = RoundingError.byKind(quantization, registry);
        RoundingError all = RoundingError.of(quantization, registry);
        OptionalLong written = write(loaded, quantization);
        WeightEdit edit = WeightEdit.round(quantization, registry);
        OptionalLong step =
                loaded.checkpoint().map(h -> OptionalLong.of(h.step())).orElse(OptionalLong.empty());
        QuantizeReport.Effect effect = null;
        if (text.isPresent()) {
            try (WorkerTeam team = new WorkerTeam(threads.workers(), Gpt.longestRow(gpt.shape()))) {
                Ablation ablation = new Ablation(gpt, text.get().corpus().validation(), team);
                String before = compared.sample(gpt, team, text.get());
                Ablation.Effect after = ablation.inTurn(List.of(edit)).get(0);
                effect = new QuantizeReport.Effect(
                        text.get().file(),
                        ablation.before(),
                        after,
                        compared.seed,
                        before,
                        compared.sample(gpt, team, text.get()));
            }
        }
        QuantizeReport report = new QuantizeReport(
                path,
                step,
                quantization,
                registry,
                fileBytes(path),
                Optional.ofNullable(out),
                written,
                all,
                kinds,
                Optional.ofNullable(effect));
        if (png != null) {
            AtomicFile.write(png, Picture.png(report.map(), 1, PIXELS));
            output.err().println("wrote " + png);
        }
        return report;
    }

    /** What to measure the loss on; empty for a model without a tokenizer, of which only the numbers can be shown. */
    private Optional<ModelText> text(Path path, LoadedModel loaded) {
        if (loaded.tokenizer().isEmpty() && compared.data == null && compared.prompt == null) {
            output.err().println("tinygpt: note: " + path + " has no tokenizer, so there is no loss and no text");
            return Optional.empty();
        }
        ModelText text = ModelText.read(
                path,
                loaded,
                compared.data,
                UnknownPolicy.FAIL,
                "leave out --data and --prompt to see the numbers",
                output);
        int tokens = text.corpus().validation().length;
        if (tokens < 2) {
            throw new CommandFailure(
                    Exit.BAD_DATA,
                    text.file() + ": its validation split has " + Show.count(tokens)
                            + " tokens, so there is nothing to predict; give a longer text");
        }
        return Optional.of(text);
    }

    /** Writes the checkpoint, if one is wanted; returns its size. */
    private OptionalLong write(LoadedModel loaded, Quantization quantization) throws IOException {
        if (out == null) {
            return OptionalLong.empty();
        }
        QuantizedCheckpoint.write(out, facts(loaded), loaded.model().registry(), quantization);
        return OptionalLong.of(Files.size(out));
    }

    private Checkpoint.Facts facts(LoadedModel loaded) {
        if (loaded.checkpoint().isPresent()) {
            CheckpointHeader header = loaded.checkpoint().get();
            return new Checkpoint.Facts(
                    header.hyperparameters(), header.tokenizer(), header.step(), header.tokensSeen(), header.extras());
        }
        Tokenizer tokenizer = loaded.tokenizer()
                .orElseThrow(() -> new CommandFailure(
                        Exit.USAGE,
                        "--out writes a checkpoint, which has a tokenizer, and this folder has none; put its"
                                + " tokenizer.json, or vocab.json and merges.txt, there"));
        return new Checkpoint.Facts(
                FineTuningPlan.of(loaded.model().shape(), tokenizer.kind()),
                tokenizer.describe(),
                0,
                0,
                java.util.Map.of());
    }

    private static long fileBytes(Path path) throws IOException {
        try (WeightFile file = WeightFile.open(path)) {
            return file.bytes();
        }
    }
}
