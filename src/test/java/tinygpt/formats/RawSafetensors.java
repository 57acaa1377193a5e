package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Safetensors in the plainest way, whole files in memory: a second opinion, and a means to make odd files. */
public final class RawSafetensors {
    private static final ObjectMapper JSON = new ObjectMapper();

    public final Map<String, String> metadata = new LinkedHashMap<>();
    public final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /** A tensor with its bytes. */
    public record Tensor(String dtype, long[] shape, byte[] bytes) {
        public static Tensor ofF32(long[] shape, float... values) {
            ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
            for (float value : values) {
                bytes.putFloat(value);
            }
            return new Tensor("F32", shape, bytes.array());
        }

        public int[] bits() {
            int[] bits = new int[bytes.length / 4];
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(bits);
            return bits;
        }
    }

    public static RawSafetensors read(Path file) {
        try {
            byte[] all = Files.readAllBytes(file);
            int n = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
            RawSafetensors raw = new RawSafetensors();
            for (var entry : JSON.readTree(all, 8, n).properties()) {
                JsonNode node = entry.getValue();
                if (entry.getKey().equals("__metadata__")) {
                    node.properties()
                            .forEach(e ->
                                    raw.metadata.put(e.getKey(), e.getValue().textValue()));
                } else {
                    int begin = 8 + n + node.get("data_offsets").get(0).intValue();
                    int end = 8 + n + node.get("data_offsets").get(1).intValue();
                    raw.tensors.put(
                            entry.getKey(),
                            new Tensor(
                                    node.get("dtype").textValue(),
                                    JSON.convertValue(node.get("shape"), long[].class),
                                    Arrays.copyOfRange(all, begin, end)));
                }
            }
            return raw;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path write(Path file) {
        ObjectNode header = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            header.set("__metadata__", JSON.valueToTree(metadata));
        }
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (var entry : tensors.entrySet()) {
            int begin = data.size();
            data.writeBytes(entry.getValue().bytes());
            header.putObject(entry.getKey())
                    .put("dtype", entry.getValue().dtype())
                    .putPOJO("shape", entry.getValue().shape())
                    .putPOJO("data_offsets", new int[] {begin, data.size()});
        }
        return write(file, JSON.convertValue(header, JsonNode.class).toString(), data.toByteArray());
    }

    /** A file with that very header, whatever it says. */
    public static Path write(Path file, String header, byte[] data) {
        return write(file, header.getBytes(StandardCharsets.UTF_8), data);
    }

    public static Path write(Path file, byte[] header, byte[] data) {
        ByteBuffer all = ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(header.length).put(header).put(data);
        try {
            return Files.write(file, all.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file among the test resources, or those that ship with the program. */
    public static Path resource(String name) {
        Path sources = Path.of(System.getProperty("tinygpt.home", "."), "src");
        Path test = sources.resolve("test").resolve("resources").resolve(name);
        return Files.exists(test)
                ? test
                : sources.resolve("main").resolve("resources").resolve(name);
    }
}
