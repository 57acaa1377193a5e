package tinygpt.parameters;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.InitialLaw.Constant;
import tinygpt.parameters.InitialLaw.Normal;
import tinygpt.parameters.Parameter.Declaration;
import tinygpt.tensor.Slab;

/**
 * All parameters of one model, by name, in a fixed order.
 *
 * <p>A registry is first built with shapes only: no memory, no ND4J, whatever the size of the model. {@link #allocate()}
 * gives it the slab of weights.
 */
public final class ParameterRegistry implements AutoCloseable {
    /** Every parameter starts at a multiple of this many floats, 64 bytes. */
    private static final int ALIGNMENT = 16;

    private final ModelShape shape;
    private final List<Parameter> parameters;
    private final Map<String, Parameter> byName = new LinkedHashMap<>();
    private final long slabSize;
    private Slab weights;
    private Slab gradients;
    private boolean closed;

    private ParameterRegistry(ModelShape shape, List<Declaration> declarations) {
        this.shape = shape;
        List<Parameter> all = new ArrayList<>();
        long offset = 0;
        for (Declaration declaration : declarations) {
            Parameter tiedTo = declaration.tiedTo() == null ? null : get(declaration.tiedTo());
            Parameter parameter =
                    new Parameter(this, all.size(), declaration, tiedTo, tiedTo == null ? offset : tiedTo.offset());
            if (byName.put(parameter.name(), parameter) != null) {
                throw new IllegalStateException("two parameters are named " + parameter.name());
            }
            all.add(parameter);
            if (tiedTo == null) {
                offset = Math.addExact(offset, (parameter.size() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
            }
        }
        this.parameters = List.copyOf(all);
        this.slabSize = offset;
        checkComplete();
    }

    /** The registry of a GPT-2 style model, shapes only. */
    public static ParameterRegistry of(ModelShape shape) {
        return new ParameterRegistry(shape, new Declarations(shape).gpt2());
    }

    /** Gives the registry a slab of zeros for its weights, if it has none yet. */
    public ParameterRegistry allocate() {
        if (weights == null) {
            weights = Slab.allocate("weights", slabSize);
            closed = false;
        }
        return this;
    }

    public ModelShape shape() {
        return shape;
    }

    /** All parameters in registry order, tied ones too. */
    public List<Parameter> all() {
        return parameters;
    }

    /** The parameters that have numbers of their own. */
    public List<Parameter> owned() {
        return parameters.stream().filter(p -> p.tiedTo() == null).toList();
    }

    /**
     * The parameter of that name.
     *
     * @throws IllegalArgumentException if there is none, saying how to see those there are
     */
    public Parameter get(String name) {
        Parameter parameter = byName.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("there is no parameter '" + name + "' in this model of " + shape.layers()
                    + " layers; the command 'params --all' lists them");
        }
        return parameter;
    }

    public boolean contains(String name) {
        return byName.containsKey(name);
    }

    /** Number of parameters, tied ones counted once. */
    public long count() {
        long count = 0;
        for (Parameter parameter : parameters) {
            count += parameter.count();
        }
        return count;
    }

    /** Number of parameters of a kind, tied ones counted once, where their numbers live. */
    public long count(ParameterKind kind) {
        long count = 0;
        for (Parameter parameter : parameters) {
            count += parameter.kind() == kind ? parameter.count() : 0;
        }
        return count;
    }

    /** Floats in a slab laid out like this registry, with the padding between parameters. */
    public long slabSize() {
        return slabSize;
    }

    /**
     * The slab of weights.
     *
     * @throws IllegalStateException if this registry holds shapes only, or was closed
     */
    public Slab weights() {
        if (closed) {
            throw new IllegalStateException(
                    "this model was closed and its weights are gone; use it only while what it was opened with is open");
        }
        if (weights == null) {
            throw new IllegalStateException("this registry holds shapes only; call allocate() to give it memory");
        }
        return weights;
    }

    /** Lends the slab in which training leaves the gradient of a step; null takes it back. */
    public void lendGradients(Slab slab) {
        if (slab != null && slab.size() != slabSize) {
            throw new IllegalArgumentException("gradients need " + slabSize + " floats, not " + slab.size());
        }
        gradients = slab;
    }

    /**
     * The slab with the gradient of the last step.
     *
     * @throws IllegalStateException if nothing is being trained
     */
    public Slab gradients() {
        if (gradients == null) {
            throw new IllegalStateException("there are no gradients: no trainer is open on this model");
        }
        return gradients;
    }

    /** Gives the memory of the weights back. */
    @Override
    public void close() {
        if (weights != null) {
            weights.close();
            weights = null;
            closed = true;
        }
        gradients = null;
    }

    /** What must hold of every registry, checked once, so that no rule elsewhere can silently miss a parameter. */
    private void checkComplete() {
        for (Parameter p : parameters) {
            check(p.kind() != null && p.initialLaw() != null, p, "has no kind or no initial law");
            check(p.shape().length == 1 || p.shape().length == 2, p, "is neither a vector nor a matrix");
            check(p.size() > 0, p, "is empty");
            check(!p.decayed() || p.shape().length == 2, p, "is a vector, which weight decay must not touch");
            if (p.tiedTo() != null) {
                check(p.tiedTo().tiedTo() == null, p, "is tied to a tied parameter");
                check(p.size() == p.tiedTo().size(), p, "is tied to a tensor of another size");
                check(p.decayed() == p.tiedTo().decayed(), p, "and what it is tied to disagree on decay");
            }
        }
        long expected = expectedCount(shape);
        check(count() == expected, count(), "parameters were declared, but by the formula there are " + expected);
    }

    /** The closed formula for GPT-2: V C + T C + L (2 F C + 4 C^2 + 2 C + b (F + 7 C)) + C + b C + head. */
    private static long expectedCount(ModelShape s) {
        long c = s.width();
        long f = s.feedForwardWidth();
        long b = s.biases() ? 1 : 0;
        long block = 4 * c * c + 2 * f * c + 2 * c + b * (4 * c + f + c + 2 * c);
        long head = s.tiedHead() ? 0 : s.vocabularySize() * c;
        return s.vocabularySize() * c + s.contextLength() * c + s.layers() * block + c + b * c + head;
    }

    private static void check(boolean holds, Object subject, String fault) {
        if (!holds) {
            throw new IllegalStateException(subject + " " + fault);
        }
    }

    /** Says, once, what a GPT-2 is made of. */
    private static final class Declarations {
        private final ModelShape shape;
        private final List<Declaration> list = new ArrayList<>();
        private final InitialLaw matrix;
        private final InitialLaw residual;

        Declarations(ModelShape shape) {
            this.shape = shape;
            String std = CanonicalJson.shortest(shape.initialStd());
            this.matrix = new Normal(shape.initialStd(), "N(0, " + std + ")");
            // GPT-2 scales what each of the 2 L sublayers adds, so that the residual stream's variance does not grow.
            this.residual = new Normal(shape.initialStd() / Math.sqrt(2.0 * shape.layers()), "N(0, " + std + "/√(2L))");
        }

        List<Declaration> gpt2() {
            int c = shape.width();
            int f = shape.feedForwardWidth();
            embedding("wte.weight", ParameterKind.EMBEDDING, shape.vocabularySize());
            embedding("wpe.weight", ParameterKind.POSITIONAL, shape.contextLength());
            for (int layer = 0; layer < shape.layers(); layer++) {
                String h = "h." + layer + ".";
                norm(h + "ln_1", layer);
                linear(h + "attn.c_attn", ParameterKind.ATTENTION, layer, c, 3 * c, matrix);
                linear(h + "attn.c_proj", ParameterKind.ATTENTION, layer, c, c, residual);
                norm(h + "ln_2", layer);
                linear(h + "mlp.c_fc", ParameterKind.FEED_FORWARD, layer, c, f, matrix);
                linear(h + "mlp.c_proj", ParameterKind.FEED_FORWARD, layer, f, c, residual);
            }
            norm("ln_f", Parameter.NO_LAYER);
            int[] headShape = {shape.vocabularySize(), c};
            list.add(new Declaration(
                    "lm_head.weight",
                    ParameterKind.OUTPUT,
                    Parameter.NO_LAYER,
                    headShape,
                    matrix,
                    true,
                    true,
                    shape.tiedHead() ? "wte.weight" : null));
            return list;
        }

        private void embedding(String name, ParameterKind kind, int rows) {
            int[] tableShape = {rows, shape.width()};
            list.add(new Declaration(name, kind, Parameter.NO_LAYER, tableShape, matrix, true, true, null));
        }

        private void linear(String name, ParameterKind kind, int layer, int in, int out, InitialLaw law) {
            list.add(new Declaration(name + ".weight", kind, layer, new int[] {in, out}, law, true, true, null));
            bias(name, kind, layer, out);
        }

        private void norm(String name, int layer) {
            int[] gainShape = {shape.width()};
            list.add(new Declaration(
                    name + ".weight",
                    ParameterKind.NORMALIZATION,
                    layer,
                    gainShape,
                    new Constant(1),
                    false,
                    true,
                    null));
            bias(name, ParameterKind.NORMALIZATION, layer, shape.width());
        }

        private void bias(String name, ParameterKind kind, int layer, int size) {
            if (shape.biases()) {
                list.add(new Declaration(
                        name + ".bias", kind, layer, new int[] {size}, new Constant(0), false, true, null));
            }
        }
    }
}
