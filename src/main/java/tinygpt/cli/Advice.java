package tinygpt.cli;

import java.io.PrintWriter;
import tinygpt.tensor.KernelChoice;

/** What a command that computes says before it starts, if the JVM it runs on makes it slow. */
final class Advice {
    private Advice() {}

    static void print(PrintWriter err) {
        KernelChoice.takeAdvice().ifPresent(advice -> {
            err.println("tinygpt: note: " + advice);
            err.flush();
        });
    }
}
