package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tinygpt.generation.Choice;
import tinygpt.generation.Choice.Candidate;
import tinygpt.generation.Choice.Cut;
import tinygpt.generation.SamplingSettings;

/** How tokens are chosen, for people and for programs. Rules that are off have no column. */
final class ChoicePrinter {
    private static final int DIGITS = 6;

    private final TokenNames names;
    private final SamplingSettings settings;
    private final int[] prompt;
    private final List<Integer> chosen = new ArrayList<>();
    private long sample = -1;

    ChoicePrinter(TokenNames names, SamplingSettings settings, int... prompt) {
        this.names = names;
        this.settings = settings;
        this.prompt = prompt.clone();
    }

    /** One choice as a table, to be given all choices in their order. */
    String table(Choice choice) {
        int[] before = before(choice);
        TextTable table = new TextTable(alignment(choice), header(choice));
        choice.candidates().forEach(candidate -> table.add(cells(candidate, choice)));
        String after = before.length == 0 ? "at the beginning" : "after " + names.tail(before);
        return "token " + (choice.number() + 1) + ", " + after + "\n" + table.text("  ") + rest(choice) + why(choice);
    }

    /** The prompt and what was chosen before. */
    private int[] before(Choice choice) {
        if (choice.sample() != sample) {
            sample = choice.sample();
            chosen.clear();
        }
        int[] before = Arrays.copyOf(prompt, prompt.length + chosen.size());
        for (int i = 0; i < chosen.size(); i++) {
            before[prompt.length + i] = chosen.get(i);
        }
        chosen.add(choice.token());
        return before;
    }

    private boolean penalized() {
        return !settings.penalties().none();
    }

    private boolean tempered(Choice choice) {
        return !choice.greedy() && settings.temperature() != 1;
    }

    private boolean topK(Choice choice) {
        return !choice.greedy() && settings.topK() > 0;
    }

    private boolean topP(Choice choice) {
        return !choice.greedy() && settings.topP() < 1;
    }

    private boolean minP(Choice choice) {
        return !choice.greedy() && settings.minP() > 0;
    }

    private String alignment(Choice choice) {
        int rules = header(choice).size() - (choice.greedy() ? 2 : 3);
        return "rl" + "r".repeat(rules) + (choice.greedy() ? "" : "l");
    }

    private List<String> header(Choice choice) {
        List<String> header = new ArrayList<>(List.of("rank", "token", "logit", "model"));
        if (penalized()) {
            header.add("penalized");
        }
        if (tempered(choice)) {
            header.add("temp " + settings.temperature());
        }
        if (topK(choice)) {
            header.add("top-k " + settings.topK());
        }
        if (topP(choice)) {
            header.add("top-p " + settings.topP());
        }
        if (minP(choice)) {
            header.add("min-p " + settings.minP());
        }
        if (!choice.greedy()) {
            header.add("random numbers");
        }
        return header;
    }

    private List<String> cells(Candidate c, Choice choice) {
        List<String> cells = new ArrayList<>(List.of(
                (c.id() == choice.token() ? "> " : "") + c.rank(),
                names.cell(c.id()),
                Show.decimals(c.logit(), 4),
                Show.probability(c.model())));
        if (penalized()) {
            cells.add(Show.decimals(c.penalized(), 4));
        }
        if (tempered(choice)) {
            cells.add(Show.probability(c.tempered()));
        }
        if (topK(choice)) {
            cells.add(c.cut() == Cut.TOP_K ? "-" : Show.probability(c.afterTopK()));
        }
        if (topP(choice)) {
            boolean left = c.cut() == Cut.NONE || c.cut() == Cut.MIN_P;
            cells.add(left ? Show.probability(c.afterTopP()) : "-");
        }
        if (minP(choice)) {
            cells.add(c.cut() == Cut.NONE ? Show.probability(c.chance()) : "-");
        }
        switch (c.cut()) {
            case NONE -> {
                if (!choice.greedy()) {
                    cells.add(range(c, 4));
                }
            }
            case TOP_K -> cells.add("cut by top-k");
            case TOP_P -> cells.add("cut by top-p");
            case MIN_P -> cells.add("cut by min-p");
            case GREEDY -> {} // no column: no number is drawn
        }
        return cells;
    }

    private static String range(Candidate c, int digits) {
        return Show.decimals(c.from(), digits) + " to " + Show.decimals(c.to(), digits);
    }

    private static String rest(Choice choice) {
        double shown =
                choice.candidates().stream().mapToDouble(Candidate::model).sum();
        String rest = "  the model gives all other tokens together " + Show.probability(Math.max(0, 1 - shown)) + "\n";
        if (choice.greedy()) {
            return rest;
        }
        return rest + "  " + Show.count(choice.kept()) + " could be chosen"
                + (choice.cutByTopK() > 0 ? ", top-k cut " + Show.count(choice.cutByTopK()) : "")
                + (choice.cutByTopP() > 0 ? ", top-p cut " + Show.count(choice.cutByTopP()) : "")
                + (choice.cutByMinP() > 0 ? ", min-p cut " + Show.count(choice.cutByMinP()) : "") + "\n";
    }

    private String why(Choice choice) {
        String name = names.name(choice.token());
        if (choice.greedy()) {
            return "  greedy: " + name + " is the likeliest token, and no random number is drawn\n";
        }
        return "  drawn " + Show.decimals(choice.drawn(), DIGITS) + " (seed " + settings.seed() + ", sample "
                + choice.sample() + ", token " + (choice.number() + 1) + "): " + name + " has "
                + range(choice.chosen(), DIGITS) + "\n";
    }

    /** One choice as a line of JSON. */
    String json(Choice choice) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("sample", choice.sample());
        json.put("number", choice.number());
        json.put("id", choice.token());
        json.put("text", names.text(choice.token()));
        json.put("greedy", choice.greedy());
        Json.put(json, "drawn", choice.drawn());
        json.put("kept", choice.kept());
        json.put("cut_by_top_k", choice.cutByTopK());
        json.put("cut_by_top_p", choice.cutByTopP());
        json.put("cut_by_min_p", choice.cutByMinP());
        ArrayNode candidates = json.putArray("candidates");
        for (Candidate c : choice.candidates()) {
            ObjectNode one = candidates.addObject();
            one.put("id", c.id());
            one.put("text", names.text(c.id()));
            one.put("rank", c.rank());
            Json.put(one, "logit", c.logit());
            Json.put(one, "penalized", c.penalized());
            one.put("model", c.model());
            one.put("temperature", c.tempered());
            one.put("top_k", c.cut() == Cut.TOP_K ? 0 : c.afterTopK());
            one.put("top_p", c.afterTopP());
            one.put("min_p", c.chance());
            Json.put(one, "from", c.from());
            Json.put(one, "to", c.to());
            one.put("cut", c.cut().name().toLowerCase(Locale.ROOT));
        }
        return Json.line(json) + "\n";
    }
}
