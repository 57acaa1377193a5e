package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.inspection.AttentionHead;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;

/** Shows where the attention heads of a model look. */
@Command(
        name = "attention",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows where each attention head of a model looks while it reads a text.",
            "",
            "A map has a row for each token that looks (query) and a column for each token it can look at (key); a row sums"
                    + " to 1. Below are means over all rows but the first: the share that goes to the token before, to"
                    + " itself and to the first token of the text, and the entropy in nats, 0 for a head that looks at one"
                    + " token only. An even head would look at all tokens alike."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt attention --prompt 'Once upon a time'",
            "  tinygpt attention --prompt 'Once upon' --layer 0 --head 1 --numbers"
        })
final class AttentionCommand implements Callable<Integer> {
    private static final int GAP = 3;

    private final Output output;

    @Mixin
    private ModelOption model;

    @Mixin
    private PromptOption prompt;

    @Option(names = "--layer", paramLabel = "L", description = "This layer only, counted from 0.")
    private Integer layer;

    @Option(names = "--head", paramLabel = "H", description = "This head of each layer only, counted from 0.")
    private Integer head;

    @Option(names = "--numbers", description = "Numbers instead of shades.")
    private boolean numbers;

    @Option(
            names = "--color",
            paramLabel = "never|auto|always",
            defaultValue = "auto",
            description = "Shades as colours, dark for 0 and light for 1, or as signs; auto colours a terminal that can"
                    + " show it, unless NO_COLOR is set.")
    private TerminalColors.When color;

    @Option(
            names = "--json",
            description = "Everything as JSON: for each head its shares, and its rows up to the query.")
    private boolean json;

    private AttentionCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new AttentionCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        prompt.check();
        Path path = model.path();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            Gpt gpt = loaded.model();
            check("--layer", layer, gpt.shape().layers());
            check("--head", head, gpt.shape().heads());
            int[] tokens = prompt.read(path, loaded);
            Workspace space = new Workspace(Gpt.longestRow(gpt.shape()));
            List<AttentionHead> heads = AttentionHead.of(gpt, space, tokens).stream()
                    .filter(h -> layer == null || h.layer() == layer)
                    .filter(h -> head == null || h.head() == head)
                    .toList();
            TokenNames names = TokenNames.of(loaded, output.glyphs());
            if (json) {
                output.out().print(Json.pretty(json(path, tokens, names, heads)) + "\n");
            } else {
                print(path, gpt.shape(), tokens, names, heads);
            }
            return Exit.OK;
        }
    }

    private static void check(String option, Integer given, int bound) {
        if (given != null && (given < 0 || given >= bound)) {
            throw new CommandFailure(
                    Exit.USAGE, option + " is " + given + ", but this model's are numbered from 0 to " + (bound - 1));
        }
    }

    private void print(Path path, ModelShape shape, int[] tokens, TokenNames names, List<AttentionHead> heads) {
        PrintWriter out = output.out();
        out.print(output.glyphs()
                .text(path + " · " + Show.counted(tokens.length, "token") + " · " + shape.layers() + " layers × "
                        + shape.heads() + " heads\n"));
        maps(new AttentionMap(names, tokens), heads);
        TextTable table = new TextTable("lrrrr", List.of("head", "previous", "itself", "first", "entropy"));
        for (AttentionHead one : heads) {
            table.add(summary(name(one), one));
        }
        table.add(summary("an even head", AttentionHead.even(tokens.length)));
        out.print("\n" + table.text(""));
    }

    private void maps(AttentionMap map, List<AttentionHead> heads) {
        int columns = Terminal.columns();
        int needed = numbers ? map.numbersWidth() : map.width();
        if (needed > columns) {
            output.err()
                    .println("tinygpt: note: a map of this text is " + needed + " columns wide, the terminal " + columns
                            + ", so there are no maps; give a shorter text, or --json, or set COLUMNS");
            return;
        }
        Shades shades = new Shades(TerminalColors.choose(color, System.getenv(), Terminal.stdout()));
        if (!numbers) {
            output.out().print(shades.legend() + "\n");
        }
        List<List<String>> maps = new ArrayList<>();
        for (AttentionHead one : heads) {
            List<String> lines = numbers ? map.numbers(one) : map.picture(one, shades, columns);
            lines.add(0, name(one));
            maps.add(lines);
        }
        sideBySide(maps, columns);
    }

    /** Prints as many maps beside each other as fit. */
    private void sideBySide(List<List<String>> maps, int columns) {
        PrintWriter out = output.out();
        String widest = maps.get(0).get(1); // a heading has no colours
        int width = Math.max(Columns.of(widest), Columns.of(maps.get(0).get(0)));
        int beside = Math.max(1, (columns + GAP) / (width + GAP));
        for (int first = 0; first < maps.size(); first += beside) {
            List<List<String>> row = maps.subList(first, Math.min(maps.size(), first + beside));
            out.print("\n");
            for (int line = 0; line < row.get(0).size(); line++) {
                StringBuilder text = new StringBuilder();
                for (List<String> one : row) {
                    text.append(text.isEmpty() ? "" : " ".repeat(GAP));
                    text.append(
                            line == 0
                                    ? Text.left(one.get(0), width)
                                    : one.get(line) + " ".repeat(width - Columns.of(widest)));
                }
                out.print(text.toString().stripTrailing() + "\n");
            }
        }
    }

    private static String name(AttentionHead head) {
        return "h." + head.layer() + ".head." + head.head(); // as 'tinygpt ablate' calls it
    }

    private static List<String> summary(String name, AttentionHead head) {
        boolean none = head.time() < 2;
        return List.of(
                name,
                none ? Show.NONE : Show.probability(head.onPrevious()),
                none ? Show.NONE : Show.probability(head.onItself()),
                none ? Show.NONE : Show.probability(head.onFirst()),
                none ? Show.NONE : Show.decimals(head.entropy(), 3));
    }

    private static ObjectNode json(Path path, int[] tokens, TokenNames names, List<AttentionHead> heads) {
        ObjectNode json = names.json(path, tokens);
        ArrayNode list = json.putArray("heads");
        for (AttentionHead head : heads) {
            ObjectNode one = list.addObject();
            one.put("layer", head.layer());
            one.put("head", head.head());
            Json.put(one, "previous", head.onPrevious());
            Json.put(one, "itself", head.onItself());
            Json.put(one, "first", head.onFirst());
            Json.put(one, "entropy", head.entropy());
            ArrayNode rows = one.putArray("weights");
            for (int query = 0; query < head.time(); query++) {
                ArrayNode row = rows.addArray();
                for (int key = 0; key <= query; key++) {
                    Json.add(row, head.weight(query, key));
                }
            }
        }
        return json;
    }
}
