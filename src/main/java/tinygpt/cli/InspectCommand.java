package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.GgufReader;
import tinygpt.inspection.BlockMap;
import tinygpt.inspection.InitialValues;
import tinygpt.inspection.Picture;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterSelector;
import tinygpt.text.Tokenizer;

/** Shows the numbers of one tensor, before and after training, and a picture of it. Reads files only: no ND4J. */
@Command(
        name = "inspect",
        customSynopsis = {"tinygpt inspect [OPTIONS] [MODEL] NAME", "tinygpt inspect [--json] FILE.gguf"},
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Shows the numbers of one tensor: a corner or one row, before training, now, and the difference; and the"
                    + " whole of it as a heat map in the terminal or as a PNG.",
            "",
            "Orange is negative and purple is positive. Without colours each cell is a sign and a digit.",
            "",
            "Of a GGUF file without a NAME: its keys and tensors, of any architecture."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt inspect wte.weight --row e",
            "  tinygpt inspect runs/mine h.0.attn.c_attn.weight --change",
            "  tinygpt inspect runs/mine 'h.1.*c_fc.weight' --at 500 --png c_fc.png",
            "  tinygpt inspect runs/mine wpe.weight --row 3 --columns 0..15",
            "  tinygpt inspect model.gguf"
        })
final class InspectCommand implements Callable<Integer> {
    private static final int MOST_ROWS = 32;
    private static final int CORNER_ROWS = 4;
    private static final int MOST_NAMED = 8;
    private static final int NARROWEST = 40;
    /** Longest side of a picture; a smaller matrix is enlarged up to the second. */
    private static final int MOST_PIXELS = 2048;

    private static final int ENLARGED = 512;

    private final Output output;

    @Parameters(
            arity = "1..2",
            paramLabel = "[MODEL] NAME",
            description =
                    "A run folder, RUN@STEP, RUN@best, a checkpoint, a GGUF file or a Hugging Face folder, the latest run"
                            + " unless given;"
                            + " and the name of a tensor, or a glob that only one name matches.")
    private List<String> given;

    @Option(
            names = "--row",
            paramLabel = "N|TOKEN",
            description = "All numbers of one row; of wte.weight by its token.")
    private String row;

    @Option(names = "--columns", paramLabel = "A..B", description = "Only these columns, counted from 0.")
    private String columns;

    @Option(names = "--at", paramLabel = "STEP", description = "The run's checkpoint of this step, not the newest.")
    private Long step;

    @Option(names = "--change", description = "The heat map or PNG shows W - W0, not W.")
    private boolean change;

    @Option(
            names = "--block",
            paramLabel = "mean|largest",
            defaultValue = "mean",
            description = "What a cell of many numbers shows: their mean, or the one farthest from 0.")
    private Block block;

    @Option(
            names = "--limit",
            paramLabel = "X",
            description = "What the outermost colours stand for, to compare pictures.")
    private Double limit;

    @Option(names = "--png", paramLabel = "FILE", description = "Write a picture there instead of the heat map.")
    private Path png;

    @Option(names = "--json", description = "The listing of a GGUF file for programs, with arrays whole.")
    private boolean json;

    @Option(
            names = "--color",
            paramLabel = "never|auto|always",
            defaultValue = "auto",
            description = "auto colours a terminal that can show it, unless NO_COLOR is set.")
    private TerminalColors.When color;

    enum Block {
        mean,
        largest
    }

