package tinygpt.formats;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;

/**
 * Writes a GGUF file, which llama.cpp and the programs around it read.
 *
 * <p>Vectors and the position embedding are always F32, as llama.cpp's own converter leaves them. Of the quantized types,
 * Q4_0 has the token embedding and the head as Q8_0, because an error there reaches every token. A model without biases gets
 * biases of zero, and a tied head is written a second time, because llama.cpp before 2026 refuses a file without one.
 */
public final class GgufExporter implements ModelExporter {
    /** llama.cpp makes room for a multiple of so many tokens. */
    private static final int CONTEXT_STEP = 256;

    private static final int PIECE = 1 << 16;
    /** Floats of a matrix that are in memory while it is transposed. */
    private static final int PANEL = 1 << 20;

    private final Type type;
    private final boolean compact;

    /** How the numbers of matrices are stored. */
    public enum Type {
        F32(GgmlType.F32, 0),
        F16(GgmlType.F16, 1),
        BF16(GgmlType.BF16, 32),
        Q8_0(GgmlType.Q8_0, 7),
        Q4_0(GgmlType.Q4_0, 2);

        private final GgmlType stored;
        /** {@code general.file_type}. */
        private final int code;

        Type(GgmlType stored, int code) {
            this.stored = stored;
            this.code = code;
        }

        /** As it is given on the command line: {@code q8_0}. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Makes one.
     *
     * @param type how the numbers of matrices are stored
     * @param compact whether a tied head is left out
     */
    public GgufExporter(Type type, boolean compact) {
        this.type = type;
        this.compact = compact;
    }

    @Override
    public Result write(ExportedModel model, Path out) throws IOException {
        check(model);
        GgufWriter file = new GgufWriter();
        keys(model, file);
        GgufTokenizer.write(model, file);
        boolean tied = model.registry().get("lm_head.weight").tiedTo() != null;
        for (GgufLayout.Place place : GgufLayout.of(model.shape())) {
            if (!(tied && compact && place.name().equals(GgufLayout.HEAD))) {
                file.tensor(place.name(), stored(place), place.ne(), sink -> numbers(model, place, sink));
            }
        }
        file.write(out);
        List<GgufTensor> tensors = file.tensors();
        return new Result(
                tensors.size(),
                tensors.stream().mapToLong(GgufTensor::elements).sum(),
                List.of("llama-cli -m " + out + " -no-cnv -p \"...\" -n "
                        + model.shape().contextLength() / 2),
                notes(model.shape(), tied));
    }

    private void check(ExportedModel model) {
        model.refuseAdapters("GGUF");
        if (model.tokenizer().isEmpty()) {
            throw new IllegalArgumentException(
                    "a GGUF file holds the tokenizer, and this model comes without one; put its"
                            + " tokenizer.json, or vocab.json with merges.txt, beside the weights");
        }
        ModelShape shape = model.shape();
        int block = type.stored.blockSize();
        for (int width : new int[] {shape.width(), shape.feedForwardWidth()}) {
            if (width % block != 0) {
                throw new IllegalArgumentException(
                        (width == shape.width() ? "the width" : "the feed-forward width") + " of this model is " + width
                                + ", and " + type + " stores rows in blocks of " + block
                                + "; write it with --type f16, or train a width that is a multiple of " + block);
            }
        }
    }

    private GgmlType stored(GgufLayout.Place place) {
        if (place.ne().length == 1 || place.name().equals(GgufLayout.POSITIONS)) {
            return GgmlType.F32;
        }
        boolean tokens =
                place.name().equals(GgufLayout.EMBEDDING) || place.name().equals(GgufLayout.HEAD);
        return type == Type.Q4_0 && tokens ? GgmlType.Q8_0 : type.stored;
    }

