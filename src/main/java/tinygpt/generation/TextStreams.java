package tinygpt.generation;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tinygpt.generation.Generator.End;
import tinygpt.generation.Generator.Result;
import tinygpt.text.Tokenizer;

/** Takes the tokens of several texts and hands on their text. */
final class TextStreams implements TokenReceiver {
    private final Tokenizer tokenizer;
    private final List<String> stops;
    private final TextReceiver receiver;
    private final Map<Long, TextStream> streams = new HashMap<>();

    TextStreams(Tokenizer tokenizer, List<String> stops, TextReceiver receiver) {
        this.tokenizer = tokenizer;
        this.stops = stops;
        this.receiver = receiver;
    }

    @Override
    public boolean wants(long sample) {
        return receiver.wants(sample);
    }

    @Override
    public boolean token(long sample, int id, double logProbability) {
        receiver.token(sample, id, logProbability);
        TextStream stream = stream(sample);
        String piece = stream.accept(id);
        return (piece.isEmpty() || receiver.piece(sample, piece)) && !stream.stopped();
    }

    @Override
    public void end(long sample, Result result) {
        TextStream stream = stream(sample);
        streams.remove(sample);
        if (stream.stopped()) {
            receiver.end(sample, new Result(result.tokens(), End.STOP_TEXT));
            return;
        }
        if (result.end() != End.RECEIVER) {
            String rest = stream.flush();
            if (!rest.isEmpty()) {
                receiver.piece(sample, rest);
            }
        }
        receiver.end(sample, result);
    }

    private TextStream stream(long sample) {
        return streams.computeIfAbsent(sample, s -> new TextStream(tokenizer, stops));
    }
}
