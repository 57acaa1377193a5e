package tinygpt.parameters;

import java.util.ArrayList;
import java.util.List;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.InitialLaw.Constant;
import tinygpt.parameters.InitialLaw.Normal;
import tinygpt.parameters.Parameter.Declaration;

/** Says, once, what a GPT-2 is made of. */
final class Declarations {
    private final ModelShape shape;
    private final Adaptation adaptation;
    private final List<Declaration> list = new ArrayList<>();
    private final InitialLaw matrix;
    private final InitialLaw residual;
    private final List<Linear> linears = new ArrayList<>();
    private final List<String> adapted = new ArrayList<>();

    /** A linear layer, which an adapter may be given to. */
    private record Linear(String name, ParameterKind kind, int layer, int in, int out) {
        boolean chosenBy(ParameterSelector selector) {
            return selector.matches(kind, name) || selector.matches(kind, name + ".weight");
        }
    }

    Declarations(ModelShape shape, Adaptation adaptation) {
        this.shape = shape;
        this.adaptation = adaptation;
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
                shape.tiedHead() ? "wte.weight" : null));
        if (adaptation.loraRank() > 0) {
            adapters();
        }
        return list;
    }

    /** Names of the linear layers that have an adapter. */
    List<String> adapted() {
        return adapted;
    }

    /** After everything else, so that the base lies in the slab as it does without adapters. */
    private void adapters() {
        SelectorList on = new SelectorList(adaptation.loraOn());
        List<String> names = linears.stream().map(Linear::name).toList();
        for (SelectorList.Item item : on.items()) {
            if (item.takesAway()) {
                throw new IllegalArgumentException("lora_on '" + adaptation.loraOn()
                        + "' takes layers away with !, which has no place there; name those that get an adapter");
            }
            for (SelectorList.Item alternative : item.alternatives()) {
                if (linears.stream().noneMatch(linear -> linear.chosenBy(alternative.selector()))) {
                    throw SelectorList.matchesNothing(
                            alternative, "linear layer (attention, feed-forward, or names like *.c_attn)", names);
                }
            }
        }
        for (Linear linear : linears) {
            if (on.items().stream().anyMatch(item -> linear.chosenBy(item.selector()))) {
                adapter(linear);
            }
        }
    }

    /**
     * A starts with the variance that PEFT gives it, Kaiming's uniform law with a = sqrt(5), which is 1 / (3 in), and is
     * normal as in the paper; B starts at 0. Both decay, as matrices do.
     */
    private void adapter(Linear linear) {
        int rank = adaptation.loraRank();
        if (rank > Math.min(linear.in(), linear.out())) {
            throw new IllegalArgumentException("lora_rank " + rank + " is more than the rank " + linear.name() + " ["
                    + linear.in() + ", " + linear.out() + "] can have; use at most "
                    + Math.min(linear.in(), linear.out()));
        }
        InitialLaw law = new Normal(1 / Math.sqrt(3.0 * linear.in()), "N(0, 1/√(3·" + linear.in() + "))");
        adapted.add(linear.name());
        factor(linear, ".lora_A.weight", new int[] {linear.in(), rank}, law);
        factor(linear, ".lora_B.weight", new int[] {rank, linear.out()}, new Constant(0));
    }

    private void factor(Linear linear, String ending, int[] size, InitialLaw law) {
        list.add(new Declaration(linear.name() + ending, ParameterKind.ADAPTER, linear.layer(), size, law, true, null));
    }

    private void embedding(String name, ParameterKind kind, int rows) {
        int[] tableShape = {rows, shape.width()};
        list.add(new Declaration(name, kind, Parameter.NO_LAYER, tableShape, matrix, true, null));
    }

    private void linear(String name, ParameterKind kind, int layer, int in, int out, InitialLaw law) {
        list.add(new Declaration(name + ".weight", kind, layer, new int[] {in, out}, law, true, null));
        linears.add(new Linear(name, kind, layer, in, out));
        bias(name, kind, layer, out);
    }

    private void norm(String name, int layer) {
        int[] gainShape = {shape.width()};
        list.add(new Declaration(
                name + ".weight", ParameterKind.NORMALIZATION, layer, gainShape, new Constant(1), false, null));
        bias(name, ParameterKind.NORMALIZATION, layer, shape.width());
    }

    private void bias(String name, ParameterKind kind, int layer, int size) {
        if (shape.biases()) {
            list.add(new Declaration(name + ".bias", kind, layer, new int[] {size}, new Constant(0), false, null));
        }
    }
}
