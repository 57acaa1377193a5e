package tinygpt.inspection;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** A {@link BlockMap} as a PNG, in the colours of {@link DivergingColors}. Needs no display. */
public final class Picture {
    private Picture() {}

    /**
     * The bytes of a PNG file.
     *
     * @param limit what the outermost colours stand for
     * @param pixels width and height of a cell
     */
    public static byte[] png(BlockMap map, double limit, int pixels) {
        float[][] cells = map.cells();
        BufferedImage image =
                new BufferedImage(cells[0].length * pixels, cells.length * pixels, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, DivergingColors.rgb(cells[y / pixels][x / pixels], limit));
            }
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(image);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // nothing but memory is written to
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
