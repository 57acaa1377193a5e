package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tinygpt.cli.TrainingStatus.Snapshot;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.training.TrainingListener.StepReport;

/** The words of training progress: four lines for a terminal of some width, or one line for a file. */
final class ProgressPainter {
    private static final String BLOCKS = "▁▂▃▄▅▆▇█";
    private static final String ASCII_BLOCKS = ".:-=+*%#";
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";
    private static final String ELAPSED = "elapsed ";
    private static final int NARROWEST = 40;
    private static final int NARROWEST_BAR = 4;
    private static final int WIDEST_BAR = 26;

    private final Glyphs glyphs;
    private final int columns;
    private final long totalSteps;
    private final int vocabulary;
    private final String schedule;
    private final boolean blocks;

    ProgressPainter(Hyperparameters h, Glyphs glyphs, int columns) {
        this.glyphs = glyphs;
        this.columns = Math.max(NARROWEST, columns);
        this.totalSteps = h.optimization().steps();
        this.vocabulary = h.model().vocabularySize();
        this.schedule = h.optimization().schedule().name().toLowerCase(Locale.ROOT);
        this.blocks = canShowBar(glyphs);
    }

    /** Four lines, none wider than the terminal. */
    List<String> lines(Snapshot s) {
        List<String> lines = new ArrayList<>();
        lines.add(fit(first(s)));
        lines.add(fit(second(s)));
        lines.add(fit(third(s)));
        lines.add(fit("sample " + oneLine(s.sample())));
        return lines;
    }

    /** The line until the first step is done: evaluating a large validation split takes a while. */
    String beforeFirstStep(TrainingStatus.Start start) {
        String total = Show.count(totalSteps);
        return fit("step   " + Text.right(Show.count(start.step()), total.length()) + "/" + total
                + (start.evaluating() ? "  evaluating the validation split ...  " : "  the first step ...  ") + ELAPSED
                + Show.duration(start.elapsedSeconds()));
    }

    /** One line with fixed names, for grep. */
    String plainLine(Snapshot s) {
        StepReport last = s.last();
        return String.format(
                Locale.ROOT,
                "step %05d/%05d (%.2f%%) | loss %.6f | val %s | lr %s | gnorm %.3f | upd %s | dt %.1fms | tok/s %,d"
                        + " | eta %s",
                last.step(),
                totalSteps,
                100.0 * last.step() / Math.max(1, totalSteps),
                last.loss(),
                s.evaluation() == null
                        ? Show.NONE
                        : String.format(
                                Locale.ROOT, "%.6f", s.evaluation().result().loss()),
                String.format(Locale.ROOT, "%.2e", last.learningRate()),
                last.gradientNorm(),
                String.format(Locale.ROOT, "%.1e", last.updateRatio()),
                last.nanoseconds() * 1e-6,
                Math.round(s.tokensPerSecond()),
                Double.isNaN(s.remainingSeconds()) ? Show.NONE : Math.round(s.remainingSeconds()) + "s");
    }

    /** A text on one line: breaks, and whatever could steer the terminal or the direction of writing, become spaces. */
    static String oneLine(String text) {
        return text.replaceAll("[\\p{C}\\p{Z}\\s]+", " ").trim();
    }

    private String first(Snapshot s) {
        double share = s.last().step() / (double) Math.max(1, totalSteps);
        String total = Show.count(totalSteps);
        String left = "step   " + Text.right(Show.count(s.last().step()), total.length()) + "/" + total + " ";
        String right = String.format(Locale.ROOT, " %3.0f%%  ", Math.floor(100 * share))
                + String.format(Locale.ROOT, "%.1f steps/s", 1 / s.stepSeconds()) + " · "
                + Show.shortCount(Math.round(s.tokensPerSecond())) + " tok/s  ";
        String times = Show.duration(s.elapsedSeconds()) + "  eta " + Show.duration(s.remainingSeconds());
        int room = columns - 1 - left.length() - right.length() - times.length() - 2;
        if (room - ELAPSED.length() >= NARROWEST_BAR) { // a bar says more than the word
            times = ELAPSED + times;
            room -= ELAPSED.length();
        }
        return left + (room >= NARROWEST_BAR ? bar(share, Math.min(WIDEST_BAR, room)) : "") + right + times;
    }

    private String second(Snapshot s) {
        String validation = "";
        if (s.evaluation() != null) {
            validation = "  val " + Show.loss(s.evaluation().result().loss()) + " @"
                    + Show.count(s.evaluation().step()) + (s.bestIsLast() ? " (best)" : "");
        }
        return "loss   " + Show.loss(s.smoothedLoss()) + " (smoothed)" + validation
                + String.format(Locale.ROOT, "  uniform guess ln %d = %.4f", vocabulary, Math.log(vocabulary));
    }

    private String third(Snapshot s) {
        String line = "       " + curve(s.curve())
                + String.format(Locale.ROOT, "  |g| %.2f", s.last().gradientNorm())
                + String.format(Locale.ROOT, " (%.0f%% clipped)", 100 * s.clippedShare())
                + (s.skipped() > 0 ? "  " + Show.count(s.skipped()) + " skipped" : "")
                + "  |ΔW|/|W| " + Show.ratio(s.last().updateRatio())
                + "  lr " + Show.ratio(s.last().learningRate());
        String kind = " (" + schedule + ")";
        return line.length() + kind.length() < columns ? line + kind : line;
    }

    private String bar(double share, int room) {
        return bar(share, room, blocks);
    }

    /** Whether a charset has what a fine bar is made of. */
    static boolean canShowBar(Glyphs glyphs) {
        return glyphs.canShow(BLOCKS + EIGHTHS + "▕");
    }

    /**
     * A bar between two borders.
     *
     * @param share of it that is filled, from 0 to 1
     * @param room columns without the borders
     */
    static String bar(double share, int room, boolean blocks) {
        double filled = share * room;
        int whole = (int) filled;
        if (!blocks) {
            return "[" + "#".repeat(whole) + " ".repeat(room - whole) + "]";
        }
        StringBuilder bar = new StringBuilder("▕").append("█".repeat(whole));
        if (whole < room) {
            bar.append(EIGHTHS.charAt((int) ((filled - whole) * 8))).append(" ".repeat(room - whole - 1));
        }
        return bar.append("▏").toString();
    }

    /** The loss so far, highest to lowest, as a row of blocks. */
    private String curve(double[] losses) {
        double high = Double.NEGATIVE_INFINITY;
        double low = Double.POSITIVE_INFINITY;
        for (double loss : losses) {
            if (!Double.isNaN(loss)) {
                high = Math.max(high, loss);
                low = Math.min(low, loss);
            }
        }
        String levels = blocks ? BLOCKS : ASCII_BLOCKS;
        StringBuilder curve = new StringBuilder();
        for (double loss : losses) {
            if (Double.isNaN(loss)) {
                curve.append(' ');
                continue;
            }
            double level = high > low ? (loss - low) / (high - low) : 1;
            curve.append(levels.charAt((int) Math.round(level * (levels.length() - 1))));
        }
        return curve.toString();
    }

    private String fit(String line) {
        String shown = glyphs.text(line);
        return Columns.first(shown, columns - 1);
    }
}
