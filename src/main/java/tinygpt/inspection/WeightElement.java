package tinygpt.inspection;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Slab;

/**
 * One number of a model.
 *
 * @param parameter the tensor that owns it; never a tied one
 * @param place its place in the tensor, in C order, from 0
 */
public record WeightElement(Parameter parameter, long place) {
    private static final Pattern FORM =
            Pattern.compile("([^\\[\\]\\s]+)\\[\\s*([0-9]{1,9})\\s*(?:,\\s*([0-9]{1,9})\\s*)?\\]");
    private static final int MOST_NAMED = 5;

    public WeightElement {
        if (parameter.tiedTo() != null) {
            throw new IllegalArgumentException(parameter.name() + " has no numbers of its own");
        }
        if (place < 0 || place >= parameter.size()) {
            throw new IllegalArgumentException(parameter + " has no element " + place);
        }
    }

    /**
     * The number that is meant by {@code NAME[i,j]}, or {@code NAME[i]} in a vector; of a tied tensor, that of its owner.
     *
     * @throws IllegalArgumentException if there is no such number, saying what there is
     */
    public static WeightElement parse(ParameterRegistry registry, String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException("'" + text
                    + "' names no single weight; write it as wte.weight[4,0], row and column from 0, or ln_f.bias[7]");
        }
        Parameter parameter = named(registry, form.group(1));
        int[] shape = parameter.shape();
        int given = form.group(3) == null ? 1 : 2;
        if (given != shape.length) {
            throw new IllegalArgumentException(parameter.name() + " has the shape " + shape(shape) + ": it takes "
                    + (shape.length == 1 ? "one index, " : "two indices, ") + parameter.name()
                    + (shape.length == 1 ? "[i]" : "[i,j]"));
        }
        long place = 0;
        for (int i = 0; i < given; i++) {
            int index = Integer.parseInt(form.group(2 + i));
            if (index >= shape[i]) {
                throw new IllegalArgumentException(parameter.name() + " has the shape " + shape(shape) + ", and its "
                        + (shape.length == 1 ? "elements" : i == 0 ? "rows" : "columns") + " count from 0 to "
                        + (shape[i] - 1) + ": there is no " + index);
            }
            place = place * shape[i] + index;
        }
        return new WeightElement(parameter.tiedTo() == null ? parameter : parameter.tiedTo(), place);
    }

    private static Parameter named(ParameterRegistry registry, String name) {
        if (registry.contains(name)) {
            return registry.get(name);
        }
        List<String> alike = registry.all().stream()
                .map(Parameter::name)
                .filter(known -> known.contains(name))
                .limit(MOST_NAMED)
                .toList();
        throw new IllegalArgumentException("this model has no tensor '" + name + "'; "
                + (alike.isEmpty() ? "'params --all' lists the names" : "there are " + String.join(", ", alike)));
    }

    private static String shape(int[] shape) {
        return shape.length == 1 ? "[" + shape[0] + "]" : "[" + shape[0] + ", " + shape[1] + "]";
    }

    /** Its row in a matrix; its place in a vector. */
    public int row() {
        int[] shape = parameter.shape();
        return (int) (shape.length == 1 ? place : place / shape[1]);
    }

    /** {@code wte.weight[4,0]}. */
    public String label() {
        int[] shape = parameter.shape();
        return parameter.name() + (shape.length == 1 ? "[" + place + "]" : "[" + row() + "," + place % shape[1] + "]");
    }

    /** Its value now. */
    float weight(Slab weights) {
        return read(weights, parameter.offset());
    }

    /** Its number in a slab of gradients or moments. */
    float trained(Slab slab) {
        return read(slab, parameter.trainedOffset());
    }

    private float read(Slab slab, long offset) {
        float[] one = new float[1];
        slab.read(offset + place, one, 0, 1);
        return one[0];
    }
}
