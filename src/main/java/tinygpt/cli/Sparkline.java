package tinygpt.cli;

/** Counts as a row of blocks, as high as they are large; what is 0 stays empty. */
final class Sparkline {
    private static final String BLOCKS = "▁▂▃▄▅▆▇█";
    private static final String ASCII_BLOCKS = ".:-=+*%#";

    private final String levels;

    Sparkline(Glyphs glyphs) {
        this.levels = glyphs.canShow(BLOCKS) ? BLOCKS : ASCII_BLOCKS;
    }

    String of(long[] counts) {
        long most = 0;
        for (long count : counts) {
            most = Math.max(most, count);
        }
        StringBuilder out = new StringBuilder(counts.length);
        for (long count : counts) {
            int level = (int) Math.ceil((double) count / most * levels.length());
            out.append(count == 0 ? ' ' : levels.charAt(level - 1));
        }
        return out.toString();
    }
}
