package tinygpt.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;
import tinygpt.formats.GgufExporter;

/** The options of an export to GGUF. */
final class GgufOptions {
    @Option(
            names = "--type",
            paramLabel = "f32|f16|bf16|q8_0|q4_0",
            description = "With --format gguf: how the numbers of matrices are stored; f32 unless given. q8_0 and q4_0"
                    + " are blocks of 32 integers with one scale, about 8.5 and 4.5 bits a number.")
    private String type;

    @Option(
            names = "--compact",
            description = "With --format gguf: leave out the output head where it is tied to the token embedding."
                    + " llama.cpp before 2026 cannot read such a file.")
    private boolean compact;

    /**
     * What writes with these options.
     *
     * @throws CommandFailure if there is no such type
     */
    GgufExporter exporter() {
        String wanted = type == null ? GgufExporter.Type.F32.toString() : type;
        return Arrays.stream(GgufExporter.Type.values())
                .filter(known -> known.toString().equals(wanted))
                .findFirst()
                .map(known -> new GgufExporter(known, compact))
                .orElseThrow(() -> new CommandFailure(
                        Exit.USAGE,
                        "there is no --type '" + wanted + "'; there is "
                                + Arrays.stream(GgufExporter.Type.values())
                                        .map(GgufExporter.Type::toString)
                                        .collect(Collectors.joining(", "))));
    }

    /**
     * For a format that has no such options.
     *
     * @throws CommandFailure if one is given
     */
    void refuse(ExportFormat format) {
        if (type != null || compact) {
            throw new CommandFailure(
                    Exit.USAGE,
                    (type != null ? "--type" : "--compact") + " belongs to --format gguf; " + format
                            + " has no such choice");
        }
    }
}
