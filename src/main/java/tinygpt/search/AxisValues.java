package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.stream.DoubleStream;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

/** The values that a searched hyperparameter may take. */
public sealed interface AxisValues {
    /** The value at a place of the random numbers. */
    JsonNode draw(long seed, long trial, long place);

    /** Whether all are numbers. */
    boolean isNumeric();

    /** Whether a picture should show them on a logarithmic axis. */
    boolean isLogarithmic();

    /** Which edge a number lies at, {@code lowest} or {@code highest}; empty if at none. */
    String edge(double x);

    /** One of a few values, each as likely. */
    record Choices(List<JsonNode> all) implements AxisValues {
        private static final int WITH_A_MIDDLE = 3;
        private static final double WIDE = 10;

        public Choices {
            all = List.copyOf(all);
        }

        @Override
        public JsonNode draw(long seed, long trial, long place) {
            return all.get((int) CounterRandom.below(all.size(), seed, Stream.SEARCH, trial, place));
        }

        @Override
        public boolean isNumeric() {
            return all.stream().allMatch(JsonNode::isNumber);
        }

        @Override
        public boolean isLogarithmic() {
            return isNumeric() && least() > 0 && most() >= WIDE * least();
        }

        /** A list needs three values to have a middle. */
        @Override
        public String edge(double x) {
            if (all.size() < WITH_A_MIDDLE || !isNumeric()) {
                return "";
            }
            return x == least() ? "lowest" : x == most() ? "highest" : "";
        }

        private DoubleStream numbers() {
            return all.stream().mapToDouble(JsonNode::doubleValue);
        }

        private double least() {
            return numbers().min().orElseThrow();
        }

        private double most() {
            return numbers().max().orElseThrow();
        }
    }

    /**
     * A number between two others, both included.
     *
     * @param isLogarithmic whether every factor is as likely, instead of every difference
     * @param whole whether it is an integer
     */
    record Range(double low, double high, boolean isLogarithmic, boolean whole) implements AxisValues {
        /** Digits of a drawn number: enough to tell two draws apart, few enough to be read. */
        private static final MathContext DIGITS = new MathContext(4);

        /** A range has its edges a twentieth of its length before its ends. */
        private static final double NEAR = 0.05;

        @Override
        public JsonNode draw(long seed, long trial, long place) {
            double share = CounterRandom.uniform(seed, Stream.SEARCH, trial, place);
            double end = whole ? high + 1 : high;
            // StrictMath: the same trials on every machine.
            double value =
                    isLogarithmic ? low * StrictMath.exp(share * StrictMath.log(end / low)) : low + share * (end - low);
            double rounded = whole
                    ? Math.floor(value)
                    : new BigDecimal(value).round(DIGITS).doubleValue();
            double inside = Math.max(low, Math.min(high, rounded));
            JsonNodeFactory json = JsonNodeFactory.instance;
            return whole ? json.numberNode((long) inside) : json.numberNode(inside);
        }

        @Override
        public boolean isNumeric() {
            return true;
        }

        @Override
        public String edge(double x) {
            double share = isLogarithmic ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low);
            return share <= NEAR ? "lowest" : share >= 1 - NEAR ? "highest" : "";
        }
    }
}
