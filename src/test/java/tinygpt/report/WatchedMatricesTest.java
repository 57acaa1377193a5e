package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

class WatchedMatricesTest {
    /** What stands still is not worth a picture: a fine-tuned run showed nothing but frozen tensors. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*|0|wte.weight wpe.weight h.1.attn.c_attn.weight h.1.mlp.c_fc.weight",
                "kind:attention|0|h.0.attn.c_attn.weight h.1.attn.c_attn.weight h.1.attn.c_proj.weight"
                        + " h.0.attn.c_proj.weight",
                "kind:normalization|0|h.1.ln_1.weight h.1.ln_1.bias h.1.ln_2.weight h.1.ln_2.bias",
                "h.0.mlp.*,wte.weight|0|wte.weight h.0.mlp.c_fc.weight h.0.mlp.c_proj.weight h.0.mlp.c_fc.bias",
                "kind:adapter|2|h.1.attn.c_attn.lora_A.weight h.1.attn.c_attn.lora_B.weight"
                        + " h.1.attn.c_proj.lora_A.weight h.1.attn.c_proj.lora_B.weight"
            })
    void usual_areTrained(String trainable, String rank, String expected) {
        Hyperparameters hyperparameters = Preset.named("nano")
                .hyperparameters()
                .with("adaptation.trainable", trainable)
                .with("adaptation.lora_rank", rank);
        ParameterRegistry registry = ParameterRegistry.of(hyperparameters.model(), hyperparameters.adaptation());
        List<String> names = WatchedMatrices.of(registry, List.of()).stream()
                .map(Parameter::name)
                .sorted()
                .toList();
        assertEquals(List.of(expected.split(" ")).stream().sorted().toList(), names);
    }
}
