package tinygpt.reference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Map.Entry;

/**
 * The plainest reader of a safetensors file: 8 bytes length of the header, the header as JSON, then the numbers, all
 * little-endian. It knows F32 and I32 and trusts the file.
 */
final class TestTensors {
    private TestTensors() {}

    /** A tensor of the file; integers are widened too. */
    record Tensor(int[] shape, double[] values) {
        /** Token ids (B, T). */
        int[][] ids() {
            int[][] ids = new int[shape[0]][shape[1]];
            for (int i = 0; i < values.length; i++) {
                ids[i / shape[1]][i % shape[1]] = (int) values[i];
            }
            return ids;
        }
    }

    /** All tensors of a file, by name, in the order of its header. */
    static Map<String, Tensor> read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int headerSize = Math.toIntExact(bytes.getLong(0));
        String header = new String(bytes.array(), 8, headerSize, StandardCharsets.UTF_8);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Entry<String, JsonNode> entry : new ObjectMapper().readTree(header).properties()) {
            if (!entry.getKey().equals("__metadata__")) {
                int start =
                        8 + headerSize + entry.getValue().at("/data_offsets/0").asInt();
                tensors.put(entry.getKey(), tensor(entry.getValue(), bytes, start));
            }
        }
        return tensors;
    }

    private static Tensor tensor(JsonNode entry, ByteBuffer bytes, int start) {
        int[] shape = new int[entry.get("shape").size()];
        Arrays.setAll(shape, i -> entry.get("shape").get(i).asInt());
        double[] values = new double[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
        String type = entry.get("dtype").asText();
        for (int i = 0; i < values.length; i++) {
            int at = start + 4 * i;
            values[i] = switch (type) {
                case "F32" -> bytes.getFloat(at);
                case "I32" -> bytes.getInt(at);
                default -> throw new IllegalArgumentException("this reader knows F32 and I32, not " + type);
            };
        }
        return new Tensor(shape, values);
    }
}
