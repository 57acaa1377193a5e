package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Preset;

/** The README's pictures of a terminal show the program as it is: one had stayed behind by two changes of the default. */
class PicturesTest {
    private static List<String> lines(String picture) throws IOException {
        Path file = Path.of(System.getProperty("tinygpt.home", "."), "src", "docs", picture);
        String svg = Files.readString(file);
        // Browsers no longer heed xml:space, and would draw many spaces as one.
        assertTrue(!svg.contains("xml:space"), picture);
        return svg.lines()
                .filter(line -> line.startsWith("<text "))
                .map(line -> line.replaceAll("<[^>]*>", "")
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&amp;", "&"))
                .peek(line -> assertTrue(!line.contains("  "), line))
                .map(line -> line.replace('\u00a0', ' '))
                .toList();
    }

    @Test
    void parameters_areWhatTheCommandPrints() throws IOException {
        List<String> picture = lines("params.svg");
        assertEquals("$ scripts/tinygpt params", picture.get(0));
        List<String> printed = Run.of("params").lines().stream()
                .filter(line -> !line.isBlank())
                .toList();
        assertEquals(printed, picture.subList(1, picture.size()));
    }

    @Test
    void training_isOneOfTodaysDefault() throws IOException {
        String picture = String.join("\n", lines("train.svg"));
        String hash = Preset.named("tiny").hyperparameters().sha256().substring(0, 12);
        assertTrue(picture.startsWith("$ scripts/tinygpt train\n"), picture);
        assertTrue(picture.contains("\n  config sha256     " + hash + " -> " + hash + "   the same\n"), hash);
    }
}
