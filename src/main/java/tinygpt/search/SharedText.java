package tinygpt.search;

import java.io.Serializable;
import java.nio.file.Path;
import tinygpt.formats.StrictJson;
import tinygpt.runs.TextFile;
import tinygpt.runs.TrainingText;
import tinygpt.text.Tokenizer;

/**
 * A training text on its way to other machines, where its file need not be.
 *
 * @param file where it is here
 * @param sha256 of its bytes
 * @param bytes the text
 * @param tokenizer that makes it tokens, as JSON
 * @param validationFraction share that nothing is learned from
 */
public record SharedText(String file, String sha256, byte[] bytes, String tokenizer, double validationFraction)
        implements Serializable {
    /** One text per process: all trials of a search learn the same. */
    private static SharedText latest;

    private static TrainingText latestTokens;

    /** A text that was read for a search. */
    public static SharedText of(TrainingText text, SearchPlan plan) {
        return new SharedText(
                text.file().toAbsolutePath().normalize().toString(),
                text.sha256(),
                TextFile.read(text.file()),
                StrictJson.write(text.corpus().tokenizer().describe()),
                plan.base().data().validationFraction());
    }

    /** The text in tokens; made once in a process. */
    TrainingText tokens() {
        synchronized (SharedText.class) {
            if (latest == null || !isSameAs(latest)) {
                Path path = Path.of(file);
                latestTokens = TrainingText.of(
                        path,
                        bytes,
                        Tokenizer.restore(StrictJson.map(path, "its tokenizer", tokenizer)),
                        validationFraction);
                latest = this;
            }
            return latestTokens;
        }
    }

    private boolean isSameAs(SharedText other) {
        return sha256.equals(other.sha256)
                && file.equals(other.file)
                && tokenizer.equals(other.tokenizer)
                && validationFraction == other.validationFraction;
    }
}
