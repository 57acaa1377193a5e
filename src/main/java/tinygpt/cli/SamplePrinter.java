package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongFunction;
import tinygpt.cli.BeginningOptions.Beginning;
import tinygpt.generation.Generator.Result;
import tinygpt.generation.TextReceiver;
import tinygpt.generation.TokenReceiver;

/**
 * Prints samples one after the other, however they come: of a batch, the first that is not done is printed as it comes, and
 * the others wait for it.
 */
final class SamplePrinter implements TextReceiver {
    /** How samples are printed. */
    enum Form {
        /** As text, at once. */
        STREAM,
        /** As text, each when it is done. */
        WHOLE,
        /** As a line of JSON each, when it is done. */
        JSON,
        /** Not at all. */
        NOTHING
    }

    private final Sink sink;
    private final Form form;
    private final String delimiter;
    private final Beginning beginning;
    private final long seed;
    private final LongFunction<SampleText> texts;
    private final Map<Long, SampleText> begun = new HashMap<>();
    private long current;
    private long tokens;
    private boolean atLineStart = true;
    private boolean closed;

    /** Where samples go. */
    @FunctionalInterface
    interface Sink {
        /** Writes something; false if nobody wants more. */
        boolean write(String text);
    }

    /**
     * A printer.
     *
     * @param delimiter a line between samples as text; empty for none
     * @param texts makes the samples
     */
    SamplePrinter(
            Sink sink, Form form, String delimiter, Beginning beginning, long seed, LongFunction<SampleText> texts) {
        this.sink = sink;
        this.form = form;
        this.delimiter = delimiter.isEmpty() ? "" : delimiter + "\n";
        this.beginning = beginning;
        this.seed = seed;
        this.texts = texts;
    }

    @Override
    public boolean wants(long sample) {
        if (closed) {
            return false;
        }
        begun.put(sample, texts.apply(sample));
        if (sample == current) {
            open();
        }
        return !closed;
    }

    @Override
    public void token(long sample, int id, double logProbability) {
        begun.get(sample).token(id, logProbability);
    }

    @Override
    public boolean piece(long sample, String text) {
        boolean goesOn = begun.get(sample).piece(text);
        stream(sample);
        return goesOn && !closed;
    }

    @Override
    public void end(long sample, Result result) {
        tokens += result.tokens();
        begun.get(sample).end(result);
        stream(sample);
        while (begun.containsKey(current) && begun.get(current).done()) {
            close(begun.remove(current));
            current++;
            if (begun.containsKey(current)) {
                open();
            }
        }
    }

    /** The same for tokens of which nobody knows the text: a list of ids. */
    TokenReceiver ofIds() {
        return new TokenReceiver() {
            @Override
            public boolean wants(long sample) {
                return SamplePrinter.this.wants(sample);
            }

            @Override
            public boolean token(long sample, int id, double logProbability) {
                SampleText text = begun.get(sample);
                boolean first = !text.hasBeginning() && text.ids().isEmpty();
                SamplePrinter.this.token(sample, id, logProbability);
                return piece(sample, first ? Integer.toString(id) : "," + id);
            }

            @Override
            public void end(long sample, Result result) {
                SamplePrinter.this.end(sample, result);
            }
        };
    }

    /** How many tokens the samples have that are done. */
    long tokens() {
        return tokens;
    }

    /** How many samples were printed. */
    long printed() {
        return current;
    }

    /** Prints something that is no sample at once, as an explanation of one. */
    void explain(String text) {
        now(text);
    }

    /** The current sample has begun. */
    private void open() {
        boolean text = form == Form.STREAM || form == Form.WHOLE;
        if (text && current > 0) {
            now(delimiter);
        }
        stream(current);
    }

    private void stream(long sample) {
        if (form == Form.STREAM && sample == current) {
            now(begun.get(sample).take());
        }
    }

    private void close(SampleText text) {
        switch (form) {
            case STREAM, WHOLE -> now(text.take());
            case JSON -> now(Json.line(json(text)) + "\n");
            case NOTHING -> {}
        }
        if (!atLineStart) {
            now("\n");
        }
    }

    private ObjectNode json(SampleText text) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        boolean asText = beginning.tokenizer().isPresent();
        json.put("sample", current);
        json.put("seed", seed);
        json.put("prompt", asText ? beginning.shown() : null);
        ArrayNode promptIds = json.putArray("prompt_ids");
        for (int id : beginning.ids()) {
            promptIds.add(id);
        }
        json.put("text", asText ? text.take() : null);
        ArrayNode ids = json.putArray("ids");
        text.ids().forEach(ids::add);
        json.put("tokens", text.ids().size());
        json.put("end", end(text.result()));
        Json.put(json, "log_probability", text.logProbability());
        return json;
    }

    private static String end(Result result) {
        return switch (result.end()) {
            case LENGTH -> "length";
            case END_OF_TEXT -> "end_of_text";
            case STOP_TEXT, STOP_TOKEN -> "stop";
            case RECEIVER -> "interrupted";
        };
    }

    private void now(String text) {
        closed |= !sink.write(text);
        atLineStart = text.isEmpty() ? atLineStart : text.endsWith("\n");
    }
}
