package tinygpt.search;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tinygpt.formats.AtomicFile;
import tinygpt.hyperparameters.CanonicalJson;

/** The table of a search as CSV, and its best hyperparameters as a config file. */
public final class ResultFiles {
    private ResultFiles() {}

    /** Writes {@code results.csv}, and {@code best.json} if some trial has a loss. */
    public static void write(SearchFolder folder, SearchPlan plan, List<Result> ranked) throws IOException {
        AtomicFile.write(folder.results(), csv(plan, ranked).getBytes(StandardCharsets.UTF_8));
        Result best = Result.best(ranked);
        if (best != null) {
            String json = best.trial().hyperparameters().toJson().toPrettyString() + "\n";
            AtomicFile.write(folder.best(), json.getBytes(StandardCharsets.UTF_8));
        }
    }

    static String csv(SearchPlan plan, List<Result> ranked) {
        StringBuilder out = new StringBuilder(
                "rank,trial,state,val_loss,ppl,best_loss,best_step,step,tokens,tok_s," + "seconds,attempts,parameters");
        plan.space().axes().forEach(axis -> out.append(',').append(axis.name()));
        out.append(",message\n");
        int rank = 0;
        for (Result result : ranked) {
            TrialOutcome outcome = result.outcome();
            List<String> cells = new ArrayList<>(List.of(
                    Integer.toString(++rank),
                    result.trial().name(),
                    result.state().text(),
                    number(result.loss()),
                    number(result.perplexity()),
                    number(outcome == null ? Double.NaN : outcome.bestLoss()),
                    outcome == null || outcome.bestStep() < 0 ? "" : Long.toString(outcome.bestStep()),
                    Long.toString(result.step()),
                    Long.toString(result.tokens()),
                    number(Math.rint(result.tokensPerSecond())),
                    number(Math.rint(1e3 * result.seconds()) / 1e3),
                    Integer.toString(result.attempts()),
                    Long.toString(result.parameters())));
            result.trial().values().values().forEach(value -> cells.add(Axis.text(value)));
            cells.add(result.message());
            out.append(String.join(",", cells.stream().map(ResultFiles::cell).toList()))
                    .append('\n');
        }
        return out.toString();
    }

    /** With so many decimals. */
    static String fixed(double value, int places) {
        return String.format(Locale.ROOT, "%." + places + "f", value);
    }

    private static String number(double value) {
        return Double.isFinite(value) ? CanonicalJson.shortest(value) : "";
    }

    /** RFC 4180; a message may say anything, but stays on its line. */
    private static String cell(String text) {
        String line = text.replaceAll("\\s*\\R\\s*", " ");
        boolean quoted = line.contains(",") || line.contains("\"");
        return quoted ? '"' + line.replace("\"", "\"\"") + '"' : line;
    }
}
