package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.inspection.BlockMap.Content;
import tinygpt.inspection.BlockMap.Summary;
import tinygpt.parameters.Parameter;

class PictureTest {
    @TempDir
    Path run;

    @Test
    void colors_areTheElevenStepsOfPuOr_orangeNegative() {
        int[] steps = {
            0x7F3B08, 0xB35806, 0xE08214, 0xFDB863, 0xFEE0B6, 0xF7F7F7, 0xD8DAEB, 0xB2ABD2, 0x8073AC, 0x542788, 0x2D004B
        };
        for (int i = 0; i < steps.length; i++) {
            assertEquals(steps[i], DivergingColors.rgb((i - 5) * 0.25, 1.25), "step " + i);
        }
        assertEquals(steps[0], DivergingColors.rgb(-99, 1));
        assertEquals(steps[10], DivergingColors.rgb(Double.POSITIVE_INFINITY, 1));
        assertEquals(0xF7F7F7, DivergingColors.rgb(0, 0));
        assertEquals(DivergingColors.NOT_A_NUMBER, DivergingColors.rgb(Double.NaN, 1));
        assertEquals(0xE8E9F1, DivergingColors.rgb(0.1, 1)); // half way from F7F7F7 to D8DAEB, halves up
    }

    @Test
    void palette_keepsTheSignsApart() {
        assertEquals(16 + 36 * 5 + 6 * 5 + 5, DivergingColors.xterm256(0xFFFFFF));
        assertEquals(16, DivergingColors.xterm256(0x000000));
        assertEquals(244, DivergingColors.xterm256(0x808080));
        for (double v = 0.2; v <= 1; v += 0.1) {
            assertTrue(DivergingColors.xterm256(DivergingColors.rgb(v, 1))
                    != DivergingColors.xterm256(DivergingColors.rgb(-v, 1)));
        }
    }

    @Test
    void pixels_areTheColorsOfTheirNumbers() throws Exception {
        float[][] cells = {{-1, 0, 1}, {0.5f, Float.NaN, -0.5f}};
        byte[] png = Picture.png(new BlockMap(cells, 1, 1, 1), 1, 4);
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        assertEquals(12, image.getWidth());
        assertEquals(8, image.getHeight());
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 12; x++) {
                assertEquals(DivergingColors.rgb(cells[y / 4][x / 4], 1), image.getRGB(x, y) & 0xFFFFFF);
            }
        }
    }

    @Test
    void blocks_areMeansOrTheLargest() {
        InspectedModel.write(run, InspectedModel.nano(1), 1, registry -> {
            float[] rows = new float[3 * 32];
            rows[0] = 3;
            rows[1] = -5;
            rows[32] = 1;
            rows[33] = 1;
            rows[64] = Float.NaN;
            rows[95] = 8;
            InspectedModel.set(registry, "wpe.weight", rows);
        });
        try (WeightFile file = WeightFile.open(run);
                InitialValues initial = InitialValues.of(file)) {
            Parameter wpe = file.registry().get("wpe.weight");
            BlockMap mean = BlockMap.of(file, initial, wpe, Content.VALUE, Summary.MEAN, 16, 16);
            assertEquals(2, mean.rowsPerCell());
            assertEquals(2, mean.columnsPerCell());
            assertEquals(0, mean.cells()[0][0]); // (3 - 5 + 1 + 1) / 4
            assertTrue(Float.isNaN(mean.cells()[1][0]));
            assertEquals(8, mean.largest());
            BlockMap largest = BlockMap.of(file, initial, wpe, Content.VALUE, Summary.LARGEST, 16, 16);
            assertEquals(-5, largest.cells()[0][0]);
            assertEquals(8, largest.cells()[1][15]);
            assertEquals(8, largest.largestCell());
        }
    }

    @Test
    void lastCells_haveWhatIsLeft() {
        InspectedModel.write(run, InspectedModel.nano(1), 1, registry -> {
            float[] row = new float[32];
            java.util.Arrays.fill(row, 2);
            InspectedModel.set(registry, "ln_f.bias", row);
        });
        try (WeightFile file = WeightFile.open(run);
                InitialValues initial = InitialValues.of(file)) {
            Parameter bias = file.registry().get("ln_f.bias");
            BlockMap map = BlockMap.of(file, initial, bias, Content.CHANGE, Summary.MEAN, 5, 7);
            assertEquals(5, map.columnsPerCell());
            assertArrayEquals(new float[][] {{2, 2, 2, 2, 2, 2, 2}}, map.cells());
        }
    }
}
