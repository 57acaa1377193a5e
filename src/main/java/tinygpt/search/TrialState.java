package tinygpt.search;

import java.util.Locale;

/** What became of a trial, the best first. */
public enum TrialState {
    /** It was trained to its last step. */
    COMPLETE,
    /** It waits, or was being trained when the search was stopped. */
    UNFINISHED,
    /** It was given up at a rung, where others were better. */
    PRUNED,
    /** Its time was up. */
    TIMEOUT,
    /** Its loss stopped being a number, or rose to ten times what it was before the first step. */
    DIVERGED,
    /** Something went wrong that has nothing to do with its loss. */
    FAILED;

    /** As it is written in files and tables. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether training has ended for it, in one way or another, before its last step. */
    boolean isLost() {
        return switch (this) {
            case TIMEOUT, DIVERGED, FAILED -> true;
            case COMPLETE, UNFINISHED, PRUNED -> false;
        };
    }
}
