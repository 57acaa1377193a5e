package tinygpt.formats;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tinygpt.hyperparameters.ModelShape;

/** A GPT-2 that ONNX Runtime runs, fed as transformers.js feeds it: the outputs of a call are the past of the next. */
public final class OnnxRun implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment("tinygpt");
    private final OrtSession session;
    private final ModelShape shape;
    private final int batch;
    /** What was given for each text so far, 0 where it was padding. */
    private final List<List<Long>> mask = new ArrayList<>();

    private OrtSession.Result last;

    /** Opens a file for so many texts at once. */
    public OnnxRun(Path file, ModelShape shape, int batch) throws OrtException {
        this.shape = shape;
        this.batch = batch;
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            session = environment.createSession(file.toString(), options);
        }
        for (int text = 0; text < batch; text++) {
            mask.add(new ArrayList<>());
        }
    }

    OrtSession session() {
        return session;
    }

    /**
     * The logits (B, T, V) that follow these tokens, T for each text.
     *
     * @param ids a negative one is padding, at the left of a text
     */
    public float[][][] read(int[]... ids) throws OrtException {
        int time = ids[0].length;
        long[][] tokens = new long[batch][time];
        long[][] positions = new long[batch][time];
        for (int text = 0; text < batch; text++) {
            List<Long> seen = mask.get(text);
            for (int t = 0; t < time; t++) {
                boolean token = ids[text][t] >= 0;
                positions[text][t] = token ? seen.stream().mapToLong(m -> m).sum() : 0;
                tokens[text][t] = token ? ids[text][t] : 0;
                seen.add(token ? 1L : 0L);
            }
        }
        long[][] masks = mask.stream()
                .map(row -> row.stream().mapToLong(m -> m).toArray())
                .toArray(long[][]::new);
        Map<String, OnnxTensorLike> inputs = new HashMap<>();
        List<OnnxTensor> own = new ArrayList<>();
        own.add(put(inputs, "input_ids", OnnxTensor.createTensor(environment, tokens)));
        own.add(put(inputs, "attention_mask", OnnxTensor.createTensor(environment, masks)));
        own.add(put(inputs, "position_ids", OnnxTensor.createTensor(environment, positions)));
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (String part : List.of("key", "value")) {
                String past = "past_key_values." + layer + "." + part;
                if (last != null) {
                    String present = "present." + layer + "." + part;
                    inputs.put(past, (OnnxTensor) last.get(present).orElseThrow());
                } else {
                    long[] none = {batch, shape.heads(), 0, shape.headWidth()};
                    own.add(put(inputs, past, OnnxTensor.createTensor(environment, FloatBuffer.allocate(0), none)));
                }
            }
        }
        OrtSession.Result result = session.run(inputs);
        own.forEach(OnnxTensor::close);
        if (last != null) {
            last.close();
        }
        last = result;
        return (float[][][]) last.get("logits").orElseThrow().getValue();
    }

    /** The id with the highest logit. */
    public static int highest(float[] row) {
        int best = 0;
        for (int id = 1; id < row.length; id++) {
            best = row[id] > row[best] ? id : best;
        }
        return best;
    }

    private static OnnxTensor put(Map<String, OnnxTensorLike> inputs, String name, OnnxTensor tensor) {
        inputs.put(name, tensor);
        return tensor;
    }

    /** Forgets what was read. */
    public void clear() {
        if (last != null) {
            last.close();
            last = null;
        }
        mask.forEach(List::clear);
    }

    @Override
    public void close() throws OrtException {
        clear();
        session.close();
    }
}
