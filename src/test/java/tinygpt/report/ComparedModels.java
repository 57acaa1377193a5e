package tinygpt.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.inspection.InspectedModel;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.TensorDifference.State;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.text.CharacterTokenizer;

/** Two checkpoints of a run, at steps 0 and 9, and the page about them. */
record ComparedModels(Path run, ObjectNode state, ModelDifference difference) {
    /** Some of them must never become markup. */
    private static final String CHARACTERS =
            "<>&\"'\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?";

    /** Of the preset nano; wte grows by a hundredth, a gain and a bias change in few places. */
    static ComparedModels usual(Path run) {
        return write(run, InspectedModel.nano(1), registry -> {
            InspectedModel.scale(registry, "wte.weight", 1.01f);
            InspectedModel.set(registry, "h.0.ln_1.weight", 1, 1, -3, 1, 4);
            InspectedModel.set(registry, "h.1.mlp.c_proj.bias", 0.5f);
        });
    }

    static ComparedModels write(Path run, Hyperparameters h, Consumer<ParameterRegistry> change) {
        Map<String, Object> tokenizer = tokenizer(h.model().vocabularySize()).describe();
        InspectedModel.write(run, h, 0, tokenizer, registry -> {});
        InspectedModel.write(run, h, 9, tokenizer, change);
        return of(run, run + "@0", run.toString());
    }

    private static CharacterTokenizer tokenizer(int size) {
        int n = size;
        while (CharacterTokenizer.of(CHARACTERS.substring(0, n)).vocabularySize() > size) {
            n--;
        }
        return CharacterTokenizer.of(CHARACTERS.substring(0, n));
    }

    static ComparedModels of(Path run, String a, String b) {
        try (WeightFile before = WeightFile.open(a);
                WeightFile after = WeightFile.open(b)) {
            ModelDifference difference = ModelDifference.between(before, after);
            List<TensorDifference> listed = new ArrayList<>(difference.mostChangedFirst());
            listed.addAll(difference.in(State.SAME));
            return new ComparedModels(run, DifferencePage.state(a, before, b, after, difference, listed), difference);
        }
    }

    /** The page's file. */
    Path page() throws IOException {
        Files.createDirectories(run);
        return Files.write(run.resolve("change.html"), DifferencePage.html(state));
    }
}
