package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.inspection.BlockMap;
import tinygpt.inspection.DivergingColors;
import tinygpt.inspection.InspectedModel;
import tinygpt.reference.ModelFixtures;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

class InspectCommandTest {
    /** Ids: space, 5, a, b, e, end of text. */
    private static final Tokenizer TOKENIZER = CharacterTokenizer.of("5 abe");

    @TempDir
    Path run;

    @BeforeEach
    void write() {
        Hyperparameters h =
                InspectedModel.nano(1).with("model.vocabulary_size", Integer.toString(TOKENIZER.vocabularySize()));
        for (long step : new long[] {0, 9}) {
            float[] rows = new float[6 * 32];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i / 32 - 2.5f + (step == 0 ? 0 : 0.25f * (i % 32));
            }
            rows[4 * 32 + 2] = step == 0 ? 1.5f : -1.12345f;
            InspectedModel.write(
                    run, h, step, TOKENIZER.describe(), registry -> InspectedModel.set(registry, "wte.weight", rows));
        }
    }

    @Test
    void rowOfAToken_hasItsNumbersBeforeAfterAndTheDifference() {
        Run shown = Run.of("inspect", run.toString(), "wte.weight", "--row", "e", "--columns", "1..3");
        assertEquals(0, shown.exitCode(), shown.err());
        List<String> lines = shown.lines();
        assertTrue(lines.get(0).startsWith("wte.weight   embedding   [6, 32]   step 9 of "), lines.get(0));
        assertEquals("row 4 'e', columns 1..3 of 32", lines.get(2));
        assertEquals("column              1         2         3", lines.get(3));
        assertEquals("step 0        1.50000   1.50000   1.50000", lines.get(4));
        assertEquals("step 9        1.75000  -1.12345   2.25000", lines.get(5));
        assertEquals("change        0.25000  -2.62345   0.75000", lines.get(6));
    }

    @Test
    void rowOfAToken_hasAllItsNumbers() {
        Run shown = Run.of("inspect", run.toString(), "wte.weight", "--row", "'e'", "--at", "0");
        long numbers = shown.lines().stream()
                .filter(line -> line.startsWith("step 0 "))
                .mapToLong(line -> line.strip().split("\\s+").length - 2)
                .sum();
        assertEquals(32, numbers);
        assertFalse(shown.out().contains("change"), "at step 0 nothing has changed");
    }

    @Test
    void number_isARowAndInQuotesAToken() {
        assertTrue(Run.of("inspect", run.toString(), "wte.weight", "--row", "5")
                .out()
                .contains("row 5 <|endoftext|>,"));
        assertTrue(Run.of("inspect", run.toString(), "wte.weight", "--row", "'5'")
                .out()
                .contains("row 1 '5',"));
    }

    @Test
    void heatMapWithoutColors_keepsTheSigns() {
        Run shown = Run.of("inspect", run.toString(), "wte.weight", "--at", "0", "--limit", "2", "--color", "never");
        List<String> lines = shown.lines();
        int map = lines.indexOf("value; one cell = 1 row x 1 column, their mean");
        assertEquals(-1, map, "one number a cell, or several columns");
        List<String> cells = lines.stream()
                .filter(line -> line.matches(" *[0-5] ('.'|<.*>) [-+.!? 0-9]+"))
                .toList();
        assertEquals(6, cells.size(), shown.out());
        assertTrue(cells.get(0).contains("0 ' ' -!-!-!"), cells.get(0)); // -2.5 is beyond 2
        assertTrue(cells.get(1).contains("1 '5' -7-7-7"), cells.get(1)); // -1.5 / 2 * 9 = -6.75
        assertTrue(cells.get(3).contains("3 'b' +2+2+2"), cells.get(3)); // 0.5 / 2 * 9 = 2.25
        assertTrue(cells.get(5).startsWith("5 <|endoftext|> +!"), cells.get(5));
        assertTrue(shown.out().contains("limits -2.0000 to +2.0000: sign, and size in ninths"), shown.out());
        assertFalse(shown.out().contains("\u001b"));
    }

    @Test
    void heatMapInColors_hasTheColorsOfTheMap() {
        BlockMap map = new BlockMap(new float[][] {{-1, 0, 2}}, 1, 1, 2);
        String line =
                new HeatMap(map, 1, TerminalColors.TRUE_COLOR).lines(row -> "w").get(0);
        assertEquals(
                "w \u001b[48;2;127;59;8m  \u001b[48;2;247;247;247m  \u001b[48;2;45;0;75m\u001b[97m++\u001b[0m", line);
        String palette =
                new HeatMap(map, 1, TerminalColors.PALETTE).lines(row -> "w").get(0);
        assertTrue(palette.startsWith("w \u001b[48;5;" + DivergingColors.xterm256(0x7F3B08) + "m  "), palette);
    }

    @Test
    void changeInAPicture_hasItsPixelsAndLegend() throws Exception {
        Path png = run.resolve("change.png");
        Run shown =
                Run.of("inspect", run.toString(), "wte.weight", "--change", "--png", png.toString(), "--limit", "8");
        assertEquals(0, shown.exitCode(), shown.err());
        BufferedImage image = ImageIO.read(png.toFile());
        assertEquals(512, image.getWidth());
        assertEquals(96, image.getHeight());
        for (int column = 3; column < 32; column++) {
            assertEquals(
                    DivergingColors.rgb(0.25 * column, 8),
                    image.getRGB(column * 16 + 8, 40) & 0xFFFFFF,
                    "column " + column);
        }
        assertTrue(shown.out()
                .contains("512 x 96 pixels, 16 x 16 a cell\nchange since step 0; one cell = one number\n"
                        + "limits -8.0000 to +8.0000: orange is negative"));
        try (var files = Files.list(run)) {
            assertEquals(2, files.count(), "the checkpoints and the picture, no temporary file");
        }
    }

    @Test
    void globOfOneTensor_isEnough_andOfSeveralListsThem() {
        assertTrue(Run.of("inspect", run.toString(), "h.1*c_fc.weight").out().startsWith("h.1.mlp.c_fc.weight   feed"));
        Run several = Run.of("inspect", run.toString(), "*.c_fc.weight");
        assertEquals(2, several.exitCode());
        assertEquals(
                "tinygpt: error: '*.c_fc.weight' matches 2 tensors, and one can be shown: h.0.mlp.c_fc.weight,"
                        + " h.1.mlp.c_fc.weight\n",
                several.err());
        Run none = Run.of("inspect", run.toString(), "wte");
        assertEquals(2, none.exitCode());
        assertTrue(none.err().endsWith("is named 'wte'; there are wte.weight\n"), none.err());
    }

    @Test
    void whatIsNotThere_isToldInOneLine() {
        assertFails(3, "there are those of steps 0, 9", "wte.weight", "--at", "4");
        assertFails(2, "has rows 0 to 5, so there is no row 6", "wte.weight", "--row", "6");
        assertFails(2, "has no token 'x'", "wte.weight", "--row", "x");
        assertFails(2, "only the rows of wte.weight have tokens", "wpe.weight", "--row", "e");
        assertFails(2, "is not within the columns 0..31", "wte.weight", "--columns", "30..32");
        assertFails(2, "takes a stretch like 0..15", "wte.weight", "--columns", "3");
        assertFails(2, "--limit 0.0 is no positive number", "wte.weight", "--limit", "0");
    }

    @Test
    void huggingFaceFolder_hasValuesAndNoChange() throws Exception {
        String golden = ModelFixtures.golden("gpt2-tiny-tied").folder().toString();
        Run shown = Run.in(StandardCharsets.US_ASCII, "inspect", golden, "lm_head.weight");
        assertEquals(0, shown.exitCode(), shown.err());
        assertTrue(
                shown.lines().get(0).endsWith("   = wte.weight"), shown.lines().get(0));
        assertTrue(shown.out().contains("\nvalue  "));
        assertEquals(2, Run.of("inspect", golden, "wte.weight", "--change").exitCode());
    }

    @Test
    void colors_dependOnTheTerminal() {
        Map<String, String> xterm = Map.of("TERM", "xterm-256color");
        assertEquals(TerminalColors.PALETTE, TerminalColors.choose(TerminalColors.When.auto, xterm, true));
        assertEquals(TerminalColors.NONE, TerminalColors.choose(TerminalColors.When.auto, xterm, false));
        assertEquals(TerminalColors.NONE, TerminalColors.choose(TerminalColors.When.never, xterm, true));
        assertEquals(TerminalColors.PALETTE, TerminalColors.choose(TerminalColors.When.always, Map.of(), false));
        Map<String, String> noColor = Map.of("TERM", "xterm-256color", "NO_COLOR", "1");
        assertEquals(TerminalColors.NONE, TerminalColors.choose(TerminalColors.When.auto, noColor, true));
        Map<String, String> full = Map.of("TERM", "xterm", "COLORTERM", "truecolor");
        assertEquals(TerminalColors.TRUE_COLOR, TerminalColors.choose(TerminalColors.When.auto, full, true));
        Map<String, String> dumb = Map.of("TERM", "dumb", "COLORTERM", "truecolor");
        assertEquals(TerminalColors.NONE, TerminalColors.choose(TerminalColors.When.auto, dumb, true));
    }

    private void assertFails(int exitCode, String message, String... options) {
        List<String> args = new java.util.ArrayList<>(List.of("inspect", run.toString()));
        args.addAll(List.of(options));
        Run failed = Run.of(args.toArray(String[]::new));
        assertEquals(exitCode, failed.exitCode(), failed.err());
        assertTrue(failed.err().contains(message), failed.err());
        assertEquals(1, failed.err().lines().count(), failed.err());
    }
}
