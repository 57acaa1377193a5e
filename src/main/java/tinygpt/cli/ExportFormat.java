package tinygpt.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import tinygpt.formats.HuggingFaceExporter;
import tinygpt.formats.LlmViz;
import tinygpt.formats.ModelExporter;
import tinygpt.formats.OnnxExporter;

/** The formats that a model can be exported to: the one list that options, help and messages are made from. */
enum ExportFormat {
    HUGGING_FACE(
            "hf",
            "a folder that transformers and much else loads: weights, configuration, tokenizer, model card",
            new HuggingFaceExporter()),
    ONNX("onnx", "a folder for transformers.js, whose model.onnx every ONNX runtime opens", new OnnxExporter()),
    LLM_VIZ("llm-viz", "JSON for github.com/bbycroft/llm-viz, a walk in 3-D", new LlmViz());

    private final String label;
    private final String about;
    private final ModelExporter exporter;

    ExportFormat(String label, String about, ModelExporter exporter) {
        this.label = label;
        this.about = about;
        this.exporter = exporter;
    }

    String about() {
        return about;
    }

    ModelExporter exporter() {
        return exporter;
    }

    /**
     * The format of that name.
     *
     * @throws CommandFailure if there is none, listing those there are
     */
    static ExportFormat labelled(String label) {
        return Arrays.stream(values())
                .filter(format -> format.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new CommandFailure(
                        Exit.USAGE, "there is no format '" + label + "' to export to; there is " + labels(", ")));
    }

    static String labels(String separator) {
        return Arrays.stream(values()).map(format -> format.label).collect(Collectors.joining(separator));
    }

    @Override
    public String toString() {
        return label;
    }
}
