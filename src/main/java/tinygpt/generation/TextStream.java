package tinygpt.generation;

import java.util.List;
import tinygpt.text.StreamingDecoder;
import tinygpt.text.Tokenizer;

/** Tokens of one text to the pieces of it that are certain: whole characters, and nothing that a stop text may begin with. */
final class TextStream {
    private final StreamingDecoder decoder;
    private final StopTexts stops;

    TextStream(Tokenizer tokenizer, List<String> stops) {
        this.decoder = new StreamingDecoder(tokenizer);
        this.stops = new StopTexts(stops);
    }

    /** Takes a token; returns what is certain now, which may be empty. */
    String accept(int id) {
        return stops.accept(decoder.accept(id));
    }

    /** Whether a stop text came, which ends the text. */
    boolean stopped() {
        return stops.found();
    }

    /** Ends the text; returns what was held back, unless a stop text came. */
    String flush() {
        return stops.accept(decoder.flush()) + stops.flush();
    }
}
