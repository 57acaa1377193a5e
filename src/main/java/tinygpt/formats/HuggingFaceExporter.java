package tinygpt.formats;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tinygpt.parameters.Parameter;

/**
 * The folder from which transformers, and much else, loads a GPT-2: weights, configuration, tokenizer and model card.
 *
 * <p>Names and layout of the tensors are those of {@code GPT2LMHeadModel}, which are the registry's with the prefix
 * {@code transformer.}; they are in the order in which its own program writes them. That model has biases everywhere: where
 * ours has none they are written as zeros, which computes the same.
 */
public final class HuggingFaceExporter implements ModelExporter {
    static final String WEIGHTS = "model.safetensors";
    static final String WRITER = "written_by";
    static final String PROGRAM = "tinygpt";

    private static final String PREFIX = "transformer.";
    private static final String HEAD = "lm_head.weight";
    private static final int PIECE = 1 << 16;

    /**
     * A tensor of the file.
     *
     * @param parameter where its numbers are, or null for zeros
     */
    private record Tensor(String name, int[] shape, Parameter parameter) {
        long size() {
            long size = 1;
            for (int n : shape) {
                size *= n;
            }
            return size;
        }

        long[] longShape() {
            return java.util.Arrays.stream(shape).asLongStream().toArray();
        }
    }

    @Override
    public Result write(ExportedModel model, Path out) throws IOException {
        model.refuseAdapters("a Hugging Face folder");
        List<Tensor> tensors = tensors(model);
        List<String> notes = new ArrayList<>();
        AtomicFolder.write(out, HuggingFaceFiles::isExport, folder -> {
            notes.addAll(
                    HuggingFaceFiles.write(model, folder, name(out), ModelCard.transformers(model, "./" + name(out))));
            write(model, tensors, folder.resolve(WEIGHTS));
        });
        if (!model.shape().biases()) {
            notes.add("GPT-2 in transformers has biases, this model has none: they are written as zeros");
        }
        List<String> next = new ArrayList<>();
        next.add("in Python, with transformers:");
        for (String line : ModelCard.transformers(model, out.toString())) {
            next.add("  " + line);
        }
        return new Result(
                tensors.size(), tensors.stream().mapToLong(Tensor::size).sum(), next, notes);
    }

    private static String name(Path out) {
        return out.toAbsolutePath().normalize().getFileName().toString();
    }

    /** The tensors in the order of their names. */
    private static List<Tensor> tensors(ExportedModel model) {
        List<Tensor> tensors = new ArrayList<>();
        for (Parameter parameter : model.registry().owned()) {
            String name = parameter.name().equals(HEAD) ? HEAD : PREFIX + parameter.name();
            tensors.add(new Tensor(name, parameter.shape(), parameter));
            boolean biased = switch (parameter.kind()) {
                case ATTENTION, FEED_FORWARD, NORMALIZATION -> true;
                case EMBEDDING, POSITIONAL, OUTPUT, ADAPTER -> false;
            };
            if (biased && !model.shape().biases()) {
                int[] shape = parameter.shape();
                String bias = name.replaceFirst("weight$", "bias");
                tensors.add(new Tensor(bias, new int[] {shape[shape.length - 1]}, null));
            }
        }
        tensors.sort(Comparator.comparing(Tensor::name));
        return tensors;
    }

    private static void write(ExportedModel model, List<Tensor> tensors, Path file) {
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(file).metadata("format", "pt").metadata(WRITER, PROGRAM)) {
            for (Tensor tensor : tensors) {
                writer.declare(tensor.name(), tensor.longShape());
            }
            float[] piece = new float[PIECE];
            float[] zeros = new float[PIECE];
            for (Tensor tensor : tensors) {
                for (long done = 0; done < tensor.size(); done += PIECE) {
                    int count = (int) Math.min(PIECE, tensor.size() - done);
                    if (tensor.parameter() != null) {
                        model.numbers().read(tensor.parameter(), done, piece, 0, count);
                    }
                    writer.write(tensor.name(), tensor.parameter() == null ? zeros : piece, 0, count);
                }
            }
            writer.commit();
        }
    }
}
