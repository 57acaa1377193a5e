package tinygpt.cli;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;
import tinygpt.formats.HuggingFaceExporter;
import tinygpt.formats.LlmViz;
import tinygpt.formats.ModelExporter;

/** The formats that a model can be exported to: the one list that options, help and messages are made from. */
enum ExportFormat {
    HUGGING_FACE(
            "hf",
            "a folder that transformers and much else loads: weights, configuration, tokenizer, model card",
            new HuggingFaceExporter()),
    GGUF("gguf", "one file with the tokenizer, for llama.cpp and what is built on it", GgufOptions::exporter),
    LLM_VIZ("llm-viz", "JSON for github.com/bbycroft/llm-viz, a walk in 3-D", new LlmViz());

    private final String label;
    private final String about;
    private final Function<GgufOptions, ModelExporter> exporter;

    ExportFormat(String label, String about, ModelExporter exporter) {
        this(label, about, options -> exporter);
    }

    ExportFormat(String label, String about, Function<GgufOptions, ModelExporter> exporter) {
        this.label = label;
        this.about = about;
        this.exporter = exporter;
    }

    String about() {
        return about;
    }

    /**
     * What writes it.
     *
     * @throws CommandFailure if an option is given that belongs to another format
     */
    ModelExporter exporter(GgufOptions options) {
        if (this != GGUF) {
            options.refuse(this);
        }
        return exporter.apply(options);
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