    private void keys(ExportedModel model, GgufWriter file) {
        ModelShape shape = model.shape();
        file.text(GgufKeys.ARCHITECTURE, GgufKeys.GPT2).text(GgufKeys.NAME, "tinygpt");
        model.facts().data().ifPresent(data -> file.text(GgufKeys.DESCRIPTION, "a small GPT, trained on " + data));
        file.u32(GgufKeys.FILE_TYPE, type.code);
        if (type.stored.blockSize() > 1) {
            file.u32(GgufKeys.QUANTIZATION_VERSION, 2);
        }
        file.u32(GgufKeys.CONTEXT, shape.contextLength())
                .u32(GgufKeys.WIDTH, shape.width())
                .u32(GgufKeys.FEED_FORWARD, shape.feedForwardWidth())
                .u32(GgufKeys.LAYERS, shape.layers())
                .u32(GgufKeys.HEADS, shape.heads())
                .f32(GgufKeys.EPSILON, (float) shape.layerNormEpsilon());
        if (shape.activation() != Activation.GELU_TANH) {
            file.text(GgufKeys.ACTIVATION, shape.activation().name().toLowerCase(Locale.ROOT));
        }
    }

    private static void numbers(ExportedModel model, GgufLayout.Place place, GgufWriter.Sink sink) throws IOException {
        if (!model.registry().contains(place.parameter())) { // a bias that the model does without
            sink.accept(new float[(int) place.ne()[0]], 0, (int) place.ne()[0]);
            return;
        }
        Parameter parameter = model.registry().get(place.parameter());
        if (place.transposed()) {
            transposed(model, parameter, sink);
            return;
        }
        int row = (int) place.ne()[0];
        int step = Math.max(1, PIECE / row) * row;
        float[] piece = new float[(int) Math.min(step, parameter.size())];
        for (long done = 0; done < parameter.size(); done += step) {
            int n = (int) Math.min(step, parameter.size() - done);
            model.numbers().read(parameter, done, piece, 0, n);
            sink.accept(piece, 0, n);
        }
    }

    /** The columns of a matrix as rows, as many at a time as fit a panel. */
    private static void transposed(ExportedModel model, Parameter parameter, GgufWriter.Sink sink) throws IOException {
        int rows = parameter.shape()[0];
        int columns = parameter.shape()[1];
        int most = Math.max(1, Math.min(columns, PANEL / rows));
        float[] stretch = new float[most];
        float[] panel = new float[most * rows];
        for (int first = 0; first < columns; first += most) {
            int n = Math.min(most, columns - first);
            for (int row = 0; row < rows; row++) {
                model.numbers().read(parameter, (long) row * columns + first, stretch, 0, n);
                for (int column = 0; column < n; column++) {
                    panel[column * rows + row] = stretch[column];
                }
            }
            sink.accept(panel, 0, n * rows);
        }
    }

    private List<String> notes(ModelShape shape, boolean tied) {
        List<String> notes = new ArrayList<>();
        int context = shape.contextLength();
        if (context % CONTEXT_STEP != 0) {
            notes.add("llama.cpp makes room for " + (context / CONTEXT_STEP + 1) * CONTEXT_STEP
                    + " tokens, and this model has positions for " + context
                    + ": it aborts if prompt and answer together are longer than that, so limit them there with -n, or"
                    + " train a context of a multiple of " + CONTEXT_STEP);
        }
        if (shape.activation() != Activation.GELU_TANH) {
            notes.add(
                    "llama.cpp computes GELU by tanh, this model by erf: each value that it gives is up to 0.0005 off");
        }
        if (!shape.biases()) {
            notes.add("this model has no biases, and GPT-2 in llama.cpp has them: they are written as zeros, which"
                    + " computes the same");
        }
        if (tied && !compact) {
            notes.add("the output head is written although it is tied to the token embedding, because llama.cpp before"
                    + " 2026 needs it; --compact leaves it out");
        }
        if (compact && !tied) {
            notes.add("--compact left out nothing: the output head of this model is a matrix of its own");
        }
        return notes;
    }
}
