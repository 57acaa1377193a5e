package tinygpt.inspection;

/**
 * Colours for numbers on both sides of 0: orange for negative, purple for positive, near white for 0.
 *
 * <p>ColorBrewer's PuOr in 11 steps (C. Brewer, colorbrewer2.org), with straight lines between the steps. Of the diverging
 * maps it keeps -x and +x apart best for every kind of colour blindness.
 */
public final class DivergingColors {
    /** From the most negative to the most positive. */
    private static final int[] STEPS = {
        0x7F3B08, 0xB35806, 0xE08214, 0xFDB863, 0xFEE0B6, 0xF7F7F7, 0xD8DAEB, 0xB2ABD2, 0x8073AC, 0x542788, 0x2D004B
    };

    /** What is not a number is black, which the map does not have. */
    public static final int NOT_A_NUMBER = 0x000000;

    private static final int[] CUBE = {0, 95, 135, 175, 215, 255};

    private DivergingColors() {}

    /**
     * The colour of a number, as 0xRRGGBB.
     *
     * @param limit what the outermost colours stand for; numbers beyond have them too
     */
    public static int rgb(double value, double limit) {
        if (Double.isNaN(value)) {
            return NOT_A_NUMBER;
        }
        double share = limit > 0 ? Math.max(-1, Math.min(1, value / limit)) : 0;
        double place = (share + 1) / 2 * (STEPS.length - 1);
        int step = (int) Math.min(STEPS.length - 2, place);
        double between = place - step;
        int color = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int from = STEPS[step] >> shift & 0xFF;
            int to = STEPS[step + 1] >> shift & 0xFF;
            color |= (int) Math.round(from + between * (to - from)) << shift;
        }
        return color;
    }

    /** The nearest of xterm's 256 colours, without the first 16, which every terminal paints differently. */
    public static int xterm256(int rgb) {
        int red = rgb >> 16 & 0xFF;
        int green = rgb >> 8 & 0xFF;
        int blue = rgb & 0xFF;
        int r = nearest(red);
        int g = nearest(green);
        int b = nearest(blue);
        int grey = Math.max(0, Math.min(23, Math.round(((red + green + blue) / 3f - 8) / 10)));
        int level = 8 + 10 * grey;
        long toCube = distance(red - CUBE[r], green - CUBE[g], blue - CUBE[b]);
        long toGrey = distance(red - level, green - level, blue - level);
        return toGrey < toCube ? 232 + grey : 16 + 36 * r + 6 * g + b;
    }

    private static int nearest(int level) {
        int best = 0;
        for (int i = 1; i < CUBE.length; i++) {
            best = Math.abs(CUBE[i] - level) < Math.abs(CUBE[best] - level) ? i : best;
        }
        return best;
    }

    private static long distance(int r, int g, int b) {
        return (long) r * r + (long) g * g + (long) b * b;
    }
}
