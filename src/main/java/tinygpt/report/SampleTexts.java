package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tinygpt.formats.BadFileException;

/** What {@code samples.txt} says: blocks of {@code step N} and indented lines, each with an empty line behind it. */
final class SampleTexts {
    private static final String STEP = "step ";
    private static final String INDENT = "    ";
    /** A page shows that many; of more, the evenly spaced ones. */
    private static final int MOST = 60;

    /** What the model wrote after so many steps. */
    record Sample(long step, String text) {}

    private SampleTexts() {}

    /** The piece of the state; empty if nothing was written. */
    static ArrayNode read(Path file) {
        List<Sample> samples = Files.isRegularFile(file) ? parse(file) : List.of();
        ArrayNode json = JsonNodeFactory.instance.arrayNode();
        int n = Math.min(MOST, samples.size());
        for (int i = 0; i < n; i++) {
            Sample sample = samples.get(n == 1 ? 0 : (int) ((long) (samples.size() - 1) * i / (n - 1)));
            json.addObject().put("step", sample.step()).put("text", sample.text());
        }
        return json;
    }

    private static List<Sample> parse(Path file) {
        String whole;
        try {
            whole = Files.readString(file);
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e.getMessage(), e);
        }
        List<Sample> samples = new ArrayList<>();
        Parser parser = new Parser();
        for (String line : whole.split("\n", -1)) {
            parser.line(line).ifPresent(samples::add);
        }
        return samples;
    }

    /** Takes the lines of the file one by one. */
    static final class Parser {
        private final List<String> text = new ArrayList<>();
        private long step = -1;

        /** The sample that ends with this line, if one does. */
        Optional<Sample> line(String line) {
            if (line.startsWith(INDENT)) {
                text.add(line.substring(INDENT.length()));
            } else if (line.isEmpty() && step >= 0) {
                Sample sample = new Sample(step, String.join("\n", text));
                step = -1;
                return Optional.of(sample);
            } else if (line.matches(STEP + "[0-9]{1,18}")) {
                step = Long.parseLong(line.substring(STEP.length()));
                text.clear();
            }
            return Optional.empty();
        }
    }
}
