package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Selected;

/** What is said before training about what will be trained. */
final class TuningReport {
    private TuningReport() {}

    /**
     * The share that is trained, what each selector chose, and what is saved; empty if everything is trained and there is
     * nothing to say.
     */
    static List<String> lines(ParameterRegistry registry) {
        List<String> lines = new ArrayList<>();
        List<Parameter> frozen = registry.frozen();
        if (frozen.isEmpty()) {
            return lines;
        }
        long total = registry.count();
        long trained = registry.trainedCount();
        lines.add("Trainable " + Show.count(trained) + " of " + Show.count(total) + " ("
                + Show.share(trained, total) + "), in " + registry.trained().size() + " of "
                + registry.owned().size() + " tensors");
        for (Selected selected : registry.selections()) {
            lines.add("  " + (selected.takesAway() ? "frozen   " : "trained  ") + selected.selector() + ": "
                    + selected.tensors() + " tensor" + (selected.tensors() == 1 ? "" : "s") + ", "
                    + Show.count(selected.count()) + " parameters");
        }
        long saved = Float.BYTES * (registry.slabSize() - registry.trainedSize());
        lines.add("  saved    " + Show.bytes(2 * saved) + " of Adam's "
                + Show.bytes(2L * Float.BYTES * registry.slabSize()) + ", and " + Show.bytes(saved)
                + " of each gradient");
        Parameter head = registry.get("lm_head.weight");
        if (head.tiedTo() != null && !head.trainable()) {
            lines.add("  note     " + head.tiedTo().name()
                    + " is frozen, and with it the output head, which is tied to it");
        }
        if (!registry.adapters().isEmpty() && registry.adapters().stream().noneMatch(a -> a.b().trainable())) {
            lines.add("  note     the adapters are frozen; add kind:adapter to train them");
        }
        return lines;
    }
}
