package tinygpt.runs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tinygpt.formats.BadFileException;
import tinygpt.formats.ModelTensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.SafetensorsWriter;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.tensor.Slab;
import tinygpt.training.AdamWMoments;
import tinygpt.training.OptimizerState;

/**
 * The state of a run in one safetensors file, which any tool for safetensors can open.
 *
 * <p>Tensors, all float32: {@code NAME} for each parameter with numbers of its own, and, if training is to go on from
 * here, {@code adam.m.NAME} and {@code adam.v.NAME} for each that is trained; of a run with
 * replicas {@code adam.m.K.NAME} and {@code adam.v.K.NAME} of replica K, counted from 0, and {@code diloco.outer.NAME}, the
 * velocity of the outer step. Metadata: {@code tinygpt_format}, {@code step}, {@code tokens_seen},
 * {@code config} with {@code config_sha256}, {@code weights_sha256}, {@code optimizer_sha256} of the moments by the rule of
 * {@link WeightFingerprint} (older checkpoints have none), {@code tokenizer} and whatever else the caller adds. With fewer
 * bits a number it is a {@link QuantizedCheckpoint}.
 */
public final class Checkpoint {
    private Checkpoint() {}

    /**
     * What the writer of a checkpoint has to say; the fingerprints are computed.
     *
     * @param hyperparameters of the run
     * @param tokenizer plain JSON values: maps, lists, strings, numbers, booleans
     * @param step number of training steps done
     * @param tokensSeen number of tokens trained on
     * @param extras further strings, for example {@code validation_loss}; none of the names this class uses itself
     */
    public record Facts(
            Hyperparameters hyperparameters,
            Map<String, Object> tokenizer,
            long step,
            long tokensSeen,
            Map<String, String> extras) {
        public Facts {
            if (step < 0 || tokensSeen < 0) {
                throw new IllegalArgumentException(
                        "step " + step + " and tokens seen " + tokensSeen + " count from 0 and cannot be negative");
            }
            for (String key : extras.keySet()) {
                if (CheckpointMetadata.RESERVED.contains(key)) {
                    throw new IllegalArgumentException("'" + key + "' is written by the checkpoint itself");
                }
            }
        }
    }

    /**
     * Writes a checkpoint, whole or not at all: a failure leaves an older file of that name as it was.
     *
     * @param registry the parameters, with memory
     * @param mean AdamW's running mean of gradients, with room for what is trained, or null
     * @param variance the same of squared gradients; null if and only if the mean is
     * @return the header as a reader will see it
     * @throws IllegalArgumentException if the registry or a slab does not belong to these hyperparameters
     * @throws java.io.UncheckedIOException if the disk is full or the folder cannot be written
     */
    public static CheckpointHeader write(Path file, Facts facts, ParameterRegistry registry, Slab mean, Slab variance) {
        return save(file, facts, registry, mean, variance).header();
    }

    /** Writes a checkpoint of a run that has one AdamW, and returns its fingerprints. */
    static Saved save(Path file, Facts facts, ParameterRegistry registry, Slab mean, Slab variance) {
        if ((mean == null) != (variance == null)) {
            throw new IllegalArgumentException("an optimizer has both moments or none");
        }
        return save(file, facts, registry, Optional.ofNullable(mean).map(m -> oneAdamW(m, variance)));
    }

    private static OptimizerState oneAdamW(Slab mean, Slab variance) {
        return new OptimizerState(List.of(new AdamWMoments(mean, variance)), Optional.empty());
    }

    /**
     * What was written, for the ledger.
     *
     * @param header as a reader will see it
     * @param weights fingerprint of the parameters
     * @param sha256 of the whole file: of the optimizer's moments and the metadata too
     */
    record Saved(CheckpointHeader header, WeightFingerprint weights, String sha256) {}

