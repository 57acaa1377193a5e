package tinygpt.runs;

import java.util.ArrayList;
import java.util.List;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/**
 * How far training has moved the parameters of a kind from where they started. The start is not stored: it is computed
 * again from the seed.
 *
 * @param kind of parameters
 * @param count how many
 * @param distance |W - W0|, 2-norm
 * @param startNorm |W0|, 2-norm; 0 for biases
 */
public record WeightMovement(ParameterKind kind, long count, double distance, double startNorm) {
    /** One entry for every kind that has parameters. */
    public static List<WeightMovement> since(ParameterRegistry registry, long seed) {
        int kinds = ParameterKind.values().length;
        double[] distance = new double[kinds];
        double[] start = new double[kinds];
        float[] now = new float[1 << 14];
        for (Parameter parameter : registry.owned()) {
            int kind = parameter.kind().ordinal();
            for (long done = 0; done < parameter.size(); done += now.length) {
                int count = (int) Math.min(now.length, parameter.size() - done);
                registry.weights().read(parameter.offset() + done, now, 0, count);
                float[] first = Initializer.values(parameter, done, count, seed);
                for (int i = 0; i < count; i++) {
                    double d = (double) now[i] - first[i];
                    distance[kind] += d * d;
                    start[kind] += (double) first[i] * first[i];
                }
            }
        }
        List<WeightMovement> movements = new ArrayList<>();
        for (ParameterKind kind : ParameterKind.values()) {
            long count = registry.count(kind);
            if (count > 0) {
                int i = kind.ordinal();
                movements.add(new WeightMovement(kind, count, Math.sqrt(distance[i]), Math.sqrt(start[i])));
            }
        }
        return movements;
    }
}
