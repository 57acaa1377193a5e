package tinygpt.cli;

/**
 * Shares from 0 to 1 as cells of a map: background colours from dark to light where the terminal has colours, signs of
 * growing darkness elsewhere. Both ways go in one direction, so that neither needs an eye for hues.
 *
 * <p>Source of the colours: eleven steps of cividis, which looks the same to colour-blind eyes (Nunez, Anderton and Renslow,
 * "Optimizing colormaps with consideration for color vision deficiency", 2018).
 */
final class Shades {
    /** For 0, and in equal steps up to 1. */
    static final String SIGNS = ".,:-=+*#%@";

    private static final int[] CIVIDIS = {
        0x00224E, 0x083370, 0x35456C, 0x4F576C, 0x666970, 0x7D7C78, 0x948E77, 0xAEA371, 0xC8B866, 0xE5CF52, 0xFEE838
    };

    private final TerminalColors colors;

    Shades(TerminalColors colors) {
        this.colors = colors;
    }

    /** What the cells mean. */
    String legend() {
        if (colors == TerminalColors.NONE) {
            return "shades from 0 to 1: " + SIGNS;
        }
        StringBuilder cells = new StringBuilder("shades from 0 ");
        for (int step = 0; step < CIVIDIS.length; step++) {
            cells.append(cell(step / (CIVIDIS.length - 1.0), 2));
        }
        return cells.append(" to 1").toString();
    }

    /** A cell of so many columns. */
    String cell(double share, int width) {
        if (Double.isNaN(share)) {
            return "?".repeat(width);
        }
        if (colors == TerminalColors.NONE) {
            int step = (int) Math.min(SIGNS.length() - 1, Math.max(0, share) * SIGNS.length());
            return String.valueOf(SIGNS.charAt(step)).repeat(width);
        }
        int rgb = CIVIDIS[(int) Math.round(Math.min(1, Math.max(0, share)) * (CIVIDIS.length - 1))];
        return colors.background(rgb) + " ".repeat(width) + TerminalColors.RESET;
    }
}
