package tinygpt.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A guided walk through what the parameters of a GPT are. */
@Command(
        name = "tour",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "A walk of ten stops, about three minutes: what the parameters of a GPT are, who sets each number, and how"
                    + " training changes them.",
            "",
            "Each stop says what is about to be seen, runs the commands that show it, checks its claims on their numbers,"
                    + " and says what they mean. Every figure is computed here and now: a model of the preset nano is"
                    + " trained for it."
        },
        footer = {
            "",
            "Exit codes: 0 every claim holds, 1 one does not.",
            "",
            "Examples:",
            "  tinygpt tour",
            "  tinygpt tour --stop 4",
            "  tinygpt tour --no-pause --keep runs/tour"
        })
final class TourCommand implements Callable<Integer> {
    private static final int RULE = 80;

    private final Output output;

    @Option(names = "--stop", paramLabel = "N", description = "This stop only, from 1 to 10.")
    private Integer stop;

    @Option(
            names = "--no-pause",
            description = "Do not wait between the stops. Without a terminal nothing waits anyway.")
    private boolean noPause;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description = "Keep the runs of the tour in this new folder; they are removed at the end unless given.")
    private Path keep;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "1500",
            description =
                    "Training steps of the tour's model; 1500 unless given. With few of them there is less to see.")
    private int steps;

    private TourCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new TourCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        List<TourStop> stops = TourStop.all(output);
        if (stop != null && (stop < 1 || stop > stops.size())) {
            throw new CommandFailure(
                    Exit.USAGE, "--stop is " + stop + "; the stops of the tour are numbered 1 to " + stops.size());
        }
        RunOptions.atLeast("--steps", steps, 1, "a model that is not trained shows nothing");
        try (TourFolder folder = TourFolder.open(keep)) {
            TourGuide guide = new TourGuide(output, folder, steps);
            begin(guide, folder, stops.size());
            walk(guide, stops);
            return end(guide, folder);
        }
    }

    private void begin(TourGuide guide, TourFolder folder, int stops) {
        guide.say("What are the parameters of a GPT? A walk of " + stops
                + " stops. Every number below is computed while"
                + " you read, by the commands that are shown; each can be typed again. Files are in " + folder.path()
                + (folder.kept() ? ", and stay there." : ", which is removed at the end (--keep DIR keeps them)."));
    }

    private void walk(TourGuide guide, List<TourStop> stops) throws IOException {
        TourPause pause = pause();
        PrintWriter out = output.out();
        for (int i = 0; i < stops.size(); i++) {
            if (stop != null && stop != i + 1) {
                continue;
            }
            String heading = "-- " + (i + 1) + " of " + stops.size() + ": "
                    + stops.get(i).title() + " ";
            out.println(heading + "-".repeat(Math.max(2, RULE - heading.length())));
            out.println();
            stops.get(i).visit(guide);
            out.flush();
            boolean last = stop != null || i == stops.size() - 1;
            if (!last && !pause.goOn()) {
                return;
            }
        }
    }

    private int end(TourGuide guide, TourFolder folder) {
        int claims = guide.held() + guide.broken();
        guide.say((guide.broken() == 0
                        ? "All " + Show.counted(claims, "claim") + " held."
                        : guide.broken() + " of " + Show.counted(claims, "claim")
                                + " did NOT hold; they are marked FAILS above.")
                + (folder.kept() ? " The runs are in " + folder.path() + "." : "")
                + " The same with a text of your own: '" + CommandName.get() + " train --data FILE', then '"
                + CommandName.get() + " report'.");
        return guide.broken() == 0 ? Exit.OK : Exit.FAILURE;
    }

    private TourPause pause() {
        boolean waits = !noPause && Terminal.stdin() && Terminal.stdout();
        return new TourPause(
                waits ? new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())) : null,
                output.err());
    }
}
