package tinygpt.cli;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ScopeType;
import tinygpt.runs.LoadedModel;

/**
 * The program: finds the command that is asked for, runs it, and turns whatever goes wrong into one line on stderr and an
 * exit code.
 */
public final class Main {
    /** All commands, in the order of the help. */
    private static final List<String> COMMANDS = List.of(
            "tour",
            "train",
            "search",
            "scale-study",
            "generate",
            "eval",
            "logits",
            "tokenize",
            "params",
            "inspect",
            "diff",
            "audit",
            "attention",
            "lens",
            "ablate",
            "verify",
            "why",
            "step",
            "ledger",
            "report",
            "serve",
            "merge",
            "export",
            "quantize",
            "bench",
            "selftest",
            "doctor");

    private static final int HELP_WIDTH = 80;

    private Main() {}

    public static void main(String[] args) {
        Charset charset = outputCharset();
        RememberingStream stdout = new RememberingStream(FileDescriptor.out);
        PrintWriter out = writer(stdout, charset);
        PrintWriter err = writer(new FileOutputStream(FileDescriptor.err), charset);
        int width = Terminal.stdout() ? Terminal.columns() : Output.UNLIMITED;
        int exitCode = run(out, err, charset, width, args);
        if (exitCode == Exit.OK && stdout.failure().isPresent()) {
            exitCode = Exit.BAD_DATA;
            err.println("tinygpt: error: standard output cannot be written: "
                    + stdout.failure().get());
            err.flush();
        }
        Interruption.ended(exitCode);
        System.exit(exitCode);
    }

    /** Runs a command on writers of UTF-8. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return run(out, err, StandardCharsets.UTF_8, Output.UNLIMITED, args);
    }

    /**
     * Runs a command.
     *
     * @param charset what {@code out} is encoded in; decides which signs are printed
     * @param width columns that a table may take
     * @return one of {@link Exit}
     */
    static int run(PrintWriter out, PrintWriter err, Charset charset, int width, String... args) {
        Errors errors = new Errors(err, Errors.traceWanted(args), DiffCommand.NAME.equals(firstWord(args)));
        try {
            CommandLine program = program(new Output(out, err, Glyphs.of(charset), width), args);
            return configure(program, out, err, errors).execute(args);
        } catch (Exception | StackOverflowError | OutOfMemoryError | LinkageError e) {
            return errors.report(e);
        } finally {
            out.flush();
            err.flush();
        }
    }

    /** Makes one command; its class is loaded here and not before. */
    private static CommandLine create(String name, Output output) {
        return switch (name) {
            case "tour" -> TourCommand.create(output);
            case "train" -> TrainCommand.create(output);
            case "search" -> SearchCommand.create(output);
            case "scale-study" -> ScaleStudyCommand.create(output);
            case "generate" -> GenerateCommand.create(output);
            case "eval" -> EvalCommand.create(output);
            case "logits" -> LogitsCommand.create(output);
            case "tokenize" -> TokenizeCommand.create(output);
            case "params" -> ParamsCommand.create(output, path -> LoadedModel.registry(path));
            case "inspect" -> InspectCommand.create(output);
            case "diff" -> DiffCommand.create(output);
            case "audit" -> AuditCommand.create(output);
            case "why" -> WhyCommand.create(output);
            case "step" -> StepCommand.create(output);
            case "verify" -> VerifyCommand.create(output);
            case "doctor" -> DoctorCommand.create(output);
            case "ledger" -> LedgerCommand.create(output);
            case "report" -> ReportCommand.create(output);
            case "serve" -> ServeCommand.create(output);
            case "merge" -> MergeCommand.create(output);
            case "quantize" -> QuantizeCommand.create(output);
            case "export" -> ExportCommand.create(output);
            case "attention" -> AttentionCommand.create(output);
            case "lens" -> LensCommand.create(output);
            case "ablate" -> AblateCommand.create(output);
            case "bench" -> BenchCommand.create(output);
            case "selftest" -> SelftestCommand.create(output);
            default -> throw new IllegalStateException("no command " + name);
        };
    }

    private static CommandLine program(Output output, String[] args) {
        CommandSpec spec = CommandSpec.create().name(CommandName.get()).mixinStandardHelpOptions(true);
        spec.versionProvider(new Version());
        spec.usageMessage()
                .description("A small GPT for the JVM that one can see through.")
                .commandListHeading("%nCommands:%n")
                .synopsisSubcommandLabel("COMMAND")
                .footer(
                        "",
                        "Exit codes:",
                        "    0   done",
                        "    1   it failed, or a comparison found a difference",
                        "    2   wrong usage: an option, a value or a configuration",
                        "    3   bad data: a file or checkpoint is missing, broken or not writable",
                        "  130   interrupted",
                        "'diff' is as diff(1): 0 the same, 1 different, 2 trouble of any kind.",
                        "",
                        "'" + CommandName.get() + " COMMAND --help' explains a command.");
        spec.addOption(OptionSpec.builder("--stack-trace")
                .arity("0")
                .type(boolean.class)
                .scopeType(ScopeType.INHERIT)
                .description("After an error, show where it happened (or set TINYGPT_TRACE=1).")
                .build());
        CommandLine program = new CommandLine(spec);
        String named = firstWord(args);
        if (named != null && COMMANDS.contains(named)) {
            program.addSubcommand(create(named, output));
        } else {
            COMMANDS.forEach(name -> program.addSubcommand(create(name, output)));
        }
        program.getSubcommands().values().forEach(Main::nameInExamples);
        return program;
    }

    private static CommandLine configure(CommandLine program, PrintWriter out, PrintWriter err, Errors errors) {
        return program.setOut(out)
                .setErr(err)
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setUsageHelpWidth(HELP_WIDTH)
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors);
    }

    /** The examples of a command's help, with the program called as it was called. */
    private static void nameInExamples(CommandLine command) {
        var usage = command.getCommandSpec().usageMessage();
        usage.footer(Stream.of(usage.footer())
                .flatMap(line -> CommandName.folded(CommandName.inExample(line), HELP_WIDTH).stream())
                .toArray(String[]::new));
        usage.customSynopsis(Stream.of(usage.customSynopsis())
                .map(line -> CommandName.inExample("  " + line).stripLeading())
                .toArray(String[]::new));
    }

    private static String firstWord(String[] args) {
        for (String arg : args) {
            if (!arg.startsWith("-")) {
                return arg;
            }
        }
        return null;
    }

    /** What the terminal expects. JDK 17 has no stdout.encoding, and from 18 on the default charset does not tell. */
    private static Charset outputCharset() {
        for (String property : new String[] {"stdout.encoding", "sun.stdout.encoding", "native.encoding"}) {
            String name = System.getProperty(property);
            if (name != null && Charset.isSupported(name)) {
                return Charset.forName(name);
            }
        }
        return Charset.defaultCharset();
    }

    private static PrintWriter writer(OutputStream stream, Charset charset) {
        return new PrintWriter(new BufferedWriter(new OutputStreamWriter(stream, charset)));
    }

    private static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {
                "tinygpt " + (version == null ? "(not packaged)" : version),
                "JDK " + System.getProperty("java.version") + " on " + System.getProperty("os.arch")
            };
        }
    }
}
