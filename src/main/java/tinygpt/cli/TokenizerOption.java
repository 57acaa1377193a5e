package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import tinygpt.formats.GgufReader;
import tinygpt.formats.GgufTokenizer;
import tinygpt.formats.TokenizerFiles;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.ModelSource;
import tinygpt.text.Tokenizer;

/** The options that say whose tokenizer a command works with. No weights are read. */
final class TokenizerOption {
    @Option(
            names = "--model",
            paramLabel = "PATH",
            description =
                    "The tokenizer of a model: a run folder, a checkpoint file, a GGUF file or a Hugging Face GPT-2"
                            + " folder; the latest run unless given.")
    private Path model;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR|FILE",
            description =
                    "A byte-level BPE tokenizer of another program: a tokenizer.json, a vocab.json with merges.txt"
                            + " beside it, OpenAI's encoder.json with vocab.bpe, or the folder of one of these.")
    private Path tokenizer;

    /**
     * Reads the tokenizer.
     *
     * @throws CommandFailure if both options are given, or none and there is no latest run
     * @throws tinygpt.formats.BadFileException if there is no tokenizer, or a broken one
     */
    Tokenizer read() throws IOException {
        if (tokenizer != null && model != null) {
            throw new CommandFailure(Exit.USAGE, "--model and --tokenizer both name a tokenizer; give one");
        }
        if (tokenizer != null) {
            return TokenizerFiles.read(tokenizer);
        }
        Path path = model == null ? ModelOption.latestRun() : model;
        ModelSource source = ModelSource.resolve(path);
        if (source instanceof ModelSource.HuggingFaceFolder given) {
            return TokenizerFiles.read(given.folder());
        }
        if (source instanceof ModelSource.GgufFile given) {
            try (GgufReader file = GgufReader.open(given.file())) {
                return GgufTokenizer.read(file);
            }
        }
        Path file =
                source instanceof ModelSource.Run run ? run.checkpoint() : ((ModelSource.CheckpointFile) source).file();
        return Checkpoint.readHeader(file).restoreTokenizer(file);
    }
}
