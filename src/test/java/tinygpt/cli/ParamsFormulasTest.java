package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code params --why} explains. */
final class ParamsFormulasTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "--preset gpt2",
                "--preset gpt2 --biases false",
                "--preset tiny --feed-forward-width 300",
                "--preset tiny --feed-forward-width 300 --biases false --tied-head false",
                "--preset gpt3-175b",
                "--layers 1 --heads 1 --width 1"
            })
    void why_printsFormulasWhoseNumbersComeOut(String args) throws IOException {
        Run run = Run.of(("params --why --format json " + args).split(" "));
        JsonNode root = new ObjectMapper().readTree(run.out());
        long total = 0;
        for (JsonNode why : root.get("why")) {
            String numbers = why.get("numbers").asText();
            long value = numbers.isEmpty() ? 0 : value(numbers);
            assertEquals(why.get("count").asLong(), value, why.toString());
            total += value;
        }
        assertEquals(root.at("/totals/parameters").asLong(), total);
        assertEquals(6, root.get("why").size());
    }

    @Test
    void why_ofGpt2_printsTheOtherCounts() {
        String out = Run.of("params", "--preset", "gpt2", "--why").out();
        for (String line : new String[] {
            "  attention     = L·(4C² + 4C) = 12·(4·768² + 4·768) = 28,348,416",
            "  feed-forward  = L·(8C² + 5C) = 12·(8·768² + 5·768) = 56,669,184",
            "  normalization = L·4C + 2C = 12·4·768 + 2·768 = 38,400",
            "  output        = 0: the output head is the token embedding, counted there",
            "  total         = 124,439,808",
            "  163,037,184  untied: with an output head of its own, V·C more",
            "  123,653,376  without positions: what nanoGPT prints when it starts",
            "   84,934,656  12·L·C²: only the matrices inside the layers, as scaling laws count",
            "  124,337,664  without biases: nanoGPT's default",
            "         117M  in early texts on gpt2: OpenAI's first counts of its four models were wrong"
        }) {
            assertTrue(out.contains("\n" + line + "\n"), line + " is not in\n" + out);
        }
    }

    @Test
    void why_withAnotherFeedForwardWidth_doesNotSpeakOf12LC2() {
        String out = Run.of("params", "--layers", "4", "--feed-forward-width", "300", "--why")
                .out();
        assertTrue(out.contains("= L·(2FC + F + C) = 4·(2·300·128 + 300 + 128) = 308,912"), out);
        assertTrue(out.contains("  569,344  L·(4C² + 2FC): "), out);
        assertFalse(out.contains("12·L"), out);
    }

    @ParameterizedTest
    @CsvSource({
        "gpt2, 117M",
        "gpt2-medium, 345M",
        "gpt2-large, 762M",
        "gpt2-xl, 1542M",
        "gpt3-small, 125M",
        "gpt3-medium, 350M",
        "gpt3-large, 760M",
        "gpt3-xl, 1.3B",
        "gpt3-2.7b, 2.7B",
        "gpt3-6.7b, 6.7B",
        "gpt3-13b, 13.0B",
        "gpt3-175b, 175.0B"
    })
    void why_namesThePublishedFigure(String preset, String figure) {
        String out = Run.of("params", "--preset", preset, "--why").out();
        assertTrue(Pattern.compile("\n +" + figure + "  in ").matcher(out).find(), out);
    }

    /** A second reading of the printed numbers: sums of products, one level of parentheses, squares. */
    private static long value(String expression) {
        Matcher inner = Pattern.compile("\\(([^()]*)\\)").matcher(expression);
        String flat = inner.replaceAll(m -> Long.toString(value(m.group(1))));
        long sum = 0;
        for (String term : flat.split(" \\+ ")) {
            long product = 1;
            for (String factor : term.split("\\*")) {
                boolean squared = factor.endsWith("^2");
                long number = Long.parseLong(squared ? factor.substring(0, factor.length() - 2) : factor);
                product = Math.multiplyExact(product, squared ? number * number : number);
            }
            sum += product;
        }
        return sum;
    }
}
