package tinygpt.inspection;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.ParameterSelector;

/**
 * A part of a model that can be taken out of it.
 *
 * <pre>
 * h.2                the whole layer 2            h.2.attn, h.2.mlp   one of its sublayers
 * h.2.head.3         one attention head           NAME[i,j], NAME[i]  one weight; one row of a matrix
 * kind:attention, wpe.weight, h.[01].attn.*       tensors, as everywhere
 * </pre>
 *
 * <p>Design: a layer, a sublayer and a head act on the rest of the model only through what they add to the residual stream,
 * which is linear in the last matrix that they use. So to zero or scale one of them means its rows of that matrix, {@code
 * c_proj}, and its bias: zeroed, it adds exactly nothing, and scaled by x, x times what it added. For head n that is rows
 * n D to (n + 1) D of {@code attn.c_proj.weight}, which meet that head's output alone; the bias belongs to no head and
 * stays. (Its columns of values in {@code c_attn} would do as well, together with their bias.) Of a low-rank adapter beside
 * that matrix, W + s A B, it is B, and for a head the same rows of A. To freeze a part means all numbers that are its own.
 */
public final class ModelPart {
    private static final Pattern MODULE = Pattern.compile("h\\.(\\d{1,6})(?:\\.(attn|mlp|head)(?:\\.(\\d{1,6}))?)?");
    private static final Pattern ELEMENT = Pattern.compile("([^\\[\\]]+)\\[(\\d{1,9})(?:,\\s*(\\d{1,9}))?\\]");

    private final String name;
    private final List<WeightBlock> output;
    private final List<WeightBlock> own;

    private ModelPart(String name, List<WeightBlock> output, List<WeightBlock> own) {
        this.name = name;
        this.output = List.copyOf(output);
        this.own = List.copyOf(own);
    }

    /** Into what pieces a model can be cut. */
    public enum Piece {
        /** The kinds of parameters. */
        KIND,
        /** The transformer blocks. */
        LAYER,
        /** Attention and feed-forward of each block. */
        SUBLAYER,
        /** The attention heads. */
        HEAD,
        /** The tensors. */
        TENSOR
    }

    /** The name it was given, for people. */
    public String name() {
        return name;
    }

    /** The numbers through which it acts on the rest of the model. */
    List<WeightBlock> output() {
        return output;
    }

    /** All numbers that are its own. */
    List<WeightBlock> own() {
        return own;
    }

