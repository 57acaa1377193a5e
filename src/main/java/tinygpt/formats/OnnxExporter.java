package tinygpt.formats;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The folder from which transformers.js loads a GPT-2: {@code onnx/model.onnx}, which every ONNX runtime opens, beside the
 * configuration and the tokenizer of a Hugging Face folder.
 */
public final class OnnxExporter implements ModelExporter {
    private static final String FOLDER = "onnx";
    private static final String FILE = "model.onnx";
    /** Protocol buffers count the bytes of a message in 31 bits. */
    private static final long MOST_BYTES = Integer.MAX_VALUE;

    @Override
    public Result write(ExportedModel model, Path out) throws IOException {
        model.refuseAdapters("ONNX");
        OnnxGraph graph = OnnxGpt2.of(model.registry());
        if (graph.size() > MOST_BYTES) {
            throw new IllegalArgumentException("an ONNX file has at most " + MOST_BYTES + " bytes, and this model would"
                    + " need " + graph.size() + "; export it with --format hf or gguf, which have no such limit");
        }
        Path place = out.toAbsolutePath().normalize();
        List<String> notes = new ArrayList<>();
        AtomicFolder.write(out, HuggingFaceFiles::isExport, folder -> {
            String name = place.getFileName().toString();
            notes.addAll(HuggingFaceFiles.write(model, folder, name, loading(model, ".", name)));
            HuggingFaceFiles.forTransformersJs(folder);
            Path onnx = Files.createDirectory(folder.resolve(FOLDER));
            AtomicFile.write(onnx.resolve(FILE), stream -> graph.writeTo(stream, model.numbers()));
        });
        return new Result(graph.tensors(), graph.numbers(), next(model, out, place), notes);
    }

    private static List<String> next(ExportedModel model, Path out, Path place) {
        List<String> next = new ArrayList<>();
        next.add("in JavaScript, with transformers.js (npm install @huggingface/transformers):");
        String parent = String.valueOf(place.getParent());
        for (String line : loading(model, parent, place.getFileName().toString())) {
            next.add("  " + line);
        }
        next.add("elsewhere, with ONNX Runtime: " + out.resolve(FOLDER).resolve(FILE));
        next.add("prompt and answer together may have " + model.shape().contextLength()
                + " tokens, the model's context");
        return next;
    }

    /** How transformers.js loads a folder. */
    private static List<String> loading(ExportedModel model, String parent, String name) {
        boolean texts = model.tokenizer().isPresent();
        List<String> lines = new ArrayList<>();
        lines.add("import { env, " + (texts ? "pipeline" : "AutoModelForCausalLM")
                + " } from \"@huggingface/transformers\";");
        lines.add("env.localModelPath = " + quoted(parent) + ";");
        if (texts) {
            lines.add("const generate = await pipeline(\"text-generation\", " + quoted(name) + ");");
            lines.add("console.log((await generate(\"The \", { max_new_tokens: 100 }))[0].generated_text);");
        } else {
            lines.add("const model = await AutoModelForCausalLM.from_pretrained(" + quoted(name) + ");");
        }
        return lines;
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
