package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Base64;

/** Arrays in the data of a page: {@code {"type":"u16","data":"<base64, little-endian>"}}. */
final class BinaryArray {
    private BinaryArray() {}

    static ObjectNode i8(byte[] values) {
        return node("i8", values);
    }

    static ObjectNode u8(byte[] values) {
        return node("u8", values);
    }

    /** 16 bits each, signed or not; only the lower ones of a number are kept. */
    static ObjectNode bits16(String type, int[] values) {
        ByteBuffer bytes = little(values.length * Short.BYTES);
        for (int value : values) {
            bytes.putShort((short) value);
        }
        return node(type, bytes.array());
    }

    /** Floats; NaN and infinities stay what they are. */
    static ObjectNode f32(double[] values) {
        ByteBuffer bytes = little(values.length * Float.BYTES);
        for (double value : values) {
            bytes.putFloat((float) value);
        }
        return node("f32", bytes.array());
    }

    /** Reads what {@link #f32} made; empty if it is something else. */
    static float[] readF32(JsonNode array) {
        if (!"f32".equals(array.path("type").textValue())) {
            return new float[0];
        }
        FloatBuffer floats = ByteBuffer.wrap(
                        Base64.getDecoder().decode(array.path("data").textValue()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[] values = new float[floats.remaining()];
        floats.get(values);
        return values;
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ObjectNode node(String type, byte[] bytes) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        return node.put("type", type).put("data", Base64.getEncoder().encodeToString(bytes));
    }
}
