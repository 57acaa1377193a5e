package tinygpt.inspection;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.Evaluation;
import tinygpt.training.Evaluation.WindowLosses;

/** Takes parts out of a model in memory and measures what that does to its loss on a text. */
public final class Ablation {
    private final Gpt model;
    private final int[] tokens;
    private final WorkerTeam team;
    private final WindowLosses before;

    /**
     * Measures the model as it is.
     *
     * @param tokens the text, at least two tokens
     */
    public Ablation(Gpt model, int[] tokens, WorkerTeam team) {
        this.model = model;
        this.tokens = tokens.clone();
        this.team = team;
        this.before = Evaluation.windows(model, tokens, team);
    }

    /**
     * What an edit did.
     *
     * @param edit what was done
     * @param loss of the model then
     * @param change of the loss against the model as it was, with the standard error of the change
     */
    public record Effect(WeightEdit edit, Evaluation.Result loss, Evaluation.Result change) {}

    /** The loss of the model as it was. */
    public Evaluation.Result before() {
        return before.result();
    }

    /** Does edits one after the other, each on top of those before it, and measures after each. The model stays changed. */
    public List<Effect> inTurn(List<WeightEdit> edits) {
        List<Effect> effects = new ArrayList<>();
        for (WeightEdit edit : edits) {
            edit.apply(model.registry());
            effects.add(measure(edit));
        }
        return effects;
    }

    /**
     * Does each edit alone, and undoes it; afterwards the model is as it was, to the bit.
     *
     * @param progress is told each effect when it is known
     * @return the effects, the most harmful first; a loss that is no number counts as the worst
     */
    public List<Effect> eachAlone(List<WeightEdit> edits, Consumer<Effect> progress) {
        List<Effect> effects = new ArrayList<>();
        for (WeightEdit edit : edits) {
            Runnable undo = edit.apply(model.registry());
            try {
                Effect effect = measure(edit);
                effects.add(effect);
                progress.accept(effect);
            } finally {
                undo.run();
            }
        }
        // Double.compare puts NaN above every number.
        effects.sort(Comparator.comparingDouble((Effect e) -> e.change().loss()).reversed());
        return effects;
    }

    private Effect measure(WeightEdit edit) {
        WindowLosses after = Evaluation.windows(model, tokens, team);
        return new Effect(edit, after.result(), after.minus(before));
    }
}
