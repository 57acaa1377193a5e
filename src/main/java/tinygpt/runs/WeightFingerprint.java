package tinygpt.runs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import tinygpt.formats.ModelTensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Slab;

/**
 * Which numbers the parameters of a model are: SHA-256 of all and of each, in lower-case hexadecimal.
 *
 * <p>A tensor is hashed as name, 0, {@code F32}, 0, shape as in {@code [128, 384]}, 0, and its numbers as little-endian
 * bytes; text is UTF-8. The whole is the hash of the same bytes of all tensors in the order of their names. Both come from
 * one walk over the numbers.
 *
 * @param whole of all parameters with numbers of their own
 * @param byTensor of each of them, by name, in the order of names
 */
public record WeightFingerprint(String whole, Map<String, String> byTensor) {

    public WeightFingerprint {
        byTensor = Collections.unmodifiableMap(new TreeMap<>(byTensor));
    }

    /** Of the parameters of a registry with memory. */
    public static WeightFingerprint of(ParameterRegistry registry) {
        return of(registry.owned(), registry.weights());
    }

    /** Of some parameters, whose numbers are in a slab of weights. */
    static WeightFingerprint of(List<Parameter> parameters, Slab weights) {
        Hashing hashing = new Hashing();
        List<Parameter> sorted = new ArrayList<>(parameters);
        sorted.sort(Comparator.comparing(Parameter::name));
        for (Parameter parameter : sorted) {
            hashing.begin(parameter);
            ModelTensors.forEachPiece(parameter, weights, hashing::update);
            hashing.end(parameter.name());
        }
        return hashing.done();
    }

    /**
     * Of tensors in a file, read piece by piece: neither a model nor ND4J is needed.
     *
     * @param wanted which tensors count, by name
     * @throws tinygpt.formats.BadFileException if reading fails
     */
    static WeightFingerprint of(SafetensorsReader file, Predicate<String> wanted) {
        Hashing hashing = new Hashing();
        for (String name : file.names().stream().filter(wanted).sorted().toList()) {
            SafetensorsReader.Entry entry = file.entry(name);
            hashing.begin(name, entry.dtype().name(), Arrays.toString(entry.shape()));
            file.forEachPiece(name, hashing::update);
            hashing.end(name);
        }
        return hashing.done();
    }

    /** Names of the tensors whose numbers differ, or that only one of the two has, in the order of names. */
    public List<String> differences(WeightFingerprint other) {
        TreeMap<String, String> all = new TreeMap<>(byTensor);
        all.putAll(other.byTensor);
        return all.keySet().stream()
                .filter(name -> !all.get(name).equals(byTensor.get(name)) || !other.byTensor.containsKey(name))
                .toList();
    }

    /**
     * Computes a fingerprint from tensors that are walked through for another reason too: {@code begin}, {@code update} and
     * {@code end} for each, in the order of their names. Hashes the same bytes twice at a time.
     */
    public static final class Hashing {
        private final MessageDigest whole = CanonicalJson.newSha256();
        private final MessageDigest tensor = CanonicalJson.newSha256();
        private final Map<String, String> byTensor = new TreeMap<>();
        private ByteBuffer bytes = ByteBuffer.allocate(0);

        /** Begins a tensor of float32. */
        public void begin(Parameter parameter) {
            begin(parameter.name(), parameter);
        }

        /** Begins a tensor of float32 that has the shape of a parameter and another name. */
        void begin(String name, Parameter shape) {
            begin(name, "F32", Arrays.toString(shape.shape()));
        }

        /** The next numbers of the tensor. */
        public void update(float[] piece, int count) {
            if (bytes.capacity() < count * Float.BYTES) {
                bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            }
            bytes.clear().limit(count * Float.BYTES);
            bytes.asFloatBuffer().put(piece, 0, count);
            update(bytes);
        }

        /** Ends a tensor. */
        public void end(String name) {
            byTensor.put(name, HexFormat.of().formatHex(tensor.digest()));
        }

        /** The fingerprint of all tensors that were begun and ended. */
        public WeightFingerprint done() {
            return new WeightFingerprint(HexFormat.of().formatHex(whole.digest()), byTensor);
        }

        /** Begins a tensor of any type: its name, its type and its shape. */
        void begin(String... words) {
            for (String word : words) {
                update(ByteBuffer.wrap((word + "\0").getBytes(StandardCharsets.UTF_8)));
            }
        }

        /** The next bytes of the tensor. */
        void update(ByteBuffer some) {
            whole.update(some.duplicate());
            tensor.update(some);
        }
    }
}
