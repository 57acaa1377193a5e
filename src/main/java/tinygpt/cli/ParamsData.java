package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.InitialLaw;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/** The parameters of a model for programs: JSON and CSV, one entry a tensor, in ASCII whatever the terminal. */
final class ParamsData {
    private final String title;
    private final ParameterRegistry registry;
    private final List<Parameter> selected;

    ParamsData(String title, ParameterRegistry registry, List<Parameter> selected) {
        this.title = title;
        this.registry = registry;
        this.selected = selected;
    }

    void printJson(PrintWriter out, boolean why) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("title", title);
        ObjectNode hyperparameters = Preset.named(HyperparameterOptions.DEFAULT_PRESET)
                .hyperparameters()
                .withModel(registry.shape())
                .withAdaptation(registry.adaptation())
                .toJson();
        root.set("model", hyperparameters.get("model"));
        root.set("adaptation", hyperparameters.get("adaptation"));
        ArrayNode tensors = root.putArray("tensors");
        selected.forEach(p -> tensors.add(tensor(p)));
        ObjectNode byKind = root.putObject("by_kind");
        for (ParameterKind kind : ParameterKind.values()) {
            if (kind == ParameterKind.ADAPTER && registry.adapters().isEmpty()) {
                continue;
            }
            byKind.putObject(kind.label())
                    .put("count", registry.count(kind))
                    .put("share", share(registry.count(kind)))
                    .put(
                            "tensors",
                            registry.owned().stream()
                                    .filter(p -> p.kind() == kind)
                                    .count());
        }
        root.set("totals", totals());
        if (why) {
            ParamsFormulas formulas = new ParamsFormulas(registry);
            ArrayNode list = root.putArray("why");
            for (ParamsFormulas.Formula f : formulas.formulas()) {
                list.addObject()
                        .put("kind", f.kind().label())
                        .put("formula", Glyphs.ascii(f.formula()))
                        .put("numbers", Glyphs.ascii(f.numbers()))
                        .put("count", f.count());
            }
            ArrayNode elsewhere = root.putArray("also_seen_as");
            for (ParamsFormulas.Count c : formulas.elsewhere()) {
                elsewhere
                        .addObject()
                        .put("count", c.count())
                        .put("name", Glyphs.ascii(c.name()))
                        .put("why", Glyphs.ascii(c.why()));
            }
            ArrayNode published = root.putArray("published");
            formulas.published().forEach(published::add);
        }
        out.println(Json.pretty(root));
    }

    /** RFC 4180, one header line. */
    void printCsv(PrintWriter out) {
        out.println("name,kind,layer,shape,count,share,decayed,trainable,initial_law,tied_to");
        for (Parameter p : selected) {
            out.println(List.of(
                            p.name(),
                            p.kind().label(),
                            p.layer() == Parameter.NO_LAYER ? "" : Integer.toString(p.layer()),
                            Arrays.stream(p.shape()).mapToObj(Integer::toString).collect(Collectors.joining("x")),
                            Long.toString(p.count()),
                            share(p.count()).toPlainString(),
                            Boolean.toString(p.decayed()),
                            Boolean.toString(p.trainable()),
                            Glyphs.ascii(p.initialLaw().toString()),
                            p.tiedTo() == null ? "" : p.tiedTo().name())
                    .stream()
                    .map(ParamsData::quoted)
                    .collect(Collectors.joining(",")));
        }
    }

    private ObjectNode tensor(Parameter p) {
        ObjectNode tensor = JsonNodeFactory.instance.objectNode();
        tensor.put("name", p.name()).put("kind", p.kind().label());
        if (p.layer() == Parameter.NO_LAYER) {
            tensor.putNull("layer");
        } else {
            tensor.put("layer", p.layer());
        }
        ArrayNode shape = tensor.putArray("shape");
        Arrays.stream(p.shape()).forEach(shape::add);
        tensor.put("count", p.count())
                .put("share", share(p.count()))
                .put("decayed", p.decayed())
                .put("trainable", p.trainable())
                .set("initial", initial(p.initialLaw()));
        return p.tiedTo() == null
                ? tensor.putNull("tied_to")
                : tensor.put("tied_to", p.tiedTo().name());
    }

    private static ObjectNode initial(InitialLaw law) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        if (law instanceof InitialLaw.Normal normal) {
            node.put("law", "normal").put("std", normal.std());
        } else if (law instanceof InitialLaw.Constant constant) {
            node.put("law", "constant").put("value", constant.value());
        }
        return node.put("text", Glyphs.ascii(law.toString()));
    }

    private ObjectNode totals() {
        long total = registry.count();
        long trainable = registry.trainedCount();
        return JsonNodeFactory.instance
                .objectNode()
                .put("parameters", total)
                .put("tensors", registry.owned().size())
                .put("trainable", trainable)
                .put("selected", selected.stream().mapToLong(Parameter::count).sum())
                .put("float32_bytes", 4 * total)
                .put("training_bytes", 4 * total + 12 * trainable);
    }

    /** Six decimals: one in a million is finer than any use of a share. */
    private BigDecimal share(long count) {
        return BigDecimal.valueOf(count).divide(BigDecimal.valueOf(registry.count()), 6, RoundingMode.HALF_UP);
    }

    static String quoted(String field) {
        return field.matches("[^\",\\r\\n]*") ? field : '"' + field.replace("\"", "\"\"") + '"';
    }
}
