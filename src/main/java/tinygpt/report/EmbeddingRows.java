package tinygpt.report;

import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.metrics.LineBuffer;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Matrix;
import tinygpt.text.Corpus;

/**
 * The vectors of tokens, kept at every snapshot in 16 bits a number, finely enough to be projected later. Of a large
 * vocabulary these are the {@value #MOST} tokens that are most frequent in the training text, in the order of their ids.
 */
final class EmbeddingRows {
    /** The most tokens there are. */
    static final int MOST = 512;

    private static final int LARGEST = Short.MAX_VALUE;

    private final Parameter parameter;
    private final int[] ids;
    private final List<TokenLabel> labels;

    private EmbeddingRows(Parameter parameter, int[] ids, List<TokenLabel> labels) {
        this.parameter = parameter;
        this.ids = ids;
        this.labels = labels;
    }

    static EmbeddingRows of(ParameterRegistry registry, Corpus corpus) {
        Parameter embedding = registry.owned().stream()
                .filter(p -> p.kind() == ParameterKind.EMBEDDING)
                .findFirst()
                .orElseThrow();
        int[] ids = mostFrequent(corpus.train(), corpus.tokenizer().vocabularySize());
        List<TokenLabel> labels = new ArrayList<>();
        for (int id : ids) {
            labels.add(TokenLabel.of(corpus.tokenizer(), id));
        }
        return new EmbeddingRows(embedding, ids, labels);
    }

    private static int[] mostFrequent(int[] tokens, int vocabulary) {
        long[] counts = new long[vocabulary];
        for (int token : tokens) {
            counts[token]++;
        }
        return IntStream.range(0, vocabulary)
                .boxed()
                .sorted(Comparator.comparingLong(id -> -counts[id])) // stable: the smaller id first
                .limit(MOST)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
    }

    int count() {
        return ids.length;
    }

    int columns() {
        return parameter.shape()[1];
    }

    /** Which tokens there are. */
    void writeHeader(LineBuffer line) {
        line.add("{\"tensor\":").add(quoted(parameter.name()));
        line.add(",\"columns\":").add(columns());
        line.add(",\"ids\":").add(Arrays.toString(ids).replace(" ", ""));
        list(line, ",\"labels\":[", labels.stream().map(TokenLabel::text).toList());
        list(line, ",\"groups\":[", labels.stream().map(l -> l.group().label()).toList());
        line.add('}');
    }

    private static void list(LineBuffer line, String start, List<String> texts) {
        String separator = start;
        for (String text : texts) {
            line.add(separator).addUtf8(quoted(text));
            separator = ",";
        }
        line.add(']');
    }

    private static String quoted(String text) {
        return CanonicalJson.write(TextNode.valueOf(text));
    }

    /** The numbers as they are now; null in their place if one is not finite. */
    void write(LineBuffer line) {
        float[] values = values();
        float largest = 0;
        for (float value : values) {
            if (!Float.isFinite(value)) {
                line.add("null");
                return;
            }
            largest = Math.max(largest, Math.abs(value));
        }
        double scale = (double) largest / LARGEST;
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putShort(scale == 0 ? 0 : (short) Math.round(value / scale));
        }
        line.add("{\"scale\":").addRounded(scale);
        line.add(",\"values16\":\"")
                .add(Base64.getEncoder().encodeToString(bytes.array()))
                .add("\"}");
    }

    private float[] values() {
        Matrix matrix = parameter.matrix();
        float[] values = new float[ids.length * columns()];
        for (int i = 0; i < ids.length; i++) {
            matrix.readRow(ids[i], values, i * columns());
        }
        return values;
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @return (tokens, columns), row after row
     * @throws tinygpt.formats.BadFileException if it is something else
     */
    static float[] read(JsonFields fields, int tokens, int columns) {
        double scale = fields.scale("scale");
        ByteBuffer bytes = ByteBuffer.wrap(fields.bytes("values16", (long) tokens * columns * Short.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[tokens * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (bytes.getShort() * scale);
        }
        return values;
    }
}