    private InspectCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new InspectCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        if (limit != null && !(limit > 0 && Double.isFinite(limit))) {
            throw new CommandFailure(Exit.USAGE, "--limit " + limit + " is no positive number");
        }
        if (row != null && (change || png != null)) {
            throw new CommandFailure(
                    Exit.USAGE, "--row shows numbers; leave it out for a picture with --change or --png");
        }
        if (given.size() == 1 && isGguf(given.get(0))) {
            list(Path.of(given.get(0)));
            return Exit.OK;
        }
        if (json) {
            throw new CommandFailure(Exit.USAGE, "--json belongs to the listing of a GGUF file, without a NAME");
        }
        String model =
                given.size() == 2 ? given.get(0) : ModelOption.latestRun().toString();
        try (WeightFile file = step == null ? WeightFile.open(model) : WeightFile.open(Path.of(model), step);
                InitialValues initial = InitialValues.of(file)) {
            file.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            if (change && !initial.known()) {
                throw new CommandFailure(
                        Exit.USAGE, "--change needs the initial values, and " + model + " does not say its seed");
            }
            show(file, initial, find(file, given.get(given.size() - 1)));
        }
        return Exit.OK;
    }

    /** The name of a tensor is no file. */
    private static boolean isGguf(String name) {
        try {
            Path path = Path.of(name);
            return name.endsWith(".gguf") || GgufReader.isGguf(path);
        } catch (InvalidPathException e) {
            return false; // a glob may be none
        }
    }

    private void list(Path path) {
        try (GgufReader file = GgufReader.open(path)) {
            GgufReport report = new GgufReport(file, output.glyphs());
            if (json) {
                report.printJson(output.out());
            } else {
                report.print(output.out());
            }
        }
    }

    private void show(WeightFile file, InitialValues initial, Parameter parameter) throws IOException {
        PrintWriter out = output.out();
        out.println(parameter.name() + "   " + parameter.kind().label() + "   " + Arrays.toString(parameter.shape())
                + "   "
                + file.header()
                        .map(h -> "step " + Show.count(h.step()) + " of ")
                        .orElse("") + file.path()
                + (parameter.tiedTo() == null
                        ? ""
                        : "   = " + parameter.tiedTo().name()));
        out.println();
        printNumbers(out, file, initial, parameter);
        if (png != null) {
            writePicture(out, file, initial, parameter);
        } else if (row == null) {
            printHeatMap(out, file, initial, parameter);
        }
    }

    private void printNumbers(PrintWriter out, WeightFile file, InitialValues initial, Parameter parameter) {
        RowNumbers numbers = new RowNumbers(file, initial, parameter, Math.max(NARROWEST, Terminal.columns()));
        int[] shape = parameter.shape();
        int width = shape[shape.length - 1];
        int rows = shape.length == 1 ? 1 : shape[0];
        IntFunction<String> label = labels(file, parameter);
        int chosen = row == null ? 0 : rowNumber(file, parameter, rows);
        int shownRows = row == null ? Math.min(rows, CORNER_ROWS) : 1;
        int[] stretch = {0, row == null ? Math.min(width, numbers.columns()) - 1 : width - 1};
        if (columns != null) {
            stretch = stretch(width);
        }
        for (int r = chosen; r < chosen + shownRows; r++) {
            out.println("row " + label.apply(r) + ", columns " + stretch[0] + ".." + stretch[1] + " of " + width);
            numbers.lines(r, stretch[0], stretch[1] - stretch[0] + 1).forEach(out::println);
            out.println();
        }
    }

    private void printHeatMap(PrintWriter out, WeightFile file, InitialValues initial, Parameter parameter) {
        IntFunction<String> label = labels(file, parameter);
        int rows = parameter.shape().length == 1 ? 1 : parameter.shape()[0];
        int widest = 0;
        for (int r = 0; r < rows; r++) {
            widest = Math.max(widest, Columns.of(label.apply(r)));
        }
        int room = Math.max(1, (Math.max(NARROWEST, Terminal.columns()) - widest - 1) / HeatMap.CELL);
        BlockMap map = BlockMap.of(file, initial, parameter, content(), summary(), MOST_ROWS, room);
        TerminalColors colors = TerminalColors.choose(color, System.getenv(), Terminal.stdout());
        HeatMap picture = new HeatMap(map, limit(map), colors);
        picture.lines(label).forEach(out::println);
        picture.legend(content(), summary()).forEach(out::println);
    }

    private void writePicture(PrintWriter out, WeightFile file, InitialValues initial, Parameter parameter)
            throws IOException {
        BlockMap map = BlockMap.of(file, initial, parameter, content(), summary(), MOST_PIXELS, MOST_PIXELS);
        int longest = Math.max(map.cells().length, map.cells()[0].length);
        int pixels = Math.max(1, ENLARGED / longest);
        AtomicFile.write(png, Picture.png(map, limit(map), pixels));
        String range = "-" + Show.value(limit(map)) + " to +" + Show.value(limit(map));
        out.println("wrote " + png + ", " + map.cells()[0].length * pixels + " x " + map.cells().length * pixels
                + " pixels, " + pixels + " x " + pixels + " a cell");
        out.println(HeatMap.what(map, content(), summary()));
        out.println("limits " + range + ": orange is negative, purple is positive, white is 0, black is not a number");
        out.println(HeatMap.clipped(map, limit(map)));
    }

    /** The tensor that a name or glob means. */
    private static Parameter find(WeightFile file, String name) {
        if (file.registry().contains(name)) {
            return file.registry().get(name);
        }
        List<Parameter> matching = file.registry().all().stream()
                .filter(ParameterSelector.parse(name))
                .toList();
        if (matching.size() == 1) {
            return matching.get(0);
        }
        List<Parameter> candidates = matching.isEmpty() ? alike(file, name) : matching;
        String names = String.join(
                ", ", candidates.stream().limit(MOST_NAMED).map(Parameter::name).toList());
        String some = names + (candidates.size() > MOST_NAMED ? ", ..." : "");
        if (!matching.isEmpty()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "'" + name + "' matches " + matching.size() + " tensors, and one can be shown: " + some);
        }
        throw new CommandFailure(
                Exit.USAGE,
                "no tensor of " + file.path() + " is named '" + name + "'; "
                        + (names.isEmpty()
                                ? "'" + CommandName.get() + " params --all' lists the names"
                                : "there are " + some));
    }

    /** Tensors whose name holds the text that was typed. */
    private static List<Parameter> alike(WeightFile file, String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        return file.registry().all().stream()
                .filter(p -> p.name().contains(wanted))
                .toList();
    }

    private int rowNumber(WeightFile file, Parameter parameter, int rows) {
        if (row.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(row);
            if (number >= rows) {
                throw new CommandFailure(
                        Exit.USAGE, parameter.name() + " has rows 0 to " + (rows - 1) + ", so there is no row " + row);
            }
            return number;
        }
        Tokenizer tokenizer = tokenizer(file, parameter)
                .orElseThrow(() -> new CommandFailure(
                        Exit.USAGE,
                        "--row " + row + " is no number from 0, and only the rows of wte.weight have tokens as names"));
        for (int id = 0; id < rows; id++) {
            String shown = tokenizer.show(id);
            if (shown.equals(row) || shown.equals("'" + row + "'")) {
                return id;
            }
        }
        throw new CommandFailure(
                Exit.USAGE,
                "the vocabulary of this model has no token '" + row + "'; give the number of a row instead");
    }

    /** Rows of the token embedding, and of the head that is as tall, have names. */
    private static Optional<Tokenizer> tokenizer(WeightFile file, Parameter parameter) {
        boolean tokens = parameter.kind() == ParameterKind.EMBEDDING || parameter.kind() == ParameterKind.OUTPUT;
        return tokens ? file.tokenizer() : Optional.empty();
    }

    private IntFunction<String> labels(WeightFile file, Parameter parameter) {
        Optional<Tokenizer> tokenizer = tokenizer(file, parameter);
        return r -> r + tokenizer.map(t -> " " + shown(t.show(r))).orElse("");
    }

    private String shown(String token) {
        return output.glyphs().canShow(token) ? token : "?";
    }

    private int[] stretch(int width) {
        if (!columns.matches("[0-9]{1,9}\\.\\.[0-9]{1,9}")) {
            throw new CommandFailure(Exit.USAGE, "--columns takes a stretch like 0..15, not '" + columns + "'");
        }
        String[] ends = columns.split("\\.\\.");
        int from = Integer.parseInt(ends[0]);
        int to = Integer.parseInt(ends[1]);
        if (from > to || to >= width) {
            throw new CommandFailure(
                    Exit.USAGE, "--columns " + columns + " is not within the columns 0.." + (width - 1));
        }
        return new int[] {from, to};
    }

    private double limit(BlockMap map) {
        return limit != null ? limit : map.largestCell();
    }

    private BlockMap.Content content() {
        return change ? BlockMap.Content.CHANGE : BlockMap.Content.VALUE;
    }

    private BlockMap.Summary summary() {
        return switch (block) {
            case mean -> BlockMap.Summary.MEAN;
            case largest -> BlockMap.Summary.LARGEST;
        };
    }
}
