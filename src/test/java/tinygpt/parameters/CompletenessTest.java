package tinygpt.parameters;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter.Declaration;

/** Every check is seen to fail: a complete list of parameters is spoiled in one place. */
class CompletenessTest {
    private static final ModelShape SHAPE =
            Preset.named("nano").hyperparameters().model();
    private static final InitialLaw LAW = new InitialLaw.Constant(0);

    private final List<Parameter> parameters =
            new ArrayList<>(ParameterRegistry.of(SHAPE).all());

    @Test
    void gpt2_isComplete() {
        assertDoesNotThrow(() -> Completeness.check(SHAPE, 0, parameters));
    }

    @Test
    void missingKindOrLaw_isFound() {
        assertFault("x [3] has no kind", parameter("x", null, LAW, false, null, 3));
        assertFault("x [3] has no initial law", parameter("x", ParameterKind.ATTENTION, null, false, null, 3));
    }

    @Test
    void shapesThatAreNoVectorAndNoMatrix_areFound() {
        assertFault("x [2, 2, 2] is neither", parameter("x", ParameterKind.ATTENTION, LAW, false, null, 2, 2, 2));
        assertFault("x [0] is empty", parameter("x", ParameterKind.ATTENTION, LAW, false, null, 0));
    }

    @Test
    void wrongDecay_isFound() {
        assertFault("x [3] is a vector, which", parameter("x", ParameterKind.ATTENTION, LAW, true, null, 3));
        assertFault("x [3, 2] is a matrix or", parameter("x", ParameterKind.ATTENTION, LAW, false, null, 3, 2));
        assertFault("x [3, 2] is a matrix or", parameter("x", ParameterKind.EMBEDDING, LAW, false, null, 3, 2));
    }

    @Test
    void wrongTies_areFound() {
        Parameter head = parameters.get(parameters.size() - 1);
        Parameter gain = ParameterRegistry.of(SHAPE).get("ln_f.weight");
        assertFault(
                "x [64, 32] is tied to a tied parameter",
                parameter("x", ParameterKind.OUTPUT, LAW, true, head, 64, 32));
        // As many numbers, but another shape.
        assertFault(
                "x [32, 64] is tied to wte.weight [64, 32]",
                parameter("x", ParameterKind.OUTPUT, LAW, true, head.tiedTo(), 32, 64));
        assertFault(
                "x [32] and what it is tied to disagree on training",
                parameter("x", ParameterKind.NORMALIZATION, LAW, false, gain, 32));
    }

    @ParameterizedTest
    @EnumSource(
            value = ParameterKind.class,
            names = {"EMBEDDING", "POSITIONAL", "ATTENTION", "FEED_FORWARD", "NORMALIZATION"})
    void missingParameter_isFoundByItsKind(ParameterKind kind) {
        parameters.remove(
                parameters.stream().filter(p -> p.kind() == kind).findFirst().orElseThrow());
        assertFault(kind.label() + " parameters are ");
    }

    /** The total would be right: one kind has what another lacks. */
    @Test
    void parameterOfTheWrongKind_isFound() {
        Parameter gain = ParameterRegistry.of(SHAPE).get("ln_f.weight");
        parameters.removeIf(p -> p.name().equals(gain.name()));
        assertFault(
                "attention parameters are 8480, but by the formula 8448",
                parameter("ln_f.weight", ParameterKind.ATTENTION, gain.initialLaw(), false, null, 32));
    }

    @Test
    void adapters_areCounted() {
        assertEquals(
                "adapter parameters are 0, but by the formula 5",
                assertThrows(IllegalStateException.class, () -> Completeness.check(SHAPE, 5, parameters))
                        .getMessage());
    }

    @Test
    void untiedHead_isCounted() {
        ModelShape untied = Preset.named("nano")
                .hyperparameters()
                .with("model.tied_head", "false")
                .model();
        assertEquals(
                "output parameters are 0, but by the formula 2048",
                assertThrows(IllegalStateException.class, () -> Completeness.check(untied, 0, parameters))
                        .getMessage());
    }

    private void assertFault(String fault, Parameter... more) {
        List<Parameter> all = new ArrayList<>(List.of(more));
        all.addAll(parameters);
        String message = assertThrows(IllegalStateException.class, () -> Completeness.check(SHAPE, 0, all))
                .getMessage();
        assertTrue(message.startsWith(fault), message);
    }

    private static Parameter parameter(
            String name, ParameterKind kind, InitialLaw law, boolean decayed, Parameter tiedTo, int... shape) {
        return new Parameter(
                null,
                0,
                new Declaration(
                        name, kind, Parameter.NO_LAYER, shape, law, decayed, tiedTo == null ? null : tiedTo.name()),
                tiedTo,
                0);
    }
}
