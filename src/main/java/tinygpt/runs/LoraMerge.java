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
     * Merges the adapters that a model has.
     *
     * @throws IllegalArgumentException if it has none, or is a Hugging Face folder
     */
    public static Result merge(LoadedModel model, Path out) {
        CheckpointHeader header = header(model);
        ParameterRegistry registry = model.model().registry();
        if (registry.adapters().isEmpty()) {
            throw new IllegalArgumentException(
                    "this model has no adapters to merge; give a folder that has with --adapter");
        }
        return write(header, registry, true, out);
    }

    /**
     * Merges adapters that were saved apart into the model that they were trained on.
     *
     * @throws IllegalArgumentException if the model has adapters of its own, or is a Hugging Face folder
     * @throws BadFileException if the adapters are damaged or were trained on other weights
     */
    public static Result merge(LoadedModel base, Path adapterFolder, Path out) {
        CheckpointHeader header = header(base);
        if (!base.model().registry().adapters().isEmpty()) {
            throw new IllegalArgumentException(
                    "this model has adapters of its own; leave --adapter out to merge those");
        }
        LoraAdapter adapter = LoraAdapter.open(adapterFolder);
        adapter.baseSha256().filter(sha -> !sha.equals(header.weightsSha256())).ifPresent(sha -> {
            throw new BadFileException(
                    adapterFolder,
                    "was trained on weights with the fingerprint " + BadFileException.quote(sha)
                            + ", but those of this model have " + header.weightsSha256()
                            + "; give the model it was trained on");
        });
        try (ParameterRegistry registry = adapter.registry(base.model().shape())) {
            registry.allocate().copyFrom(base.model().registry());
            adapter.read(registry);
            return write(header, registry, adapter.baseSha256().isPresent(), out);
        }
    }

    private static CheckpointHeader header(LoadedModel model) {
        return model.checkpoint()
                .orElseThrow(() -> new IllegalArgumentException("a model of another program has no hyperparameters"
                        + " that a checkpoint could hold; give a run or a checkpoint to merge"));
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