    /** Writes a checkpoint as {@link #write} does, with what the optimizer remembers if anything. */
    static Saved save(Path file, Facts facts, ParameterRegistry registry, Optional<OptimizerState> state) {
        checkBelongs(facts, registry);
        SortedMap<TensorRole, Slab> remembered = state.map(TensorRole::slabs).orElseGet(TreeMap::new);
        List<TensorRole> roles = TensorRole.remembered(facts.hyperparameters().synchronization());
        if (state.isPresent() && !roles.equals(List.copyOf(remembered.keySet()))) {
            throw new IllegalArgumentException("the optimizer's state is not that of "
                    + facts.hyperparameters().synchronization());
        }
        WeightFingerprint weights = WeightFingerprint.of(registry);
        Optional<String> moments = state.map(present -> TensorRole.sha256(registry, remembered));
        try (SafetensorsWriter out = SafetensorsWriter.create(file)) {
            CheckpointHeader header = CheckpointMetadata.write(out, facts, weights, moments, Optional.empty());
            TensorRole.WEIGHT.declare(out, registry);
            remembered.keySet().forEach(role -> role.declare(out, registry));
            TensorRole.WEIGHT.store(out, registry, registry.weights());
            remembered.forEach((role, slab) -> role.store(out, registry, slab));
            out.commit();
            return new Saved(header, weights, out.sha256());
        }
    }

    /** Refuses parameters that are not those of the hyperparameters. */
    static void checkBelongs(Facts facts, ParameterRegistry registry) {
        if (!registry.shape().equals(facts.hyperparameters().model())
                || !registry.adaptation().equals(facts.hyperparameters().adaptation())) {
            throw new IllegalArgumentException("the parameters belong to " + registry.shape() + ", "
                    + registry.adaptation() + "; the hyperparameters describe "
                    + facts.hyperparameters().model() + ", "
                    + facts.hyperparameters().adaptation());
        }
    }

