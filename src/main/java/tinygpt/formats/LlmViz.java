package tinygpt.formats;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;

/**
 * The JSON that llm-viz reads, Brendan Bycroft's walk through a GPT in 3-D (github.com/bbycroft/llm-viz).
 *
 * <p>Design: one object. {@code config} has minGPT's settings; every other key is a tensor of minGPT's state dictionary,
 * {@code {"shape": [..], "dtype": "torch.float32", "data": base64 of little-endian floats}}. Against Hugging Face's names
 * and layout that means: all but the head is below {@code transformer.}; the matrices of attention and feed-forward are
 * torch.nn.Linear's, [out, in], so they are transposed; the head is there even if it is tied. minGPT's buffers of causal
 * masks, {@code attn.bias}, are left out, since nobody reads them and they grow with the square of the context.
 *
 * <p>The viewer knows GPT-2's blocks only: feed-forward of 4 C, tanh-GELU, norms with epsilon 1e-5. It reads a bias of
 * every layer, so where the model has none they are written as zeros, which computes the same. It starts with a text of
 * 11 tokens with ids 0 to 2, and computes in 16 MiB of WebAssembly memory.
 */
public final class LlmViz implements ModelExporter {
    /** What the viewer's first text needs. */
    private static final int LEAST_CONTEXT = 11;

    private static final int LEAST_VOCABULARY = 3;
    private static final double EPSILON = 1e-5;
    /** Pages of WebAssembly that the viewer allows itself. */
    private static final long VIEWER_BYTES = 256L << 16;

    private static final String HEAD = "lm_head.weight";

    @Override
    public Result write(ExportedModel model, Path out) throws IOException {
        check(model);
        Counter counter = new Counter();
        AtomicFile.write(out, stream -> {
            try (JsonGenerator json = new JsonFactory()
                    .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                    .createGenerator(stream, JsonEncoding.UTF8)) {
                json.writeStartObject();
                config(json, model.shape());
                for (Parameter parameter : model.registry().all()) {
                    tensor(json, model, parameter, counter);
                }
                json.writeEndObject();
                json.writeRaw('\n');
            }
        });
        return new Result(counter.tensors, counter.numbers, next(model.shape(), out), notes(model.shape()));
    }

    private static final class Counter {
        private int tensors;
        private long numbers;
    }

    private static void check(ExportedModel model) {
        ModelShape shape = model.shape();
        model.refuseAdapters("llm-viz");
        if (shape.feedForwardWidth() != 4 * shape.width()) {
            throw new IllegalArgumentException("llm-viz draws feed-forward layers of 4 x the width only, "
                    + 4 * shape.width() + " here, not " + shape.feedForwardWidth());
        }
        if (shape.contextLength() < LEAST_CONTEXT || shape.vocabularySize() < LEAST_VOCABULARY) {
            throw new IllegalArgumentException("llm-viz starts with " + LEAST_CONTEXT + " tokens of "
                    + LEAST_VOCABULARY + " kinds, and this model has a context of " + shape.contextLength()
                    + " and a vocabulary of " + shape.vocabularySize() + "; export a larger one");
        }
    }

    private static void config(JsonGenerator json, ModelShape shape) throws IOException {
        json.writeObjectFieldStart("config");
        json.writeStringField("model_type", "tinygpt");
        json.writeNumberField("n_layer", shape.layers());
        json.writeNumberField("n_head", shape.heads());
        json.writeNumberField("n_embd", shape.width());
        json.writeNumberField("vocab_size", shape.vocabularySize());
        json.writeNumberField("block_size", shape.contextLength());
        json.writeNumberField("embd_pdrop", shape.embeddingDropout());
        json.writeNumberField("resid_pdrop", shape.residualDropout());
        json.writeNumberField("attn_pdrop", shape.attentionDropout());
        json.writeEndObject();
    }

    private static void tensor(JsonGenerator json, ExportedModel model, Parameter parameter, Counter counter)
            throws IOException {
        int[] shape = parameter.shape();
        float[] numbers = model.all(parameter);
        boolean linear = shape.length == 2
                && (parameter.kind() == ParameterKind.ATTENTION || parameter.kind() == ParameterKind.FEED_FORWARD);
        if (linear) {
            numbers = Transpose.of(numbers, shape[0], shape[1]);
            shape = new int[] {shape[1], shape[0]};
        }
        write(json, name(parameter.name()), shape, numbers, counter);
        boolean biased = linear || parameter.kind() == ParameterKind.NORMALIZATION;
        if (biased && !model.shape().biases()) {
            String bias = name(parameter.name()).replaceFirst("weight$", "bias");
            write(json, bias, new int[] {shape[0]}, new float[shape[0]], counter);
        }
    }

    private static void write(JsonGenerator json, String name, int[] shape, float[] numbers, Counter counter)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeFieldName("shape");
        json.writeArray(shape, 0, shape.length);
        json.writeStringField("dtype", "torch.float32");
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers);
        json.writeStringField("data", Base64.getEncoder().encodeToString(bytes.array()));
        json.writeEndObject();
        counter.tensors++;
        counter.numbers += numbers.length;
    }

    private static String name(String name) {
        return name.equals(HEAD) ? name : "transformer." + name;
    }

    /** The viewer takes the model from one place, and the sizes that it draws from another. */
    private static List<String> next(ModelShape shape, Path out) {
        return List.of(
                "in a copy of github.com/bbycroft/llm-viz:",
                "  cp " + out + " public/gpt-nano-sort-model.json",
                "  in src/llm/Program.ts, set the first shape to B: 1, T: " + shape.contextLength() + ", C: "
                        + shape.width() + ",",
                "  nHeads: " + shape.heads() + ", A: " + shape.headWidth() + ", nBlocks: " + shape.layers()
                        + ", vocabSize: " + shape.vocabularySize());
    }

    private static List<String> notes(ModelShape shape) {
        List<String> notes = new ArrayList<>();
        if (shape.activation() != Activation.GELU_TANH) {
            notes.add("llm-viz computes GELU by tanh, this model by erf: each value that it gives is up to 0.0005 off");
        }
        if (shape.layerNormEpsilon() != EPSILON) {
            notes.add("llm-viz computes norms with epsilon 1e-5, not " + shape.layerNormEpsilon()
                    + ", so its numbers will be a little off");
        }
        long bytes = viewerBytes(shape);
        if (bytes > VIEWER_BYTES) {
            notes.add("llm-viz computes in " + (VIEWER_BYTES >> 20)
                    + " MiB of WebAssembly memory, and this model needs "
                    + ((bytes >> 20) + 1) + " MiB there: raise 'maximum' in its src/llm/NativeBindings.ts, or train a"
                    + " smaller context or width");
        }
        return notes;
    }

    /** What the viewer allocates: the weights, and everything that a pass over one text leaves. */
    static long viewerBytes(ModelShape shape) {
        long t = shape.contextLength();
        long c = shape.width();
        long v = shape.vocabularySize();
        long weights = 2 * v * c + t * c + 2 * c + shape.layers() * (12 * c * c + 13 * c);
        long norm = t * c + 2 * t;
        long attention = 3 * t * c + 2 * shape.heads() * t * t + 2 * shape.heads() * t + 3 * t * c;
        long feedForward = 2 * 4 * t * c + 2 * t * c;
        long values = t + 2 * t * c + norm + 2 * t * v + 2 * t + shape.layers() * (2 * norm + attention + feedForward);
        return (weights + values) * Float.BYTES;
    }
}
