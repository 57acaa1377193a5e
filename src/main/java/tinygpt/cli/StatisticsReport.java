package tinygpt.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tinygpt.inspection.ModelStatistics;
import tinygpt.inspection.ModelStatistics.SetBy;
import tinygpt.inspection.ModelStatistics.Tensor;
import tinygpt.inspection.TensorStatistics;
import tinygpt.inspection.ValueHistogram;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;

/**
 * What {@code params --stats} has to show, in no format yet.
 *
 * @param title what the model is called
 * @param file the model, open
 * @param statistics of all its tensors
 * @param selected which of them to show
 * @param order of the rows; null for the order in the model
 */
record StatisticsReport(
        String title, WeightFile file, ModelStatistics statistics, Set<Parameter> selected, ParamsCommand.Order order) {

    /**
     * One row: a tensor, or the same tensor of every layer.
     *
     * @param sum of all of them together
     */
    record Row(String name, List<Tensor> tensors, TensorStatistics sum) {
        Tensor first() {
            return tensors.get(0);
        }

        /** |W| of one tensor: the root mean square of the layers. */
        double norm() {
            return sum.norm() / Math.sqrt(tensors.size());
        }

        /** |W - W0| of one tensor, in the same way; NaN if it is not known. */
        double change() {
            return sum.change() / Math.sqrt(tensors.size());
        }

        String setBy() {
            return StatisticsReport.setBy(tensors);
        }
    }

    List<Row> rows(boolean collapse) {
        List<Tensor> shown = statistics.tensors().stream()
                .filter(t -> selected.contains(t.parameter()))
                .toList();
        int layers = file.shape().layers();
        Map<String, Integer> times = new HashMap<>();
        shown.forEach(t -> times.merge(ParamsTable.withoutLayer(t.parameter()), 1, Integer::sum));
        Map<String, List<Tensor>> groups = new LinkedHashMap<>();
        for (Tensor tensor : shown) {
            String pattern = ParamsTable.withoutLayer(tensor.parameter());
            boolean all = collapse && times.get(pattern) == layers;
            groups.computeIfAbsent(all ? pattern : tensor.parameter().name(), name -> new ArrayList<>())
                    .add(tensor);
        }
        List<Row> rows = new ArrayList<>();
        groups.forEach((name, tensors) -> rows.add(new Row(name, tensors, sum(tensors))));
        if (order != null) {
            rows.sort(comparator());
        }
        return rows;
    }

    /** The tensors of each kind that are shown. */
    Map<ParameterKind, List<Tensor>> byKind() {
        return statistics.tensors().stream()
                .filter(t -> selected.contains(t.parameter()))
                .collect(Collectors.groupingBy(
                        t -> t.parameter().kind(), () -> new java.util.TreeMap<>(), Collectors.toList()));
    }

    /** How the numbers of a row are spread between its smallest and its largest. */
    ValueHistogram histogram(Row row, int bins) {
        TensorStatistics sum = row.sum();
        boolean any = sum.notFinite() < sum.count();
        List<Parameter> parameters =
                row.tensors().stream().map(Tensor::parameter).toList();
        return ValueHistogram.of(file, parameters, any ? sum.min() : 0, any ? sum.max() : 0, bins);
    }

    static TensorStatistics sum(List<Tensor> tensors) {
        return tensors.stream()
                .map(Tensor::statistics)
                .reduce(TensorStatistics::plus)
                .orElseThrow();
    }

    /** Who set some tensors: one word, or how many training has set. */
    static String setBy(List<Tensor> tensors) {
        List<String> words =
                tensors.stream().map(StatisticsReport::setBy).distinct().toList();
        if (words.size() == 1) {
            return words.get(0);
        }
        long trained = tensors.stream().filter(t -> t.setBy() == SetBy.TRAINING).count();
        return trained == 0 ? String.join(", ", words) : "training " + trained + " of " + tensors.size();
    }

    private static String setBy(Tensor tensor) {
        return switch (tensor.setBy()) {
            case INITIAL_LAW -> tensor.parameter().initialLaw().toString();
            case BASE_MODEL -> "base model";
            case TRAINING -> "training";
            case UNKNOWN -> Show.NONE;
        };
    }

    private Comparator<Row> comparator() {
        return switch (order) {
            case name -> Comparator.comparing(row -> ParamsTable.naturalKey(row.name()));
            case params -> Comparator.comparingLong((Row row) -> -row.sum().count());
            case kind -> Comparator.comparing(row -> row.first().parameter().kind());
            case change -> Comparator.comparingDouble((Row row) -> -row.sum().typicalChange());
        };
    }
}
