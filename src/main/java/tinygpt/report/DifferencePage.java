package tinygpt.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.WeightFile;

/**
 * How two models differ as one HTML file that needs no network: the tables of {@code diff}, and the report's panel of weights
 * with A, B and the change. Without JavaScript the tables are there.
 */
public final class DifferencePage {
    private static final List<String> STYLES = List.of("page.css");

    private static final List<String> SCRIPTS = List.of(
            "dom.js", "numbers.js", "colors.js", "picture.js", "panel-weights.js", "panel-change.js", "difference.js");

    /** The most bytes of a page. */
    static final int MOST_BYTES = 5_000_000;

    /** Bytes that the listed tensors take in a page, each at most. */
    private static final int ROW = 1_200;

    /** Bytes of scripts, styles, captions and the rest. */
    private static final int FRAME = 200_000;

    private DifferencePage() {}

    /**
     * Compares two models for a page.
     *
     * @param givenA path that A was asked for by; the page shows the end of it
     * @param givenB the same of B
     * @param difference of the two, as {@link ModelDifference#between} found it
     * @param listed tensors to be listed, in this order
     * @throws tinygpt.formats.BadFileException if reading fails
     */
    public static ObjectNode state(
            String givenA,
            WeightFile a,
            String givenB,
            WeightFile b,
            ModelDifference difference,
            List<TensorDifference> listed) {
        int rows = Math.min(DifferenceState.MOST_ROWS, listed.size());
        long pictures = MOST_BYTES - FRAME - (long) rows * ROW;
        return DifferenceState.read(givenA, a, givenB, b, difference, listed, pictures);
    }

    /** The page of a state. */
    public static byte[] html(ObjectNode state) {
        DifferenceTables tables = new DifferenceTables(state);
        Map<String, String> parts = new HashMap<>();
        parts.put("title", Html.escape(tables.title() + " – tinygpt diff"));
        parts.put("masthead", tables.masthead());
        parts.put("hyperparameters", tables.hyperparameters());
        parts.put("kinds", tables.kinds());
        parts.put("tensors", tables.tensors());
        parts.put("colophon", tables.colophon());
        parts.put("credits", "Colours: ColorBrewer PuOr.");
        return PageParts.page("panels-difference.html", parts, STYLES, SCRIPTS, state.toString())
                .getBytes(StandardCharsets.UTF_8);
    }
}
