package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Base64;

/** Arrays of numbers as the page reads them: {@code {"type":"f32","data":"..."}}, base64 of little-endian bytes. */
final class PackedArray {
    private static final String TYPE = "type";
    private static final String DATA = "data";
    private static final String FLOATS = "f32";

    private PackedArray() {}

    /** Single precision; NaN and infinity stay what they are. */
    static ObjectNode floats(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return array(FLOATS, bytes.array());
    }

    /** Numbers from 0 to 255. */
    static ObjectNode bytes(byte[] values) {
        return array("u8", values);
    }

    /** Reads what {@link #floats} made; empty if it is something else. */
    static float[] floats(JsonNode array) {
        if (!FLOATS.equals(array.path(TYPE).textValue())) {
            return new float[0];
        }
        FloatBuffer floats = ByteBuffer.wrap(
                        Base64.getDecoder().decode(array.path(DATA).textValue()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[] values = new float[floats.remaining()];
        floats.get(values);
        return values;
    }

    private static ObjectNode array(String type, byte[] bytes) {
        return JsonNodeFactory.instance
                .objectNode()
                .put(TYPE, type)
                .put(DATA, Base64.getEncoder().encodeToString(bytes));
    }
}
