package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.ParameterRegistry;

class AuditTest {
    private static List<String> faults(Hyperparameters h, Consumer<ParameterRegistry> tampering) {
        List<String> faults = new ArrayList<>();
        Audit.of(h, 2, tampering)
                .forEach(t ->
                        t.faults().forEach(fault -> faults.add(t.parameter().name() + " " + fault)));
        return faults;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.biases=true",
                "model.biases=false",
                "model.tied_head=false",
                "optimization.gradient_clip=0",
                "model.residual_dropout=0.2",
                "adaptation.trainable=kind:attention",
                "adaptation.lora_rank=2"
            })
    void everyVariant_isAsDeclared(String change) {
        String[] keyAndValue = change.split("=");
        Hyperparameters h = InspectedModel.nano(1).with(keyAndValue[0], keyAndValue[1]);
        assertEquals(List.of(), faults(h, registry -> {}));
    }

    @Test
    void decay_isMeasured_ofMatricesAndGains() {
        for (AuditedTensor t : Audit.of(InspectedModel.nano(1), 2)) {
            String name = t.parameter().name();
            boolean zeros = t.initial().norm() == 0;
            assertEquals(!zeros, t.decayMeasured(), name);
            if (!zeros) {
                assertEquals(t.parameter().decayed() ? 0.1 : 0, t.decay(), 0.002, name);
            }
        }
    }

    @Test
    void wrongDeviation_isNamed() {
        List<String> faults = faults(
                InspectedModel.nano(1), registry -> InspectedModel.scale(registry, "h.1.attn.c_proj.weight", 1.4142f));
        assertEquals(1, faults.size(), faults.toString());
        assertTrue(
                faults.get(0).startsWith("h.1.attn.c_proj.weight has the standard deviation 0.01393"), faults.get(0));
        assertTrue(faults.get(0).endsWith("but its law is N(0, 0.02/√(2L))"), faults.get(0));
    }

    @Test
    void wrongConstant_isNamed() {
        List<String> faults =
                faults(InspectedModel.nano(1), registry -> InspectedModel.set(registry, "h.0.ln_2.bias", 0, 0.5f));
        assertEquals(List.of("h.0.ln_2.bias holds numbers from 0.0 to 0.5, but its law is 0"), faults);
    }

    /** A block whose output projection is 0 hides what lies before it from the backward pass. */
    @Test
    void tensorThatTheBackwardPassDoesNotReach_isNamed() {
        List<String> faults =
                faults(InspectedModel.nano(1), registry -> InspectedModel.scale(registry, "h.0.mlp.c_proj.weight", 0));
        assertTrue(faults.contains("h.0.mlp.c_fc.weight is not reached by the backward pass"), faults.toString());
        assertTrue(faults.contains("h.0.mlp.c_fc.bias was not moved by the step"), faults.toString());
    }

    @Test
    void decayOfTheWrongGroup_isNamed() {
        AuditedTensor good = Audit.of(InspectedModel.nano(1), 2).get(0);
        assertEquals("wte.weight", good.parameter().name());
        AuditedTensor undecayed = new AuditedTensor(
                good.parameter(), good.initial(), false, good.gradientNorm(), good.changeNorm(), 0.1, 0, 0.001);
        assertEquals(List.of("was decayed by 0.0, not 0.1"), undecayed.faults());
        AuditedTensor notFinite = new AuditedTensor(
                good.parameter(), good.initial(), false, Double.NaN, Double.NaN, 0.1, Double.NaN, 0.001);
        assertEquals(
                List.of("has a gradient that is not finite", "was moved to something that is not finite"),
                notFinite.faults());
    }
}
