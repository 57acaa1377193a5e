package tinygpt.report;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.stream.IntStream;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.metrics.LineBuffer;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.tensor.Workspace;
import tinygpt.text.Corpus;
import tinygpt.text.Tokenizer;

/**
 * The same question at every snapshot: what the heads attend to in a fixed prompt, and which tokens the model expects next.
 * The lines of {@code probe.jsonl}.
 *
 * <p>Attention is a byte a weight, 255 for 1, in the order layer, head, query, key.
 */
final class Probe {
    /** Tokens of a prompt that nobody chose. */
    private static final int USUAL_TOKENS = 24;

    /** The most tokens of one: pictures grow with its square. */
    static final int MOST_TOKENS = 64;

    /** How many of the likeliest next tokens are kept. */
    static final int NEXT = 10;

    private static final int CERTAIN = 255;

    /** How far into the validation text a prompt is looked for that begins a line. */
    private static final int SEARCHED = 2000;

    private final Gpt model;
    private final Tokenizer tokenizer;
    private final int[] prompt;

    Probe(Gpt model, Tokenizer tokenizer, int[] prompt) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.prompt = prompt.clone();
    }

    /**
     * The tokens of a prompt.
     *
     * @param text the prompt; empty for the beginning of a line of the validation text
     * @throws IllegalArgumentException if the vocabulary lacks a character of it, or it is too long
     */
    static int[] prompt(Corpus corpus, int contextLength, String text) {
        if (text.isEmpty()) {
            return fromValidation(corpus, Math.min(USUAL_TOKENS, contextLength));
        }
        int[] ids = corpus.tokenizer().encode(text);
        int most = Math.min(MOST_TOKENS, contextLength);
        if (ids.length > most) {
            throw new IllegalArgumentException("the probe prompt has " + ids.length + " tokens; at most " + most
                    + (most < MOST_TOKENS ? " fit the context" : " can be shown") + ", so shorten --probe-prompt");
        }
        return ids;
    }

    private static int[] fromValidation(Corpus corpus, int length) {
        int[] text = corpus.validation();
        int whole = Math.min(length, text.length);
        int from = 0;
        for (int i = 1; i + whole <= Math.min(text.length, SEARCHED) && from == 0; i++) {
            from = endsLine(corpus, text[i - 1]) && !endsLine(corpus, text[i]) ? i : 0;
        }
        return Arrays.copyOfRange(text, from, from + whole);
    }

    private static boolean endsLine(Corpus corpus, int id) {
        byte[] bytes = corpus.tokenizer().bytes(id);
        return bytes[bytes.length - 1] == '\n';
    }

    /** How many tokens the prompt has. */
    int length() {
        return prompt.length;
    }

    LineBuffer header(LineBuffer line) {
        ModelShape shape = model.shape();
        line.clear().add("{\"format\":").add(SnapshotFiles.FORMAT).add(",\"prompt\":");
        line.addUtf8(quoted(tokenizer.decode(prompt)));
        String separator = ",\"tokens\":[";
        for (int id : prompt) {
            line.add(separator).addUtf8(quoted(TokenLabel.of(tokenizer, id).text()));
            separator = ",";
        }
        line.add("],\"layers\":").add(shape.layers());
        return line.add(",\"heads\":").add(shape.heads()).add("}\n");
    }

    /** The answer of the model as it is now. */
    LineBuffer line(LineBuffer line, long step, Workspace space) {
        int time = prompt.length;
        int heads = model.shape().heads();
        byte[] attention = new byte[model.shape().layers() * heads * time * time];
        float[] logits = new float[model.shape().vocabularySize()];
        try (Activations a = new Activations(model, 1, time, null)) {
            System.arraycopy(prompt, 0, a.tokens(), 0, time);
            model.forward(space, a, depth -> {
                for (int head = 0; depth > 0 && head < heads; head++) {
                    int at = ((depth - 1) * heads + head) * time * time;
                    quantize(a.attention(depth - 1, 0, head), attention, at);
                }
            });
            a.logits().readRow(time - 1, logits, 0);
        }
        line.clear().add(SnapshotFiles.STEP).add(step);
        line.add(",\"attention8\":\"").add(Base64.getEncoder().encodeToString(attention));
        line.add("\",\"next\":[");
        next(line, logits);
        return line.add("]}\n");
    }

    private static void quantize(float[] weights, byte[] bytes, int at) {
        for (int i = 0; i < weights.length; i++) {
            bytes[at + i] = (byte) Math.round(weights[i] * CERTAIN); // NaN becomes 0
        }
    }

    /** The likeliest tokens; none where a logit is not finite. */
    private void next(LineBuffer line, float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        boolean finite = true;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
            finite &= Float.isFinite(logit);
        }
        if (!finite) {
            return;
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        int[] likeliest = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble(id -> -logits[id])) // stable: the smaller id first
                .limit(NEXT)
                .mapToInt(Integer::intValue)
                .toArray();
        String separator = "{\"token\":";
        for (int id : likeliest) {
            line.add(separator).addUtf8(quoted(TokenLabel.of(tokenizer, id).text()));
            line.add(",\"p\":").addRounded(Math.exp(logits[id] - largest) / sum).add('}');
            separator = ",{\"token\":";
        }
    }

    private static String quoted(String text) {
        return CanonicalJson.write(TextNode.valueOf(text));
    }
}