    /**
     * Reads what a checkpoint says, without its numbers and without ND4J, and checks that its tensors are those of the
     * model it describes.
     *
     * @throws BadFileException if it is no checkpoint, is damaged, or was written by a newer program
     */
    public static CheckpointHeader readHeader(Path file) {
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            return header(in);
        }
    }

    /**
     * Reads the parameters and checks their fingerprint. What leaves no trace in a shape (number of heads, nonlinearity,
     * epsilon) is the caller's to compare.
     *
     * @param registry the parameters to set; it is given memory if it has none
     * @return what the checkpoint says
     * @throws BadFileException if the checkpoint is damaged or of another shape. If only the fingerprint is wrong, the
     *     registry already holds what was read, which must not be used.
     */
    public static CheckpointHeader readWeights(Path file, ParameterRegistry registry) {
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            CheckpointHeader header = header(in);
            checkFits(in, registry, List.of(TensorRole.WEIGHT));
            registry.allocate();
            TensorRole.WEIGHT.load(in, registry, registry.weights());
            boolean rounded = header.quantization().isPresent();
            checkWeights(file, header, rounded ? fingerprint(in).whole() : weightsSha256(registry));
            return header;
        }
    }

    /**
     * Reads the parameters of a checkpoint with fewer bits a number as they are, and checks their fingerprint.
     *
     * @param registry the parameters to set, without memory
     * @throws BadFileException as {@link #readWeights}, and if its numbers are float32
     */
    static void readPacked(Path file, ParameterRegistry registry) {
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            CheckpointHeader header = header(in);
            checkFits(in, registry, List.of(TensorRole.WEIGHT));
            checkWeights(file, header, fingerprint(in).whole());
            Quantization quantization = header.quantization()
                    .orElseThrow(() -> new BadFileException(file, "holds float32, not fewer bits a number"));
            QuantizedCheckpoint.read(in, registry, registry.allocatePacked(quantization));
        }
    }

    /**
     * Reads AdamW's moments into slabs with room for what is trained.
     *
     * @throws BadFileException if the checkpoint is damaged, of another shape, or has no optimizer state
     */
    public static void readOptimizer(Path file, ParameterRegistry registry, Slab mean, Slab variance) {
        readOptimizer(file, registry, oneAdamW(mean, variance));
    }

    /** Reads what an optimizer remembers, or the optimizers of replicas and the outer step, as above. */
    static void readOptimizer(Path file, ParameterRegistry registry, OptimizerState state) {
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            CheckpointHeader header = header(in);
            if (!header.hasOptimizerState()) {
                throw new BadFileException(
                        file,
                        "holds no optimizer state, so training cannot go on as if it had not stopped; "
                                + "start a new run from its weights, or use a checkpoint that was saved with it");
            }
            SortedMap<TensorRole, Slab> remembered = TensorRole.slabs(state);
            checkFits(in, registry, List.copyOf(remembered.keySet()));
            remembered.forEach((role, slab) -> role.load(in, registry, slab));
            checkOptimizer(file, header, TensorRole.sha256(registry, remembered));
        }
    }

    /**
     * Reads a whole checkpoint and checks its fingerprints.
     *
     * @return what it says
     * @throws BadFileException if it is damaged
     */
    public static CheckpointHeader verify(Path file) {
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            CheckpointHeader header = header(in);
            checkWeights(file, header, fingerprint(in).whole());
            if (header.optimizerSha256().isPresent()) {
                checkOptimizer(
                        file,
                        header,
                        WeightFingerprint.of(in, name -> !TensorRole.isWeight(name))
                                .whole());
            }
            return header;
        }
    }

    private static void checkWeights(Path file, CheckpointHeader header, String found) {
        checkSha256(file, "weights have", header.weightsSha256(), found);
    }

    private static void checkOptimizer(Path file, CheckpointHeader header, String found) {
        checkSha256(file, "optimizer's moments have", header.optimizerSha256().orElse(found), found);
    }

    private static void checkSha256(Path file, String what, String noted, String found) {
        if (!found.equals(noted)) {
            throw new BadFileException(
                    file,
                    "its " + what + " the fingerprint " + found + ", but " + BadFileException.quote(noted)
                            + " was written down with them; the file is damaged, use another checkpoint");
        }
    }

    /** Fingerprint of all parameters; see {@link WeightFingerprint#whole()}. */
    public static String weightsSha256(ParameterRegistry registry) {
        return WeightFingerprint.of(registry).whole();
    }

    /** The same fingerprint of a model without its adapters: that of the model they were put on, if that was frozen. */
    public static String baseSha256(ParameterRegistry registry) {
        List<Parameter> base = registry.owned().stream()
                .filter(p -> p.kind() != ParameterKind.ADAPTER)
                .toList();
        return WeightFingerprint.of(base, registry.weights()).whole();
    }

    /**
     * Fingerprint of the parameters in an open file, computed from its bytes and not from what it says of itself.
     *
     * @throws BadFileException if reading fails
     */
    static WeightFingerprint fingerprint(SafetensorsReader in) {
        return WeightFingerprint.of(in, TensorRole::isWeight);
    }

    /** What a file says, once its tensors are known to be those of the model it describes. */
    private static CheckpointHeader header(SafetensorsReader in) {
        boolean hasOptimizer = !in.names().stream().allMatch(TensorRole::isWeight);
        CheckpointHeader header = CheckpointMetadata.read(in, hasOptimizer);
        Hyperparameters hyperparameters = header.hyperparameters();
        List<TensorRole> roles = new ArrayList<>(List.of(TensorRole.WEIGHT));
        if (hasOptimizer) {
            roles.addAll(TensorRole.remembered(hyperparameters.synchronization()));
        }
        checkFits(in, ModelTensors.registry(in, hyperparameters.model(), hyperparameters.adaptation()), roles);
        return header;
    }

    /** Checks that what the file holds in these roles is what the registry has, and nothing else. */
    private static void checkFits(SafetensorsReader in, ParameterRegistry registry, List<TensorRole> roles) {
        Set<String> known = new HashSet<>(QuantizedCheckpoint.checkRounded(in, registry));
        for (TensorRole role : roles) {
            role.check(in, registry);
            role.layout().parameters(registry).forEach(p -> known.add(role.name(p.name())));
        }
        boolean weights = roles.contains(TensorRole.WEIGHT);
        boolean remembered = roles.size() > (weights ? 1 : 0);
        ModelTensors.refuseUnknown(
                in,
                in.names().stream()
                        .filter(n -> (TensorRole.isWeight(n) ? weights : remembered) && !known.contains(n))
                        .toList());
    }
}
