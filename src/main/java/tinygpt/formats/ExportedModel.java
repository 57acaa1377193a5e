package tinygpt.formats;

import java.util.Optional;
import java.util.OptionalInt;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.text.Tokenizer;

/**
 * A model as a format sees it that is to be written: its parameters and a way to their numbers, wherever those are.
 *
 * @param registry its parameters; shapes only is enough
 * @param numbers where their numbers are read
 * @param tokenizer how text becomes its token ids, if that is known; it has as many tokens as the model
 * @param facts what else is known of it
 */
public record ExportedModel(
        ParameterRegistry registry, Numbers numbers, Optional<Tokenizer> tokenizer, ModelFacts facts) {
    /** The most numbers of a tensor: their bytes fit an array. */
    private static final int MOST = Integer.MAX_VALUE / Float.BYTES - 8;

    /** Reads numbers of a parameter, or of the one it is tied to. */
    @FunctionalInterface
    public interface Numbers {
        /**
         * Reads a stretch of a parameter.
         *
         * @param first index of its first element, in C order
         * @param at where it goes in the destination
         * @throws BadFileException if reading fails
         */
        void read(Parameter parameter, long first, float[] destination, int at, int count);
    }

    public ExportedModel {
        tokenizer.ifPresent(known -> {
            if (known.vocabularySize() != registry.shape().vocabularySize()) {
                throw new IllegalArgumentException(
                        "the tokenizer has " + known.vocabularySize() + " tokens, the model a vocabulary of "
                                + registry.shape().vocabularySize());
            }
        });
    }

    public ModelShape shape() {
        return registry.shape();
    }

    /** The id that ends a text: the one that the model came with, or else that of its tokenizer. */
    OptionalInt endOfText() {
        return facts.endOfText().isPresent() || tokenizer.isEmpty()
                ? facts.endOfText()
                : OptionalInt.of(tokenizer.get().endOfText());
    }

    /** The id that begins a text, which is the one that ends it unless the model came with another. */
    OptionalInt beginOfText() {
        return facts.beginOfText().isPresent() ? facts.beginOfText() : endOfText();
    }

    /**
     * Refuses a model with adapters, for formats that know none.
     *
     * @param format what cannot hold them, for the message
     * @throws IllegalArgumentException if it has some, saying what to do
     */
    void refuseAdapters(String format) {
        if (registry.all().stream().anyMatch(p -> p.kind() == ParameterKind.ADAPTER)) {
            throw new IllegalArgumentException(
                    format + " knows no adapters; make them part of the model first, with 'tinygpt merge'");
        }
    }

    /**
     * All numbers of a parameter, or of the one it is tied to, in C order.
     *
     * @throws IllegalArgumentException if it has more than fit an array
     */
    float[] all(Parameter parameter) {
        if (parameter.size() > MOST) {
            throw new IllegalArgumentException(
                    parameter + " is too large to be exported: a tensor may have " + MOST + " numbers");
        }
        float[] all = new float[(int) parameter.size()];
        numbers.read(parameter, 0, all, 0, all.length);
        return all;
    }
}
