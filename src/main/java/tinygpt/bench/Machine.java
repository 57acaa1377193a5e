package tinygpt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tinygpt.tensor.Blas;
import tinygpt.tensor.KernelChoice;

/**
 * Where it was measured.
 *
 * @param cpu name of the processor, or its architecture where the system does not tell
 * @param processors that the JVM may use
 * @param jdk version and maker
 * @param kernels what works on rows
 * @param blas what multiplies matrices
 */
public record Machine(String cpu, int processors, String system, String jdk, String kernels, String blas) {
    static Machine here() {
        return new Machine(
                cpuName(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                System.getProperty("java.version") + ", " + System.getProperty("java.vm.name"),
                KernelChoice.describe(),
                Blas.describe());
    }

    /** Name of the processor, or its architecture where the system does not tell. */
    public static String cpuName() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElseGet(() -> System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
