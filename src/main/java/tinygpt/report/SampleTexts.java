package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tinygpt.formats.BadFileException;

/** What {@code samples.txt} says: blocks of {@code step N} and indented lines, each with an empty line behind it. */
final class SampleTexts {
    private static final String STEP = "step ";
    private static final String INDENT = "    ";
    /** A page shows that many; of more, the evenly spaced ones. */
    private static final int MOST = 60;

    private record Sample(long step, String text) {}

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
        long step = -1;
        List<String> text = new ArrayList<>();
        for (String line : whole.split("\n", -1)) {
            if (line.startsWith(INDENT)) {
                text.add(line.substring(INDENT.length()));
            } else if (line.isEmpty() && step >= 0) {
                samples.add(new Sample(step, String.join("\n", text)));
                step = -1;
            } else if (line.matches(STEP + "[0-9]{1,18}")) {
                step = Long.parseLong(line.substring(STEP.length()));
                text.clear();
            }
        }
        return samples;
    }
}
