package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.inspection.Ablation.Effect;
import tinygpt.model.Gpt;
import tinygpt.parameters.AdapterMerge;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ReferenceGpt;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.Evaluation;

class AblationTest {
    private static final int[] TOKENS = LookedAtModel.tokens(20);
    private static final int WIDTH = LookedAtModel.SHAPE.width();
    private static final int D = LookedAtModel.SHAPE.headWidth();

    /** A head without its values (columns and their bias in c_attn) adds nothing either; the rows of c_proj do the same. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void zeroedHead_isTheModelWithoutThatHeadsValues(boolean adapted) {
        for (int head = 0; head < 2; head++) {
            try (LookedAtModel byRows = adapted ? LookedAtModel.adapted() : new LookedAtModel();
                    LookedAtModel byValues = adapted ? LookedAtModel.adapted() : new LookedAtModel()) {
                float[] before = byRows.logits(TOKENS);
                WeightEdit.zero(ModelPart.parse(byRows.registry, "h.1.head." + head))
                        .apply(byRows.registry);
                List<String> tensors = new ArrayList<>(List.of("weight", "bias"));
                if (adapted) {
                    tensors.add("lora_B.weight");
                }
                float[] zeros = new float[D];
                for (String tensor : tensors) {
                    var numbers =
                            byValues.registry.get("h.1.attn.c_attn." + tensor).matrix();
                    for (int row = 0; row < numbers.rows(); row++) {
                        numbers.block(row, 2 * WIDTH + head * D, 1, D).writeRow(0, zeros, 0);
                    }
                }
                float[] expected = byValues.logits(TOKENS);
                ModelFixtures.assertClose(
                        "logits", ModelFixtures.widen(expected), ModelFixtures.widen(byRows.logits(TOKENS)), 1e-5);
                assertTrue(distance(before, expected) > 0.1, "the head matters");
            }
        }
    }

    @Test
    void scaledSublayer_addsAMultiple_inTheReferenceToo() {
        try (LookedAtModel looked = new LookedAtModel()) {
            WeightEdit.scale(ModelPart.parse(looked.registry, "h.2.mlp"), -1.5f).apply(looked.registry);
            Map<String, double[]> weights = looked.weights;
            for (String tensor : new String[] {"h.2.mlp.c_proj.weight", "h.2.mlp.c_proj.bias"}) {
                double[] numbers = weights.get(tensor);
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] *= -1.5;
                }
            }
            double[] expected = new ReferenceGpt(LookedAtModel.SHAPE, weights).logits(new int[][] {TOKENS});
            ModelFixtures.assertClose("logits", expected, looked.logits(TOKENS), 1e-5);
        }
    }

    /** With an adapter beside c_proj, its product must be scaled once and not twice. */
    @Test
    void scaledSublayer_withAdapters_isTheMergedModelScaled() {
        try (LookedAtModel looked = LookedAtModel.adapted();
                ParameterRegistry merged = AdapterMerge.merge(looked.registry);
                LookedAtModel plain = new LookedAtModel(
                        ParameterRegistry.of(LookedAtModel.SHAPE),
                        r -> r.weights().copyFrom(merged.weights()))) {
            WeightEdit.scale(ModelPart.parse(looked.registry, "h.0.attn"), 3).apply(looked.registry);
            WeightEdit.scale(ModelPart.parse(plain.registry, "h.0.attn"), 3).apply(plain.registry);
            ModelFixtures.assertClose(
                    "logits",
                    ModelFixtures.widen(plain.logits(TOKENS)),
                    ModelFixtures.widen(looked.logits(TOKENS)),
                    1e-4);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "wte.weight[3,4]|1",
                "wte.weight[3]|12",
                "ln_f.bias[11]|1",
                "lm_head.weight[3,4]|1",
                "h.1|744",
                "h.1.attn|156",
                "h.1.mlp|588",
                "h.0.head.1|72",
                "kind:positional|864",
                "wte.weight,lm_head.weight|228",
                "h.[01].ln_1.*|48"
            })
    void zeroedPart_isExactlyThoseNumbers(String part, int size) {
        try (LookedAtModel looked = new LookedAtModel()) {
            float[] before = looked.numbers();
            WeightEdit edit = WeightEdit.zero(ModelPart.parse(looked.registry, part));
            assertEquals(size, edit.size());
            Runnable undo = edit.apply(looked.registry);
            float[] after = looked.numbers();
            int changed = 0;
            for (int i = 0; i < after.length; i++) {
                changed += before[i] == after[i] ? 0 : 1;
                assertTrue(before[i] == after[i] || after[i] == 0);
            }
            assertEquals(size, changed);
            undo.run();
            assertArrayEquals(before, looked.numbers());
        }
    }

    @Test
    void oneWeight_isTheOneOfThatRowAndColumn() {
        try (LookedAtModel looked = new LookedAtModel()) {
            WeightEdit.scale(ModelPart.parse(looked.registry, "h.0.attn.c_attn.weight[2,7]"), 2)
                    .apply(looked.registry);
            float[] row = new float[3 * WIDTH];
            looked.registry.get("h.0.attn.c_attn.weight").matrix().readRow(2, row, 0);
            assertEquals((float) (2 * looked.weights.get("h.0.attn.c_attn.weight")[2 * 3 * WIDTH + 7]), row[7]);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "h.3|'h.3' names layer 3, but they are numbered from 0 to 2 here",
                "h.0.head.2|'h.0.head.2' names head 2, but they are numbered from 0 to 1 here",
                "wte.weight[19,0]|'wte.weight[19,0]' names row 19, but they are numbered from 0 to 18 here",
                "wte.weight[0,12]|'wte.weight[0,12]' names column 12, but they are numbered from 0 to 11 here",
                "ln_f.bias[1,2]|'ln_f.bias[1,2]' has two indices, but ln_f.bias [12] is a vector: write ln_f.bias[1]",
                "h.0.head|'h.0.head' is no part of this model",
                "h.0.attn.1|'h.0.attn.1' is no part of this model",
                "nothing[1,2]|there is no parameter 'nothing'",
                "kind:heads|there is no kind 'heads'"
            })
    void partThatIsNotThere_isRefused(String part, String message) {
        try (LookedAtModel looked = new LookedAtModel()) {
            var e = assertThrows(IllegalArgumentException.class, () -> ModelPart.parse(looked.registry, part));
            assertTrue(e.getMessage().startsWith(message), e.getMessage());
        }
    }

