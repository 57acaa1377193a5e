package tinygpt.runs;

import java.nio.file.Path;
import tinygpt.formats.BadFileException;
import tinygpt.formats.LoraAdapter;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.parameters.AdapterMerge;
import tinygpt.parameters.ParameterRegistry;

/** Turns a model with low-rank adapters into a plain checkpoint that computes the same. */
public final class LoraMerge {
    private LoraMerge() {}

    /**
     * What was merged.
     *
     * @param layers number of layers that had an adapter
     * @param adaptation rank and scale of the adapters
     * @param baseConfirmed whether the adapters said which weights they belong to, and it was these
     * @param checkpoint the new checkpoint's header
     */
    public record Result(int layers, Adaptation adaptation, boolean baseConfirmed, CheckpointHeader checkpoint) {}

    /**
     * Merges the adapters that a checkpoint holds.
     *
     * @throws IllegalArgumentException if it holds none
     * @throws BadFileException if it is damaged
     */
    public static Result merge(Path checkpoint, Path out) {
        CheckpointHeader header = Checkpoint.readHeader(checkpoint);
        try (ParameterRegistry registry = ParameterRegistry.of(header.hyperparameters())) {
            if (registry.adapters().isEmpty()) {
                throw new IllegalArgumentException(
                        checkpoint + " has no adapters to merge; give a folder with some with --adapter");
            }
            Checkpoint.readWeights(checkpoint, registry);
            return write(header, registry, true, out);
        }
    }

    /**
     * Merges adapters that were saved apart into the checkpoint that they were trained on.
     *
     * @throws IllegalArgumentException if the checkpoint has adapters of its own
     * @throws BadFileException if either is damaged, or the adapters were trained on other weights
     */
    public static Result merge(Path checkpoint, Path adapterFolder, Path out) {
        CheckpointHeader header = Checkpoint.readHeader(checkpoint);
        if (header.hyperparameters().adaptation().loraRank() > 0) {
            throw new IllegalArgumentException(
                    checkpoint + " has adapters of its own; leave --adapter out to merge those");
        }
        LoraAdapter adapter = LoraAdapter.open(adapterFolder);
        adapter.baseSha256().filter(sha -> !sha.equals(header.weightsSha256())).ifPresent(sha -> {
            throw new BadFileException(
                    adapterFolder,
                    "was trained on weights with the fingerprint " + BadFileException.quote(sha) + ", but those of "
                            + checkpoint + " have " + header.weightsSha256() + "; give the model it was trained on");
        });
        try (ParameterRegistry registry =
                        adapter.registry(header.hyperparameters().model());
                ParameterRegistry base = ParameterRegistry.of(header.hyperparameters())) {
            Checkpoint.readWeights(checkpoint, base);
            registry.allocate().copyFrom(base);
            adapter.read(registry);
            return write(header, registry, adapter.baseSha256().isPresent(), out);
        }
    }

    private static Result write(CheckpointHeader header, ParameterRegistry adapted, boolean baseConfirmed, Path out) {
        try (ParameterRegistry plain = AdapterMerge.merge(adapted)) {
            Checkpoint.Facts facts = new Checkpoint.Facts(
                    header.hyperparameters().withAdaptation(Adaptation.NONE),
                    header.tokenizer(),
                    header.step(),
                    header.tokensSeen(),
                    header.extras());
            return new Result(
                    adapted.adapters().size(),
                    adapted.adaptation(),
                    baseConfirmed,
                    Checkpoint.write(out, facts, plain, null, null));
        }
    }
}
