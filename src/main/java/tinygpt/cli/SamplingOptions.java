package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import tinygpt.generation.Penalties;
import tinygpt.generation.SamplingSettings;

/** The options that say how tokens are chosen and what ends a text. */
final class SamplingOptions {
    private static final double USUAL_TEMPERATURE = 0.8;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            description = "Lower is more predictable, 0 the same as --greedy; " + USUAL_TEMPERATURE + " unless given.")
    private Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "N",
            defaultValue = "0",
            description = "Choose among the N most likely tokens only.")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Choose among the fewest most likely tokens that have this probability together.")
    private double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description = "Choose among tokens with at least P times the probability of the likeliest only.")
    private double minP;

    @Option(names = "--greedy", description = "Always take the most likely token.")
    private boolean greedy;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "X",
            defaultValue = "1",
            description = "Divide the logit of every token of prompt and text by X, or multiply it if it is negative."
                    + " Penalties come first, then temperature, top-k, top-p and min-p.")
    private double repetition;

    @Option(
            names = "--frequency-penalty",
            paramLabel = "X",
            defaultValue = "0",
            description = "Subtract X from a token's logit for each time it was generated.")
    private double frequency;

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            defaultValue = "0",
            description = "Subtract X from a token's logit if it was generated.")
    private double presence;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1337",
            description = "Another seed gives another text; 1337 unless given.")
    private long seed;

    @Option(names = "--stop", paramLabel = "TEXT", description = "End before this text; may be given several times.")
    private List<String> stops = List.of();

    @Option(names = "--stop-file", paramLabel = "FILE", description = "The same for each line of a file.")
    private Path stopFile;

    @Option(
            names = "--stop-ids",
            paramLabel = "ID[,ID]",
            converter = IdList.Converter.class,
            description = "End before any of these tokens, as before the end-of-text token.")
    private IdList stopIds;

    /** The option by which a stop text was given, or null. */
    String stopOption() {
        return !stops.isEmpty() ? "--stop" : stopFile != null ? "--stop-file" : null;
    }

    /** Refuses stop tokens that the vocabulary lacks. */
    void check(int vocabularySize) {
        if (stopIds != null) {
            stopIds.within("--stop-ids", vocabularySize);
        }
    }

    /**
     * What was asked for.
     *
     * @throws CommandFailure if it cannot be meant
     * @throws IOException if the file of stop texts cannot be read
     */
    SamplingSettings settings() throws IOException {
        if (greedy && temperature != null && temperature != 0) {
            throw new CommandFailure(Exit.USAGE, "--greedy is temperature 0; leave out --temperature or --greedy");
        }
        SamplingSettings settings = SamplingSettings.defaults()
                .withTemperature(greedy ? 0 : temperature == null ? USUAL_TEMPERATURE : temperature)
                .withTopK(topK)
                .withTopP(topP)
                .withMinP(minP)
                .withPenalties(new Penalties(repetition, frequency, presence))
                .withSeed(seed)
                .withStops(allStops().toArray(new String[0]));
        return stopIds == null ? settings : settings.withStopIds(stopIds.ids());
    }

    private List<String> allStops() throws IOException {
        List<String> all = new ArrayList<>(stops);
        if (stopFile != null) {
            List<String> lines = Encoding.utf8(Files.readAllBytes(stopFile))
                    .lines()
                    .filter(line -> !line.isEmpty())
                    .toList();
            if (lines.isEmpty()) {
                throw new CommandFailure(Exit.BAD_DATA, stopFile + " has no stop text; it has one on each line");
            }
            all.addAll(lines);
        }
        return all;
    }
}
