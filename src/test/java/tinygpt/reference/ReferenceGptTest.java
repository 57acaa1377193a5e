package tinygpt.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.random.Stream;

/** What the golden models do not show: dropout, models without biases, the exact GELU. */
class ReferenceGptTest {
    private static final int VOCABULARY = 11;
    private static final int WIDTH = 8;
    private static final int[][] IDS = {{3, 0, 3, 7}, {1, 7, 5, 3}};

    private static ModelShape shape(boolean biases) {
        return new ModelShape(VOCABULARY, 5, 2, 2, WIDTH, 12, biases, false, Activation.GELU_ERF, 1e-5, 0.02, 0, 0, 0);
    }

    private static Map<String, double[]> weights() {
        return ModelFixtures.randomWeights(shape(true), 1);
    }

    @Test
    void gelu_ofOne_isTheTabulatedValue() {
        assertEquals(0.8413447460685429, ReferenceLayers.gelu(1, Activation.GELU_ERF), 1e-15);
        assertEquals(0.8411919906082768, ReferenceLayers.gelu(1, Activation.GELU_TANH), 1e-15);
    }

    @Test
    void loss_ofEqualLogits_isLogarithmOfVocabularySize() {
        Map<String, double[]> weights = weights();
        Arrays.fill(weights.get("lm_head.weight"), 0);

        double loss = new ReferenceGpt(shape(true), weights).loss(IDS, IDS);

        assertEquals(Math.log(VOCABULARY), loss, 1e-15);
    }

    @Test
    void logits_beforeAChangedToken_stayTheSame() {
        ReferenceGpt model = new ReferenceGpt(shape(true), weights());
        int before = 2 * VOCABULARY;
        int[][] changed = {{3, 0, 9, 7}, {1, 7, 5, 3}};

        double[] first = model.logits(IDS);
        double[] second = model.logits(changed);

        assertTrue(Arrays.equals(first, 0, before, second, 0, before), "tokens 0 and 1 must not see token 2");
        assertNotEquals(first[before], second[before]);
        assertNotEquals(first[before + VOCABULARY], second[before + VOCABULARY], "token 3 must see token 2");
    }

    @Test
    void logits_ofABatch_areThoseOfItsSequencesAlone() {
        ReferenceGpt model = new ReferenceGpt(shape(true), weights());

        double[] both = model.logits(IDS);
        double[] second = model.logits(new int[][] {IDS[1]});

        ModelFixtures.assertWithin("sequence 1", Arrays.copyOfRange(both, second.length, both.length), second, 0);
    }

    @Test
    void logits_ofModelWithoutBiases_areThoseWithZeroBiases() {
        Map<String, double[]> zeroed = weights();
        Map<String, double[]> without = new LinkedHashMap<>();
        zeroed.forEach((name, values) -> {
            if (name.endsWith(".bias")) {
                Arrays.fill(values, 0);
            } else {
                without.put(name, values);
            }
        });

        double[] expected = new ReferenceGpt(shape(true), zeroed).logits(IDS);
        double[] got = new ReferenceGpt(shape(false), without).logits(IDS);

        ModelFixtures.assertWithin("logits", expected, got, 0);
    }

    @ParameterizedTest
    @EnumSource(
            value = Stream.class,
            names = {
                "EMBEDDING_DROPOUT",
                "ATTENTION_DROPOUT",
                "ATTENTION_RESIDUAL_DROPOUT",
                "FEED_FORWARD_RESIDUAL_DROPOUT"
            })
    void logits_withOneKindOfDropoutOnly_change(Stream only) {
        Masks all = ModelFixtures.randomMasks(0.25, 5);
        Masks one = (kind, layer, index) -> kind == only ? all.at(kind, layer, index) : 1;

        double[] without = new ReferenceGpt(shape(true), weights()).logits(IDS);
        double[] with = new ReferenceGpt(shape(true), weights(), one).logits(IDS);

        assertNotEquals(without[without.length - 1], with[with.length - 1]);
    }

    /** Attention dropout comes after the softmax and nothing is renormalised: all probabilities doubled is c_proj doubled. */
    @Test
    void logits_withAttentionMultiplierTwoInLayerOne_areThoseOfDoubledProjection() {
        Masks two = (kind, layer, index) -> kind == Stream.ATTENTION_DROPOUT && layer == 1 ? 2 : 1;
        Map<String, double[]> doubled = weights();
        scale(doubled.get("h.1.attn.c_proj.weight"), 2);

        double[] masked = new ReferenceGpt(shape(true), weights(), two).logits(IDS);

        assertWithinRounding(new ReferenceGpt(shape(true), doubled).logits(IDS), masked);
    }

    /** Residual dropout scales what the sublayer adds, its bias too. */
    @ParameterizedTest
    @EnumSource(
            value = Stream.class,
            names = {"ATTENTION_RESIDUAL_DROPOUT", "FEED_FORWARD_RESIDUAL_DROPOUT"})
    void logits_withResidualMultiplierTwoInLayerZero_areThoseOfDoubledSublayer(Stream residual) {
        Masks two = (kind, layer, index) -> kind == residual && layer == 0 ? 2 : 1;
        String projection = residual == Stream.ATTENTION_RESIDUAL_DROPOUT ? "h.0.attn.c_proj" : "h.0.mlp.c_proj";
        Map<String, double[]> doubled = weights();
        scale(doubled.get(projection + ".weight"), 2);
        scale(doubled.get(projection + ".bias"), 2);

        double[] masked = new ReferenceGpt(shape(true), weights(), two).logits(IDS);

        assertWithinRounding(new ReferenceGpt(shape(true), doubled).logits(IDS), masked);
    }

    /** Embedding dropout of a channel, in all tokens, is that channel doubled in both embeddings. */
    @Test
    void logits_withEmbeddingMultiplierTwoInChannelThree_areThoseOfDoubledColumn() {
        Masks two = (kind, layer, index) -> kind == Stream.EMBEDDING_DROPOUT && index[1] == 3 ? 2 : 1;
        Map<String, double[]> doubled = weights();
        for (String table : Set.of("wte.weight", "wpe.weight")) {
            for (int i = 3; i < doubled.get(table).length; i += WIDTH) {
                doubled.get(table)[i] *= 2;
            }
        }

        double[] masked = new ReferenceGpt(shape(true), weights(), two).logits(IDS);

        assertWithinRounding(new ReferenceGpt(shape(true), doubled).logits(IDS), masked);
    }

    @Test
    void model_withoutOneTensor_isRefusedByName() {
        Map<String, double[]> weights = weights();
        weights.remove("h.1.mlp.c_fc.bias");

        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> new ReferenceGpt(shape(true), weights));

        assertEquals("h.1.mlp.c_fc.bias needs 12 numbers, there is none", error.getMessage());
    }

    private static void scale(double[] values, double factor) {
        Arrays.setAll(values, i -> factor * values[i]);
    }

    private static void assertWithinRounding(double[] expected, double[] got) {
        ModelFixtures.assertWithin("logits", expected, got, 1e-12);
    }
}
