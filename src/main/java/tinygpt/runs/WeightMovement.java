package tinygpt.runs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tinygpt.formats.ModelTensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/**
 * How far training has moved the parameters of a kind from where they started. The start
 * is the run's first checkpoint.
 *
 * @param kind of parameters
 * @param count how many
 * @param distance |W - W0|, 2-norm
 * @param startNorm |W0|, 2-norm; 0 for biases
 */
public record WeightMovement(ParameterKind kind, long count, double distance, double startNorm) {
    private static final int PIECE = 1 << 14;

    /**
     * One entry for every kind that has parameters; none if there is no such checkpoint.
     *
     * @param start the checkpoint to compare with
     */
    public static List<WeightMovement> since(Path start, ParameterRegistry registry) {
        if (!Files.isRegularFile(start)) {
            return List.of();
        }
        int kinds = ParameterKind.values().length;
        double[] distance = new double[kinds];
        double[] startNorm = new double[kinds];
        float[] first = new float[PIECE];
        try (SafetensorsReader file = SafetensorsReader.open(start)) {
            for (Parameter parameter : registry.owned()) {
                int kind = parameter.kind().ordinal();
                long[] done = {0};
                ModelTensors.forEachPiece(parameter, registry.weights(), (now, count) -> {
                    for (int at = 0; at < count; at += PIECE) {
                        int n = Math.min(PIECE, count - at);
                        file.readFloats(parameter.name(), done[0] + at, first, 0, n);
                        for (int i = 0; i < n; i++) {
                            double d = (double) now[at + i] - first[i];
                            distance[kind] += d * d;
                            startNorm[kind] += (double) first[i] * first[i];
                        }
                    }
                    done[0] += count;
                });
            }
        }
        List<WeightMovement> movements = new ArrayList<>();
        for (ParameterKind kind : ParameterKind.values()) {
            long count = registry.count(kind);
            if (count > 0) {
                int i = kind.ordinal();
                movements.add(new WeightMovement(kind, count, Math.sqrt(distance[i]), Math.sqrt(startNorm[i])));
            }
        }
        return movements;
    }
}
