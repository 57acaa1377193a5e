package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;
import tinygpt.generation.Generator.End;
import tinygpt.generation.Generator.Result;
import tinygpt.generation.StopTexts;

/** One sample on its way: its text as it is to be printed, and what is known of it besides. */
final class SampleText {
    private final StopTexts truncation;
    private final StringBuilder waiting;
    private final boolean hasBeginning;
    private final List<Integer> ids = new ArrayList<>();
    private double logProbability;
    private Result result;

    /**
     * A sample that was not begun.
     *
     * @param truncate the text before which it is cut, also where its beginning has it; null for none
     * @param beginning what is printed before the text that is generated; empty for nothing
     */
    SampleText(String truncate, String beginning) {
        truncation = new StopTexts(truncate == null ? List.of() : List.of(truncate));
        waiting = new StringBuilder(truncation.accept(beginning));
        hasBeginning = !beginning.isEmpty();
    }

    /** Whether anything is printed before the text that is generated. */
    boolean hasBeginning() {
        return hasBeginning;
    }

    /** Takes a token. */
    void token(int id, double ofProbability) {
        ids.add(id);
        logProbability += ofProbability;
    }

    /** Takes a piece of text; false if the text is cut now. */
    boolean piece(String text) {
        waiting.append(truncation.accept(text));
        return !truncation.found();
    }

    /** Whether its beginning or what followed has the text before which it is cut. */
    boolean cut() {
        return truncation.found();
    }

    /** It is done. */
    void end(Result of) {
        waiting.append(truncation.flush());
        result = cut() ? new Result(of.tokens(), End.STOP_TEXT) : of;
    }

    /** Whether it is done. */
    boolean done() {
        return result != null;
    }

    /** What became of it, once it is done. */
    Result result() {
        return result;
    }

    /** The text that came since this was asked for. */
    String take() {
        String text = waiting.toString();
        waiting.setLength(0);
        return text;
    }

    List<Integer> ids() {
        return ids;
    }

    /** The natural logarithm of the probability that the model gave all its tokens; NaN if it was not asked for. */
    double logProbability() {
        return logProbability;
    }
}
