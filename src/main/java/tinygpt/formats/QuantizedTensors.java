package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tinygpt.formats.SafetensorsReader.Entry;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.Quantization;

/**
 * The tensors of a safetensors file that are kept as whole numbers with scales, by the rule of {@link Quantization}.
 *
 * <p>A matrix NAME of R rows is two tensors: {@code NAME}, its codes, I8 [R, columns] of 8 bits and U8 [R, bytes of a row]
 * of fewer, and {@code NAME.scales}, F32 [R, groups of a row]. The metadata {@value #KEY} say how: {@code
 * {"bits":4,"group":32,"shapes":{"NAME":[R,columns],...}}}.
 */
public final class QuantizedTensors {
    /** The name of the metadata. */
    public static final String KEY = "tinygpt_quantization";

    private static final String SCALES = ".scales";
    private static final int WHOLE_BYTES = 8;

    private final SafetensorsReader file;
    private final Quantization quantization;
    private final Map<String, int[]> shapes;

    private QuantizedTensors(SafetensorsReader file, Quantization quantization, Map<String, int[]> shapes) {
        this.file = file;
        this.quantization = quantization;
        this.shapes = shapes;
    }

    /**
     * Reads the metadata and checks that the tensors are what they say.
     *
     * @param text of the metadata
     * @throws BadFileException if they are not
     */
    static QuantizedTensors of(SafetensorsReader file, String text) {
        JsonNode json = StrictJson.tree(file.file(), "its " + KEY, text);
        Quantization quantization;
        try {
            quantization = new Quantization(number(file, json.path("bits")), number(file, json.path("group")));
        } catch (IllegalArgumentException e) {
            throw bad(file, "cannot be: " + e.getMessage(), e);
        }
        if (!json.path("shapes").isObject()) {
            throw bad(file, "has no object of shapes", null);
        }
        Map<String, int[]> shapes = new LinkedHashMap<>();
        json.path("shapes").properties().forEach(field -> {
            JsonNode shape = field.getValue();
            if (shape.size() != 2) {
                throw bad(file, "has a shape that is not [rows, columns]", null);
            }
            int rows = number(file, shape.get(0));
            int columns = number(file, shape.get(1));
            check(file, quantization, field.getKey(), rows, columns);
            shapes.put(field.getKey(), new int[] {rows, columns});
        });
        return new QuantizedTensors(file, quantization, shapes);
    }

    /** The metadata that describe these matrices. */
    public static String metadata(Quantization quantization, List<Parameter> matrices) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("bits", quantization.bits()).put("group", quantization.group());
        ObjectNode shapes = json.putObject("shapes");
        for (Parameter matrix : matrices) {
            int[] shape = matrix.shape();
            shapes.putArray(matrix.name()).add(shape[0]).add(shape[1]);
        }
        return json.toString();
    }

    /** The type of the codes in a file. */
    public static Dtype dtype(Quantization quantization) {
        return quantization.bits() == WHOLE_BYTES ? Dtype.I8 : Dtype.U8;
    }

    /** The name of the scales of a matrix. */
    public static String scales(String name) {
        return name + SCALES;
    }

    /** How the numbers were rounded. */
    public Quantization quantization() {
        return quantization;
    }

    /** The matrices, in the order of the metadata. */
    public List<String> names() {
        return List.copyOf(shapes.keySet());
    }

    boolean contains(String name) {
        return shapes.containsKey(name);
    }

    /** Rows and columns of a matrix. */
    long[] shape(String name) {
        int[] shape = shapes.get(name);
        return new long[] {shape[0], shape[1]};
    }

    /**
     * Reads the codes and the scales of a row.
     *
     * @param codes receives a code for each column
     * @param scales receives a scale for each group
     * @throws BadFileException if reading fails
     */
    public void readRow(String name, int row, byte[] codes, float[] scales) {
        int columns = shapes.get(name)[1];
        int groups = quantization.groups(columns);
        file.readStored(scales(name), (long) row * groups, scales, 0, groups);
        int bytes = quantization.codeBytes(columns);
        if (quantization.bits() == WHOLE_BYTES) {
            file.readBytes(name, (long) row * bytes, codes, 0, bytes);
        } else {
            byte[] packed = new byte[bytes];
            file.readBytes(name, (long) row * bytes, packed, 0, bytes);
            quantization.unpack(packed, columns, codes);
        }
    }

    /** Reads the numbers that codes and scales stand for, as {@link SafetensorsReader#readFloats}. */
    void readFloats(String name, long first, float[] destination, int at, int count) {
        int[] shape = shapes.get(name);
        int columns = shape[1];
        Objects.checkFromIndexSize(first, (long) count, (long) shape[0] * columns);
        Objects.checkFromIndexSize(at, count, destination.length);
        byte[] codes = new byte[columns];
        float[] scales = new float[quantization.groups(columns)];
        float[] row = new float[columns];
        for (int done = 0; done < count; ) {
            int column = (int) ((first + done) % columns);
            int n = Math.min(count - done, columns - column);
            readRow(name, (int) ((first + done) / columns), codes, scales);
            quantization.decode(codes, scales, columns, row);
            System.arraycopy(row, column, destination, at + done, n);
            done += n;
        }
    }

    private static void check(SafetensorsReader file, Quantization quantization, String name, int rows, int columns) {
        if (rows < 1 || columns < 1) {
            throw bad(file, "has a shape that is not positive", null);
        }
        check(file, name, dtype(quantization), rows, quantization.codeBytes(columns));
        check(file, scales(name), Dtype.F32, rows, quantization.groups(columns));
    }

    private static void check(SafetensorsReader file, String name, Dtype dtype, long... shape) {
        Entry entry = file.entry(name);
        if (entry.dtype() != dtype || !Arrays.equals(entry.shape(), shape)) {
            throw bad(
                    file,
                    "needs " + BadFileException.quote(name) + " as " + dtype + " " + Arrays.toString(shape) + ", not "
                            + entry.dtype() + " " + Arrays.toString(entry.shape()),
                    null);
        }
    }

    private static int number(SafetensorsReader file, JsonNode node) {
        if (!node.isInt()) {
            throw bad(file, "lacks a whole number", null);
        }
        return node.intValue();
    }

    private static BadFileException bad(SafetensorsReader file, String problem, Exception cause) {
        return new BadFileException(
                file.file(), "its " + KEY + " " + problem + "; the file is damaged, use another", cause);
    }
}
