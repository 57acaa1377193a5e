package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tinygpt.inspection.InitialValues;
import tinygpt.inspection.ModelStatistics.Tensor;
import tinygpt.inspection.TensorStatistics;
import tinygpt.inspection.ValueHistogram;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;

/** The statistics of weights for programs: JSON and CSV, one entry a tensor. What is not known or not finite is null. */
final class StatisticsData {
    private static final int BINS = 64;
    private static final List<String> COLUMNS = List.of(
            "name",
            "kind",
            "layer",
            "shape",
            "count",
            "mean",
            "std",
            "min",
            "max",
            "norm",
            "change_norm",
            "relative_change",
            "zeros",
            "not_finite",
            "changed",
            "set_by",
            "initial_law",
            "sha256");

    private StatisticsData() {}

    static void printJson(StatisticsReport report, PrintWriter out) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("model", report.title());
        report.file()
                .header()
                .ifPresent(h -> root.put("step", h.step())
                        .put("seed", h.hyperparameters().seed()));
        root.put("weights_sha256", report.statistics().sha256());
        root.put("initial_values", report.statistics().source().name().toLowerCase(Locale.ROOT));
        ArrayNode tensors = root.putArray("tensors");
        for (StatisticsReport.Row row : report.rows(false)) {
            ObjectNode node = tensor(report, row.first());
            ValueHistogram histogram = report.histogram(row, BINS);
            ObjectNode bins =
                    node.putObject("histogram").put("low", histogram.low()).put("high", histogram.high());
            ArrayNode counts = bins.putArray("counts");
            Arrays.stream(histogram.counts()).forEach(counts::add);
            tensors.add(node);
        }
        ObjectNode kinds = root.putObject("by_kind");
        for (Map.Entry<ParameterKind, List<Tensor>> kind : report.byKind().entrySet()) {
            TensorStatistics sum = StatisticsReport.sum(kind.getValue());
            ObjectNode node = kinds.putObject(kind.getKey().label())
                    .put("count", sum.count())
                    .put("tensors", kind.getValue().size());
            number(node, "norm", sum.norm());
            number(node, "change_norm", sum.change());
            number(node, "relative_change", sum.relativeChange());
        }
        out.println(Json.pretty(root));
    }

    /** RFC 4180, one header line. */
    static void printCsv(StatisticsReport report, PrintWriter out) {
        out.println(String.join(",", COLUMNS));
        for (StatisticsReport.Row row : report.rows(false)) {
            ObjectNode node = tensor(report, row.first());
            node.put(
                    "shape",
                    Arrays.stream(row.first().parameter().shape())
                            .mapToObj(Integer::toString)
                            .collect(Collectors.joining("x")));
            out.println(COLUMNS.stream()
                    .map(name -> ParamsData.quoted(
                            node.get(name).isNull() ? "" : node.get(name).asText()))
                    .collect(Collectors.joining(",")));
        }
    }

    private static ObjectNode tensor(StatisticsReport report, Tensor tensor) {
        Parameter p = tensor.parameter();
        TensorStatistics s = tensor.statistics();
        boolean known = report.statistics().source() != InitialValues.Source.UNKNOWN;
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("name", p.name()).put("kind", p.kind().label());
        if (p.layer() == Parameter.NO_LAYER) {
            node.putNull("layer");
        } else {
            node.put("layer", p.layer());
        }
        ArrayNode shape = node.putArray("shape");
        Arrays.stream(p.shape()).forEach(shape::add);
        node.put("count", s.count());
        number(node, "mean", s.mean());
        number(node, "std", s.std());
        number(node, "min", s.min());
        number(node, "max", s.max());
        number(node, "norm", s.norm());
        number(node, "change_norm", s.change());
        number(node, "relative_change", s.relativeChange());
        node.put("zeros", s.zeros()).put("not_finite", s.notFinite());
        if (known) {
            node.put("changed", s.changed());
        } else {
            node.putNull("changed");
        }
        return node.put("set_by", tensor.setBy().name().toLowerCase(Locale.ROOT))
                .put("initial_law", Glyphs.ascii(p.initialLaw().toString()))
                .put("sha256", tensor.sha256());
    }

    /** JSON has no NaN and no infinity. */
    static void number(ObjectNode node, String name, double value) {
        if (Double.isFinite(value)) {
            node.put(name, value);
        } else {
            node.putNull(name);
        }
    }
}
