package tinygpt.formats;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import tinygpt.hyperparameters.Hyperparameters;

/**
 * What is known of a model besides its numbers, for those who are told of it; most of it only if it was trained here.
 *
 * @param hyperparameters what a person set before training
 * @param step number of training steps done
 * @param tokensSeen number of tokens trained on
 * @param validationLoss of the newest evaluation, in nats a token
 * @param data name of the file that it has learned
 * @param beginOfText the id that begins a text, for most models the one that ends it
 * @param endOfText the id that ends a text, known even where the tokenizer is not
 */
public record ModelFacts(
        Optional<Hyperparameters> hyperparameters,
        OptionalLong step,
        OptionalLong tokensSeen,
        OptionalDouble validationLoss,
        Optional<String> data,
        OptionalInt beginOfText,
        OptionalInt endOfText) {

    /** Nothing is known. */
    public static final ModelFacts NONE = new ModelFacts(
            Optional.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalDouble.empty(),
            Optional.empty(),
            OptionalInt.empty(),
            OptionalInt.empty());

    /** The same with other ids around a text. */
    public ModelFacts around(OptionalInt begin, OptionalInt end) {
        return new ModelFacts(hyperparameters, step, tokensSeen, validationLoss, data, begin, end);
    }
}