    /** Kinds and tensors are all of the model; layers, sublayers and heads are what their names say. */
    @ParameterizedTest
    @EnumSource(ModelPart.Piece.class)
    void pieces_areAllThereAre(ModelPart.Piece piece) {
        try (LookedAtModel looked = new LookedAtModel()) {
            List<ModelPart> parts = ModelPart.each(looked.registry, piece);
            long numbers = parts.stream()
                    .mapToLong(part -> WeightEdit.zero(part).size())
                    .sum();
            switch (piece) {
                case KIND, TENSOR -> assertEquals(looked.registry.count(), numbers);
                case LAYER -> assertEquals(List.of("h.0", "h.1", "h.2").toString(), parts.toString());
                case SUBLAYER -> {
                    assertEquals(6, parts.size());
                    assertEquals("h.2.mlp", parts.get(5).name());
                }
                case HEAD -> {
                    assertEquals(6, parts.size());
                    assertEquals("h.2.head.1", parts.get(5).name());
                    assertEquals(3 * WIDTH * WIDTH, numbers);
                }
            }
        }
    }

    @Test
    void freeze_setsAllNumbersOfAPart_toTheInitialOnes() {
        try (LookedAtModel looked = new LookedAtModel();
                ParameterRegistry initial =
                        ParameterRegistry.of(LookedAtModel.SHAPE).allocate()) {
            Initializer.initialize(initial, 5);
            InitialValues values = InitialValues.ofSeed(5);
            WeightEdit head = WeightEdit.freeze(ModelPart.parse(looked.registry, "h.1.head.0"), values);
            assertEquals(D * WIDTH + 3 * D * WIDTH + 3 * D, head.size());
            for (int layer = 0; layer < 3; layer++) {
                WeightEdit.freeze(ModelPart.parse(looked.registry, "h." + layer), values)
                        .apply(looked.registry);
            }
            WeightEdit.freeze(ModelPart.parse(looked.registry, "w?e.weight,ln_f.*"), values)
                    .apply(looked.registry);
            float[] expected = new float[Math.toIntExact(initial.slabSize())];
            initial.weights().read(0, expected, 0, expected.length);
            assertArrayEquals(expected, looked.numbers());
        }
    }

    @Test
    void effects_areEvaluationsOfTheChangedModel() {
        int[] text = ModelFixtures.randomIds(LookedAtModel.SHAPE, 1, 500, 3)[0];
        try (LookedAtModel looked = new LookedAtModel();
                WorkerTeam team = new WorkerTeam(2, Gpt.longestRow(LookedAtModel.SHAPE))) {
            Evaluation.Result before = Evaluation.evaluate(looked.model, text, team);
            float[] numbers = looked.numbers();
            Ablation ablation = new Ablation(looked.model, text, team);
            assertEquals(before, ablation.before());
            List<WeightEdit> edits = ModelPart.each(looked.registry, ModelPart.Piece.SUBLAYER).stream()
                    .map(WeightEdit::zero)
                    .toList();

            List<Effect> alone = ablation.eachAlone(edits, effect -> {});
            assertArrayEquals(numbers, looked.numbers());
            for (int i = 1; i < alone.size(); i++) {
                assertTrue(
                        alone.get(i - 1).change().loss()
                                >= alone.get(i).change().loss(),
                        "sorted by harm");
            }

            List<Effect> inTurn = ablation.inTurn(edits);
            Effect last = inTurn.get(inTurn.size() - 1);
            Evaluation.Result after = Evaluation.evaluate(looked.model, text, team);
            assertEquals(after, last.loss());
            assertEquals(after.loss() - before.loss(), last.change().loss(), 1e-12);
            Effect first = alone.stream()
                    .filter(effect -> effect.edit() == edits.get(0))
                    .findFirst()
                    .orElseThrow();
            assertEquals(first, inTurn.get(0));
        }
    }

    /** NaN is the worst harm there is. */
    @Test
    void lossThatIsNoNumber_comesFirst() {
        int[] text = ModelFixtures.randomIds(LookedAtModel.SHAPE, 1, 100, 3)[0];
        try (LookedAtModel looked = new LookedAtModel();
                WorkerTeam team = new WorkerTeam(1, Gpt.longestRow(LookedAtModel.SHAPE))) {
            Ablation ablation = new Ablation(looked.model, text, team);
            List<Effect> effects = ablation.eachAlone(
                    List.of(
                            WeightEdit.zero(ModelPart.parse(looked.registry, "h.0")),
                            WeightEdit.scale(ModelPart.parse(looked.registry, "wte.weight"), Float.MAX_VALUE)),
                    effect -> {});
            assertTrue(Double.isNaN(effects.get(0).loss().loss()), effects.toString());
        }
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }
}
