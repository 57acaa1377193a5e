package tinygpt.runs;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tinygpt.formats.BadFileException;
import tinygpt.formats.QuantizedTensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.SafetensorsWriter;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.parameters.Quantization;

/** The strings in the metadata of a {@link Checkpoint}, which make it describe itself. */
final class CheckpointMetadata {
    /** The version of this layout. A reader refuses a higher one, since it cannot know what it would miss. */
    private static final int FORMAT = 1;

    /** The version of the layout with fewer bits a number, see {@link QuantizedCheckpoint}. */
    private static final int ROUNDED = 2;

    private static final String FORMAT_KEY = "tinygpt_format";
    static final String STEP = "step";
    static final String TOKENS_SEEN = "tokens_seen";
    static final String CONFIG = "config";
    static final String CONFIG_SHA256 = "config_sha256";
    static final String WEIGHTS_SHA256 = "weights_sha256";
    static final String OPTIMIZER_SHA256 = "optimizer_sha256";
    private static final String TOKENIZER = "tokenizer";
    /** What Hugging Face's readers look for: the tensors are in PyTorch's layout. */
    private static final String FRAMEWORK_KEY = "format";

    private static final String FRAMEWORK = "pt";
    /** What this writes itself. */
    static final Set<String> RESERVED = Set.of(
            FORMAT_KEY,
            STEP,
            TOKENS_SEEN,
            CONFIG,
            CONFIG_SHA256,
            WEIGHTS_SHA256,
            OPTIMIZER_SHA256,
            TOKENIZER,
            QuantizedTensors.KEY,
            FRAMEWORK_KEY);

    private CheckpointMetadata() {}

    /**
     * Writes them.
     *
     * @param moments fingerprint of the optimizer's moments; empty if there are none
     * @param quantization empty if the numbers are float32
     * @return what a reader will see
     */
    static CheckpointHeader write(
            SafetensorsWriter out,
            Checkpoint.Facts facts,
            WeightFingerprint weights,
            Optional<String> moments,
            Optional<Quantization> quantization) {
        String config = facts.hyperparameters().canonicalJson();
        CheckpointHeader header = new CheckpointHeader(
                facts.hyperparameters(),
                facts.tokenizer(),
                facts.step(),
                facts.tokensSeen(),
                CanonicalJson.sha256(config),
                weights.whole(),
                moments,
                facts.extras(),
                moments.isPresent(),
                quantization);
        out.metadata(FRAMEWORK_KEY, FRAMEWORK)
                .metadata(FORMAT_KEY, String.valueOf(quantization.isPresent() ? ROUNDED : FORMAT))
                .metadata(STEP, String.valueOf(header.step()))
                .metadata(TOKENS_SEEN, String.valueOf(header.tokensSeen()))
                .metadata(CONFIG, config)
                .metadata(CONFIG_SHA256, header.configSha256())
                .metadata(WEIGHTS_SHA256, header.weightsSha256());
        header.optimizerSha256().ifPresent(sha256 -> out.metadata(OPTIMIZER_SHA256, sha256));
        header.extras().forEach(out::metadata);
        out.metadata(TOKENIZER, StrictJson.write(header.tokenizer()));
        return header;
    }

    /** Whether a file with that metadata claims to be a checkpoint. */
    static boolean isCheckpoint(Map<String, String> metadata) {
        return metadata.containsKey(FORMAT_KEY);
    }

    /**
     * Reads and checks them.
     *
     * @param hasOptimizer whether the file holds the optimizer's moments
     * @throws BadFileException if it is no checkpoint, is damaged, or was written by a newer program
     */
    static CheckpointHeader read(SafetensorsReader in, boolean hasOptimizer) {
        Path file = in.file();
        Map<String, String> metadata = in.metadata();
        checkFormat(file, metadata, in.quantized().isPresent());
        Hyperparameters hyperparameters = hyperparameters(file, metadata);
        Map<String, String> extras = new LinkedHashMap<>(metadata);
        extras.keySet().removeAll(RESERVED);
        return new CheckpointHeader(
                hyperparameters,
                StrictJson.map(file, "its tokenizer", required(file, metadata, TOKENIZER)),
                count(file, metadata, STEP),
                count(file, metadata, TOKENS_SEEN),
                hyperparameters.sha256(),
                required(file, metadata, WEIGHTS_SHA256),
                hasOptimizer ? Optional.ofNullable(metadata.get(OPTIMIZER_SHA256)) : Optional.empty(),
                extras,
                hasOptimizer,
                in.quantized().map(QuantizedTensors::quantization));
    }

    private static void checkFormat(Path file, Map<String, String> metadata, boolean rounded) {
        if (!isCheckpoint(metadata)) {
            throw new BadFileException(
                    file,
                    "is a safetensors file, but no checkpoint of tinygpt: its metadata have no " + FORMAT_KEY
                            + "; for a Hugging Face model give its folder");
        }
        long format = count(file, metadata, FORMAT_KEY);
        if (format != FORMAT && format != ROUNDED) {
            throw new BadFileException(
                    file,
                    "is a checkpoint of format " + format + "; this program knows formats " + FORMAT + " and " + ROUNDED
                            + (format > ROUNDED ? ", so a newer one wrote it: update tinygpt" : " only"));
        }
        if ((format == ROUNDED) != rounded) {
            throw new BadFileException(
                    file,
                    "is a checkpoint of format " + format + (rounded ? ", but has " : ", but has no ")
                            + QuantizedTensors.KEY + "; it is damaged, use another checkpoint");
        }
    }

    private static Hyperparameters hyperparameters(Path file, Map<String, String> metadata) {
        String config = required(file, metadata, CONFIG);
        String noted = required(file, metadata, CONFIG_SHA256);
        // Before the text is read: damage shall be called damage, not a strange hyperparameter.
        checkConfig(file, noted, CanonicalJson.sha256(config));
        try {
            Hyperparameters read = Hyperparameters.fromJson(StrictJson.tree(file, "its config", config));
            checkConfig(file, noted, read.sha256());
            return read;
        } catch (InvalidHyperparameterException e) {
            throw new BadFileException(
                    file, "its config cannot be used: " + BadFileException.quoteSentence(e.getMessage()), e);
        }
    }

    private static void checkConfig(Path file, String noted, String found) {
        if (!found.equals(noted)) {
            throw new BadFileException(
                    file,
                    "its config has the fingerprint " + found + ", but " + BadFileException.quote(noted)
                            + " was written down with it; the file was changed or is damaged, use another checkpoint");
        }
    }

    private static String required(Path file, Map<String, String> metadata, String key) {
        String value = metadata.get(key);
        if (value == null) {
            throw new BadFileException(
                    file, "its metadata have no " + key + ", which every checkpoint has; use another checkpoint");
        }
        return value;
    }

    private static long count(Path file, Map<String, String> metadata, String key) {
        String text = required(file, metadata, key);
        if (!text.matches("[0-9]{1,18}")) {
            throw new BadFileException(
                    file, "its " + key + " is '" + BadFileException.quote(text) + "', not a number counted from 0");
        }
        return Long.parseLong(text);
    }
}
