package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.inspection.LogitLens;
import tinygpt.inspection.LogitLens.Depth;
import tinygpt.inspection.LogitLens.Guess;
import tinygpt.inspection.LogitLens.Position;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;

/** Shows what a model would say next after each of its layers. */
@Command(
        name = "lens",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows which token a model would guess next if it ended after its embeddings, after layer 0, and so on (the"
                    + " logit lens): the final norm and the head are applied to what is there.",
            "",
            "'rank' is the place of the model's final choice in each list, 'KL' the Kullback-Leibler divergence of each"
                    + " list from the final one, in nats; the last line is the model's own output."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt lens --prompt 'Once upon a ti'",
            "  tinygpt lens --prompt 'Once' --all --top 3"
        })
final class LensCommand implements Callable<Integer> {
    private static final int PERCENT = "12.3%".length();

    private final Output output;

    @Mixin
    private ModelOption model;

    @Mixin
    private PromptOption prompt;

    @Option(names = "--all", description = "After every token of the text, not only after the last.")
    private boolean all;

    @Option(
            names = "--top",
            paramLabel = "N",
            defaultValue = "5",
            description = "How many guesses to show; 5 unless given.")
    private int top;

    @Option(names = "--json", description = "The same as JSON, with all digits.")
    private boolean json;

    private LensCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new LensCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        prompt.check();
        RunOptions.atLeast("--top", top, 1, "at least one guess must be shown");
        Path path = model.path();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            Gpt gpt = loaded.model();
            int[] tokens = prompt.read(path, loaded);
            Workspace space = new Workspace(Gpt.longestRow(gpt.shape()));
            List<Position> positions = LogitLens.look(gpt, space, tokens, all ? 0 : tokens.length - 1, top);
            TokenNames names = TokenNames.of(loaded, output.glyphs());
            if (json) {
                output.out().print(Json.pretty(json(path, tokens, names, positions)) + "\n");
            } else {
                print(tokens, names, positions);
            }
            return Exit.OK;
        } catch (ArithmeticException e) {
            throw new CommandFailure(Exit.FAILURE, e.getMessage());
        }
    }

    private void print(int[] tokens, TokenNames names, List<Position> positions) {
        PrintWriter out = output.out();
        for (Position position : positions) {
            int read = position.position() + 1;
            String next = read < tokens.length ? "; the text goes on with " + names.name(tokens[read]) : "";
            out.print(position == positions.get(0) ? "" : "\n");
            out.print("after " + names.tail(Arrays.copyOf(tokens, read)) + ": " + names.name(position.choice())
                    + " is the model's choice" + next + "\n");
            out.print(table(position, names));
        }
    }

    private static String table(Position position, TokenNames names) {
        int shown = position.depths().get(0).guesses().size();
        List<String> header = new ArrayList<>(List.of("guess after", "rank", "KL"));
        for (int i = 1; i <= shown; i++) {
            header.add(i + ".");
        }
        TextTable table = new TextTable("lrr" + "l".repeat(shown), header);
        int wide = position.depths().stream()
                .flatMap(depth -> depth.guesses().stream())
                .mapToInt(guess -> Columns.of(names.cell(guess.id())))
                .max()
                .orElse(0);
        for (Depth depth : position.depths()) {
            List<String> cells = new ArrayList<>(
                    List.of(name(depth.depth()), Show.count(depth.rank()), Show.decimals(depth.divergence(), 4)));
            for (Guess guess : depth.guesses()) {
                cells.add(Text.left(names.cell(guess.id()), wide) + " "
                        + Text.right(Show.probability(guess.probability()), PERCENT));
            }
            table.add(cells);
        }
        return table.text("");
    }

    private static String name(int depth) {
        return depth == 0 ? "embeddings" : "layer " + (depth - 1);
    }

    private static ObjectNode json(Path path, int[] tokens, TokenNames names, List<Position> positions) {
        ObjectNode json = names.json(path, tokens);
        ArrayNode list = json.putArray("positions");
        for (Position position : positions) {
            ObjectNode one = list.addObject();
            one.put("position", position.position());
            one.put("choice", position.choice());
            ArrayNode depths = one.putArray("depths");
            for (Depth depth : position.depths()) {
                ObjectNode at = depths.addObject();
                at.put("depth", depth.depth());
                at.put("rank", depth.rank());
                Json.put(at, "kl", depth.divergence());
                ArrayNode guesses = at.putArray("guesses");
                for (Guess guess : depth.guesses()) {
                    ObjectNode token = guesses.addObject();
                    token.put("id", guess.id());
                    token.put("text", names.text(guess.id()));
                    token.put("probability", guess.probability());
                }
            }
        }
        return json;
    }
}
