package tinygpt.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * AdamW in double precision, in the order in which PyTorch applies it (Loshchilov and Hutter, "Decoupled weight decay
 * regularization", 2019, algorithm 2).
 *
 * <pre>
 *   w = w - lr decay w                      (decayed tensors only)
 *   m = b1 m + (1 - b1) g
 *   v = b2 v + (1 - b2) g^2
 *   w = w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
 * </pre>
 */
public final class ReferenceAdamW {
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final double decay;
    private final Set<String> decayed;
    private final Map<String, double[]> m = new LinkedHashMap<>();
    private final Map<String, double[]> v = new LinkedHashMap<>();
    private int steps;

    /**
     * An optimizer that has taken no step.
     *
     * @param decay weight decay, multiplied by the learning rate
     * @param decayed names of the tensors that decay
     */
    public ReferenceAdamW(double beta1, double beta2, double epsilon, double decay, Set<String> decayed) {
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.decay = decay;
        this.decayed = Set.copyOf(decayed);
    }

    /** Moves the weights, in place. */
    public void step(Map<String, double[]> weights, Map<String, double[]> gradients, double learningRate) {
        steps++;
        gradients.forEach((name, g) -> {
            double[] w = weights.get(name);
            double[] first = m.computeIfAbsent(name, unused -> new double[g.length]);
            double[] second = v.computeIfAbsent(name, unused -> new double[g.length]);
            for (int i = 0; i < g.length; i++) {
                if (decayed.contains(name)) {
                    w[i] -= learningRate * decay * w[i];
                }
                first[i] = beta1 * first[i] + (1 - beta1) * g[i];
                second[i] = beta2 * second[i] + (1 - beta2) * g[i] * g[i];
                double mean = first[i] / (1 - Math.pow(beta1, steps));
                double square = second[i] / (1 - Math.pow(beta2, steps));
                w[i] -= learningRate * mean / (Math.sqrt(square) + epsilon);
            }
        });
    }

    /** The 2-norm of all gradients together. */
    public static double norm(Map<String, double[]> gradients) {
        double sum = 0;
        for (double[] g : gradients.values()) {
            for (double x : g) {
                sum += x * x;
            }
        }
        return Math.sqrt(sum);
    }

    /**
     * Multiplies all gradients, in place, by min(1, limit / (norm + 1e-6)), as PyTorch's {@code clip_grad_norm_} does.
     *
     * @return the norm before clipping
     */
    public static double clip(Map<String, double[]> gradients, double limit) {
        double norm = norm(gradients);
        double factor = Math.min(1, limit / (norm + 1e-6));
        for (double[] g : gradients.values()) {
            for (int i = 0; i < g.length; i++) {
                g[i] *= factor;
            }
        }
        return norm;
    }
}
