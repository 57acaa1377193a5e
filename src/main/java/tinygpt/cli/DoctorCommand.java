package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tinygpt.cli.Finding.State;
import tinygpt.tensor.KernelChoice;

/** Says what tinygpt runs on here, and what to do where that could be better. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Says what tinygpt runs on: the JDK, the native libraries and the processor they were chosen for, threads,"
                    + " memory, the cache of libraries and the terminal; and what to do where it could be better. A"
                    + " product of two small matrices is computed and checked."
        },
        footer = {"", "Exit codes: 0 it works, 1 something is broken.", "", "Example:", "  tinygpt doctor --json"})
final class DoctorCommand implements Callable<Integer> {
    private static final String CONTINUED = "    ";

    private final Output output;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    private DoctorCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new DoctorCommand(output));
    }

    @Override
    public Integer call() {
        KernelChoice.takeAdvice(); // it stands in the findings
        List<Finding> findings = new Checkup(System.getenv(), output.glyphs()).run();
        if (json) {
            printJson(findings);
        } else {
            print(findings);
        }
        return count(findings, State.BROKEN) == 0 ? Exit.OK : Exit.FAILURE;
    }

    private void print(List<Finding> findings) {
        int widest = findings.stream().mapToInt(f -> f.what().length()).max().orElse(0);
        for (Finding finding : findings) {
            String state = switch (finding.state()) {
                case OK -> "ok  ";
                case COULD_BE_BETTER -> "note";
                case BROKEN -> "FAIL";
            };
            output.out().println(state + "  " + Text.left(finding.what(), widest) + "  " + finding.value());
            if (!finding.advice().isEmpty()) {
                output.out().println(CONTINUED + "  " + Text.left("", widest) + "  to do: " + finding.advice());
            }
        }
        long broken = count(findings, State.BROKEN);
        long better = count(findings, State.COULD_BE_BETTER);
        output.out().println();
        output.out()
                .println(
                        broken > 0
                                ? "NOT WELL: " + broken + " of these are broken"
                                : better > 0 ? "it works; " + better + " of these could be better" : "all is well");
    }

    private void printJson(List<Finding> findings) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("works", count(findings, State.BROKEN) == 0);
        ObjectNode found = root.putObject("findings");
        for (Finding finding : findings) {
            ObjectNode node = found.putObject(finding.what())
                    .put("state", finding.state().name().toLowerCase(Locale.ROOT))
                    .put("value", finding.value());
            if (!finding.advice().isEmpty()) {
                node.put("to_do", finding.advice());
            }
        }
        output.out().println(Json.pretty(root));
    }

    private static long count(List<Finding> findings, State state) {
        return findings.stream().filter(f -> f.state() == state).count();
    }
}
