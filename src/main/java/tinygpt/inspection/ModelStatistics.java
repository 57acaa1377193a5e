package tinygpt.inspection;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tinygpt.formats.BadFileException;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.WeightFingerprint;

/**
 * The statistics of every tensor of a model, its fingerprint, and who set each tensor.
 *
 * @param tensors one for each parameter with numbers of its own, in registry order
 * @param sha256 fingerprint of all of them, as float32: the same for the same numbers, whatever the file
 * @param source where the initial values come from
 */
public record ModelStatistics(List<Tensor> tensors, String sha256, InitialValues.Source source) {
    public ModelStatistics {
        tensors = List.copyOf(tensors);
    }

    /** Who set the numbers of a tensor. */
    public enum SetBy {
        /** Its initial law, and nobody since. */
        INITIAL_LAW,
        /** The model that training began with, and nobody since. */
        BASE_MODEL,
        /** Training: at least one number has changed. */
        TRAINING,
        /** Not known: there are no initial values to compare with, or a step 0 that its seed does not give. */
        UNKNOWN
    }

    /**
     * One tensor.
     *
     * @param parameter what it is
     * @param statistics of its numbers
     * @param sha256 its fingerprint, as in the ledger
     * @param setBy who set it
     */
    public record Tensor(Parameter parameter, TensorStatistics statistics, String sha256, SetBy setBy) {}

    /**
     * Reads all weights of a model once.
     *
     * @throws BadFileException if reading fails, or if a checkpoint's weights do not have the fingerprint that it names
     */
    public static ModelStatistics of(WeightFile file) {
        try (InitialValues initial = InitialValues.of(file)) {
            WeightFingerprint.Hashing hashing = new WeightFingerprint.Hashing();
            List<Parameter> byName = new ArrayList<>(file.registry().owned());
            byName.sort(Comparator.comparing(Parameter::name));
            TensorStatistics[] found =
                    new TensorStatistics[file.registry().all().size()];
            for (Parameter parameter : byName) {
                hashing.begin(parameter);
                found[parameter.index()] = statistics(file, initial, parameter, hashing);
                hashing.end(parameter.name());
            }
            WeightFingerprint fingerprint = hashing.done();
            check(file, fingerprint.whole());
            List<Tensor> tensors = file.registry().owned().stream()
                    .map(p -> new Tensor(
                            p,
                            found[p.index()],
                            fingerprint.byTensor().get(p.name()),
                            setBy(file, initial, p, found[p.index()])))
                    .toList();
            return new ModelStatistics(tensors, fingerprint.whole(), initial.source());
        }
    }

    private static TensorStatistics statistics(
            WeightFile file, InitialValues initial, Parameter parameter, WeightFingerprint.Hashing hashing) {
        TensorStatistics[] sum = {TensorStatistics.none(initial.known())};
        float[] start = initial.known() ? new float[(int) Math.min(WeightFile.PIECE, parameter.size())] : null;
        file.forEachPiece(parameter, (first, piece, n) -> {
            hashing.update(piece, n);
            if (start != null) {
                initial.read(parameter, first, start, n);
            }
            sum[0] = sum[0].plus(TensorStatistics.of(piece, start, n));
        });
        return sum[0];
    }

    private static void check(WeightFile file, String found) {
        if (file.header().flatMap(CheckpointHeader::quantization).isPresent()) {
            Checkpoint.verify(file.path()); // its fingerprint is that of the codes in the file
            return;
        }
        String noted = file.header().map(CheckpointHeader::weightsSha256).orElse(found);
        if (!noted.equals(found)) {
            throw new BadFileException(
                    file.path(),
                    "its weights have the fingerprint " + found + ", but " + BadFileException.quote(noted)
                            + " was written down with them; the file is damaged, use another checkpoint");
        }
    }

    private static SetBy setBy(
            WeightFile file, InitialValues initial, Parameter parameter, TensorStatistics statistics) {
        if (!initial.known()) {
            return SetBy.UNKNOWN;
        }
        CheckpointHeader header = file.header().orElseThrow();
        // An adapter is put on a base; its own numbers begin by their law.
        boolean based = header.baseModel().isPresent() && parameter.kind() != ParameterKind.ADAPTER;
        if (statistics.changed() == 0) {
            return based ? SetBy.BASE_MODEL : SetBy.INITIAL_LAW;
        }
        return header.step() == 0 ? SetBy.UNKNOWN : SetBy.TRAINING;
    }
}
