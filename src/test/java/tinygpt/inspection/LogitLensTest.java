package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import tinygpt.inspection.LogitLens.Depth;
import tinygpt.inspection.LogitLens.Guess;
import tinygpt.inspection.LogitLens.Position;
import tinygpt.model.Activations;

class LogitLensTest {
    private static final int VOCABULARY = LookedAtModel.SHAPE.vocabularySize();
    private static final int LAYERS = LookedAtModel.SHAPE.layers();
    private static final int[] TOKENS = LookedAtModel.tokens(9);

    @Test
    void lastDepth_isTheModelsOwnOutput() {
        try (LookedAtModel looked = new LookedAtModel()) {
            float[] logits = looked.logits(TOKENS);
            List<Position> positions = LogitLens.look(looked.model, looked.space, TOKENS, 0, VOCABULARY);
            assertEquals(TOKENS.length, positions.size());
            for (Position position : positions) {
                Depth last = position.depths().get(LAYERS);
                int t = position.position();
                assertProbabilities(Arrays.copyOfRange(logits, t * VOCABULARY, (t + 1) * VOCABULARY), last);
                assertEquals(TOKENS[t], position.token());
                assertEquals(1, last.rank());
                assertEquals(0, last.divergence());
                assertEquals(position.choice(), last.guesses().get(0).id());
            }
        }
    }

    /** Reading out at the depth the pass has reached, and going on, leaves the logits of the whole pass as they are. */
    @Test
    void readOutOnTheWay_changesNoBitOfTheOutput() {
        try (LookedAtModel looked = new LookedAtModel();
                Activations a = new Activations(looked.model, 1, TOKENS.length, null)) {
            float[] expected = looked.logits(TOKENS);
            System.arraycopy(TOKENS, 0, a.tokens(), 0, TOKENS.length);
            float[][] last = new float[1][];
            looked.model.forward(looked.space, a, depth -> {
                looked.model.readOut(looked.space, a, depth);
                last[0] = a.logits().toArray();
            });
            assertArrayEquals(expected, a.logits().toArray());
            assertArrayEquals(expected, last[0]);
        }
    }

    /** What the lens sees after n layers is what a model says whose later layers add nothing: to take them out is identity. */
    @Test
    void depth_isTheModelWithoutItsLaterLayers_toTheBit() {
        for (int depth = 0; depth < LAYERS; depth++) {
            try (LookedAtModel whole = new LookedAtModel();
                    LookedAtModel cut = new LookedAtModel()) {
                for (int layer = depth; layer < LAYERS; layer++) {
                    WeightEdit.zero(ModelPart.parse(cut.registry, "h." + layer)).apply(cut.registry);
                }
                int t = TOKENS.length - 1;
                float[] logits = Arrays.copyOfRange(cut.logits(TOKENS), t * VOCABULARY, (t + 1) * VOCABULARY);
                Position position = LogitLens.look(whole.model, whole.space, TOKENS, t, VOCABULARY)
                        .get(0);
                assertProbabilities(logits, position.depths().get(depth));
                assertDivergence(position, position.depths().get(depth));
            }
        }
    }

    @Test
    void top_isHowManyGuessesThereAre() {
        try (LookedAtModel looked = new LookedAtModel()) {
            Position position =
                    LogitLens.look(looked.model, looked.space, TOKENS, 8, 2).get(0);
            assertEquals(2, position.depths().get(1).guesses().size());
            assertTrue(position.depths().get(1).guesses().get(0).probability()
                    >= position.depths().get(1).guesses().get(1).probability());
        }
    }

    @Test
    void divergedModel_makesNoGuess() {
        try (LookedAtModel looked = new LookedAtModel()) {
            float[] nan = {Float.NaN};
            looked.registry.weights().write(looked.registry.get("wpe.weight").offset(), nan, 0, 1);
            var e = assertThrows(
                    ArithmeticException.class, () -> LogitLens.look(looked.model, looked.space, TOKENS, 8, 2));
            assertTrue(e.getMessage().contains("diverged"), e.getMessage());
        }
    }

    private static void assertProbabilities(float[] logits, Depth depth) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double before = Double.POSITIVE_INFINITY;
        assertEquals(VOCABULARY, depth.guesses().size());
        for (Guess guess : depth.guesses()) {
            assertEquals(Math.exp(logits[guess.id()]) / sum, guess.probability(), 1e-12);
            assertTrue(guess.probability() <= before, "guesses are in order");
            before = guess.probability();
        }
    }

    /** Rank and divergence, recomputed from the lists. */
    private static void assertDivergence(Position position, Depth depth) {
        double divergence = 0;
        for (Guess last : position.depths().get(LAYERS).guesses()) {
            for (int rank = 1; rank <= VOCABULARY; rank++) {
                Guess here = depth.guesses().get(rank - 1);
                if (here.id() == last.id()) {
                    divergence += last.probability() * Math.log(last.probability() / here.probability());
                    assertTrue(here.id() != position.choice() || rank == depth.rank(), "rank of the choice");
                }
            }
        }
        assertTrue(divergence > 0.01, "the depths differ");
        assertEquals(divergence, depth.divergence(), 1e-9);
    }
}
