package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** The desktop that the program may have been started on. */
final class Desktop {
    private Desktop() {}

    /** Shows an address in the browser. That there is none is no failure: the user is told what to open. */
    static void open(String address, PrintWriter err) {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        List<String> command = system.contains("windows")
                ? List.of("rundll32", "url.dll,FileProtocolHandler", address)
                : List.of(system.contains("mac") ? "open" : "xdg-open", address);
        try {
            new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            err.println("no browser could be started with " + command.get(0) + "; open " + address);
        }
    }
}