    /**
     * Finds a part of a model.
     *
     * @throws IllegalArgumentException if the model has no such part, saying what there is
     */
    public static ModelPart parse(ParameterRegistry registry, String text) {
        Matcher module = MODULE.matcher(text);
        if (module.matches() && (module.group(3) != null) == "head".equals(module.group(2))) {
            int layer = below(module.group(1), registry.shape().layers(), text, "layer");
            if (module.group(2) == null) {
                return layer(registry, layer);
            }
            return module.group(3) == null
                    ? sublayer(registry, layer, module.group(2))
                    : head(
                            registry,
                            layer,
                            below(module.group(3), registry.shape().heads(), text, "head"));
        }
        Matcher element = ELEMENT.matcher(text);
        if (element.matches() && (element.group(3) != null || registry.contains(element.group(1)))) {
            return element(registry.get(element.group(1)), text, element.group(2), element.group(3));
        }
        Predicate<Parameter> selector = ParameterSelector.parse(text);
        List<WeightBlock> blocks = registry.all().stream()
                .filter(selector)
                .map(WeightBlock::whole)
                .distinct() // a tied tensor and its owner are the same numbers
                .toList();
        if (blocks.isEmpty()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no part of this model; 'tinygpt params --all' lists its"
                            + " tensors, and there are h.2, h.2.attn, h.2.mlp, h.2.head.3, NAME[i,j] and kind:attention");
        }
        return new ModelPart(text, blocks, blocks);
    }

    /** All pieces of one sort. */
    public static List<ModelPart> each(ParameterRegistry registry, Piece piece) {
        int layers = registry.shape().layers();
        return switch (piece) {
            case KIND ->
                Arrays.stream(ParameterKind.values())
                        .filter(kind -> registry.count(kind) > 0)
                        .map(kind -> parse(registry, "kind:" + kind.label()))
                        .toList();
            case LAYER ->
                IntStream.range(0, layers)
                        .mapToObj(layer -> layer(registry, layer))
                        .toList();
            case SUBLAYER ->
                IntStream.range(0, 2 * layers)
                        .mapToObj(i -> sublayer(registry, i / 2, i % 2 == 0 ? "attn" : "mlp"))
                        .toList();
            case HEAD -> {
                int heads = registry.shape().heads();
                yield IntStream.range(0, layers * heads)
                        .mapToObj(i -> head(registry, i / heads, i % heads))
                        .toList();
            }
            case TENSOR ->
                registry.owned().stream().map(p -> parse(registry, p.name())).toList();
        };
    }

    private static ModelPart layer(ParameterRegistry registry, int layer) {
        List<WeightBlock> output = new ArrayList<>(sublayer(registry, layer, "attn").output);
        output.addAll(sublayer(registry, layer, "mlp").output);
        return new ModelPart("h." + layer, output, tensors(registry, "h." + layer + "."));
    }

    private static ModelPart sublayer(ParameterRegistry registry, int layer, String sublayer) {
        String name = "h." + layer + "." + sublayer;
        List<WeightBlock> output = Stream.of(".c_proj.weight", ".c_proj.bias", ".c_proj.lora_B.weight")
                .map(ending -> name + ending)
                .filter(registry::contains)
                .map(tensor -> WeightBlock.whole(registry.get(tensor)))
                .toList();
        return new ModelPart(name, output, tensors(registry, name + "."));
    }

    private static ModelPart head(ParameterRegistry registry, int layer, int head) {
        String attention = "h." + layer + ".attn.";
        int width = registry.shape().width();
        int d = registry.shape().headWidth();
        List<WeightBlock> output = Stream.of("c_proj.weight", "c_proj.lora_A.weight")
                .map(tensor -> attention + tensor)
                .filter(registry::contains)
                .map(tensor -> WeightBlock.rows(registry.get(tensor), head * d, d))
                .toList();
        List<WeightBlock> own = new ArrayList<>(output);
        Stream.of("c_attn.weight", "c_attn.bias", "c_attn.lora_B.weight")
                .map(tensor -> attention + tensor)
                .filter(registry::contains)
                .forEach(tensor -> {
                    for (int part = 0; part < 3; part++) { // queries, keys, values
                        own.add(WeightBlock.columns(registry.get(tensor), part * width + head * d, d));
                    }
                });
        return new ModelPart("h." + layer + ".head." + head, output, own);
    }

    private static ModelPart element(Parameter given, String text, String first, String second) {
        WeightBlock whole = WeightBlock.whole(given);
        boolean vector = given.shape().length == 1;
        if (vector && second != null) {
            throw new IllegalArgumentException("'" + text + "' has two indices, but " + given + " is a vector: write "
                    + given.name() + "[" + first + "]");
        }
        int i = below(first, vector ? whole.columns() : whole.rows(), text, vector ? "element" : "row");
        int j = second == null ? 0 : below(second, whole.columns(), text, "column");
        WeightBlock block = vector
                ? WeightBlock.columns(whole.parameter(), i, 1)
                : new WeightBlock(whole.parameter(), i, j, 1, second == null ? whole.columns() : 1);
        return new ModelPart(text, List.of(block), List.of(block));
    }

    private static List<WeightBlock> tensors(ParameterRegistry registry, String prefix) {
        return registry.all().stream()
                .filter(p -> p.name().startsWith(prefix))
                .map(WeightBlock::whole)
                .toList();
    }

    private static int below(String digits, int bound, String text, String what) {
        int number = Integer.parseInt(digits);
        if (number >= bound) {
            throw new IllegalArgumentException("'" + text + "' names " + what + " " + number + ", but they are numbered"
                    + " from 0 to " + (bound - 1) + " here");
        }
        return number;
    }

    @Override
    public String toString() {
        return name;
    }
}
