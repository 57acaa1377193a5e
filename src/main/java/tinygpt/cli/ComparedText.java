package tinygpt.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Tokenizer;

/** The options of what a model reads and writes before and after a change, and the text it writes. */
final class ComparedText {
    private static final double TEMPERATURE = 0.8;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "The text; the one the model was trained on unless given, or the tales if that is gone.")
    Path data;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "What the texts begin with; a new text unless given.")
    String prompt;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "120",
            description = "Length of the texts; 120 unless given, 0 for none.")
    private int maxTokens;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1337",
            description = "Seed of the texts; 1337 unless given.")
    long seed;

    /** Refuses a length that is none. */
    void check() {
        RunOptions.atLeast("--max-tokens", maxTokens, 0, "0 writes no texts");
    }

    /** What the model writes now: the same choices every time, so that only its weights make a difference. */
    String sample(Gpt gpt, WorkerTeam team, ModelText text) {
        if (maxTokens == 0) {
            return "";
        }
        Tokenizer tokenizer = text.corpus().tokenizer();
        int[] start = prompt == null ? SampleWriter.start(text.corpus()) : tokenizer.encode(prompt);
        StringBuilder written = new StringBuilder(tokenizer.decode(start));
        SamplingSettings settings = SamplingSettings.defaults()
                .withTemperature(TEMPERATURE)
                .withSeed(seed)
                .withMaxTokens(maxTokens);
        try (Generator generator = new Generator(gpt, team.workspace())) {
            generator.text(tokenizer, start, settings, 0, piece -> {
                written.append(piece);
                return true;
            });
            return written.toString();
        } catch (ArithmeticException e) {
            return "(no text: the logits are not finite numbers)";
        }
    }
}
