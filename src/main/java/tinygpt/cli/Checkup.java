package tinygpt.cli;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import tinygpt.bench.Machine;
import tinygpt.tensor.Blas;
import tinygpt.tensor.KernelChoice;
import tinygpt.tensor.Memory;
import tinygpt.tensor.NativeLibraries;

/** Looks at everything that decides whether tinygpt works here, and how fast. */
final class Checkup {
    private static final String LAUNCHER = "start with scripts/tinygpt, which does it";
    private static final String LIBRARIES =
            "the native libraries of this platform are missing or cannot be loaded: build"
                    + " again on this machine with network access, and see the line 'library cache'";
    private static final long LARGE_CACHE = 2_000_000_000L;
    private static final long ROOM_FOR_LIBRARIES = 500_000_000L;

    /** Cores that OpenBLAS takes where it does not know the processor; their kernels use no AVX. */
    private static final String PLAIN_CORES =
            "(?i)generic|prescott|core2|nehalem|katmai|coppermine|armv8|riscv64_generic";

    private final Map<String, String> environment;
    private final Glyphs glyphs;
    private final List<Finding> findings = new ArrayList<>();

    Checkup(Map<String, String> environment, Glyphs glyphs) {
        this.environment = environment;
        this.glyphs = glyphs;
    }

    List<Finding> run() {
        program();
        nativeLibraries();
        memory();
        cache();
        terminal();
        return List.copyOf(findings);
    }

    private void program() {
        String version = Main.class.getPackage().getImplementationVersion();
        findings.add(Finding.ok("tinygpt", version == null ? "not packaged" : version));
        findings.add(Finding.ok(
                "JDK",
                System.getProperty("java.version") + " by " + System.getProperty("java.vendor") + ", in "
                        + System.getProperty("java.home")));
        int processors = Runtime.getRuntime().availableProcessors();
        String machine = processors + " of " + attempt(() -> Machine.cpuName()) + ", " + System.getProperty("os.name")
                + " " + System.getProperty("os.arch");
        findings.add(
                processors > 1
                        ? Finding.ok("processors", machine)
                        : Finding.better(
                                "processors",
                                machine,
                                "training uses one thread a shard; give the machine or container more processors"));
        String kernels = KernelChoice.describe();
        findings.add(
                kernels.startsWith("vector")
                        ? Finding.ok("row kernels", kernels + " of float32")
                        : Finding.better(
                                "row kernels",
                                kernels + ", several times slower",
                                "add --add-modules jdk.incubator.vector after 'java', or " + LAUNCHER));
    }

    private void nativeLibraries() {
        check("ND4J", NativeLibraries::nd4j);
        check("products", () -> {
            if (!NativeLibraries.multiplies()) {
                throw new IllegalStateException("a product of two small matrices is wrong");
            }
            return "right, by " + Blas.describe();
        });
        openBlas();
        oneDnn();
    }

    private void openBlas() {
        try {
            String core = NativeLibraries.openBlasCore();
            String forced = environment.getOrDefault("OPENBLAS_CORETYPE", "");
            String value = NativeLibraries.openBlas();
            if (core.matches(PLAIN_CORES)) {
                findings.add(Finding.better(
                        "OpenBLAS",
                        value,
                        forced.isEmpty()
                                ? "its kernels for " + core + " are plain ones; if the processor has AVX2, try"
                                        + " OPENBLAS_CORETYPE=Haswell"
                                : "OPENBLAS_CORETYPE is " + forced + "; unset it, so that OpenBLAS chooses"));
            } else {
                findings.add(Finding.ok("OpenBLAS", value));
            }
        } catch (RuntimeException | LinkageError e) {
            // Products were tried before; only what it says of itself is missing.
            findings.add(Finding.ok("OpenBLAS", "does not say what it is (" + said(e) + ")"));
        }
    }

    private void oneDnn() {
        String omp = environment.getOrDefault("OMP_NUM_THREADS", "");
        String value = "OMP_NUM_THREADS is " + (omp.isEmpty() ? "not set" : omp);
        try {
            findings.add(oneDnn(value, Blas.oneDnn()));
        } catch (LinkageError e) {
            findings.add(Finding.broken("oneDNN", said(e), LIBRARIES));
        }
    }

    private static Finding oneDnn(String value, Blas.OneDnn state) {
        return switch (state) {
            case IN_USE -> Finding.ok("oneDNN", attempt(NativeLibraries::oneDnn) + ", in use; " + value);
            case REFUSED ->
                Finding.better("oneDNN", "not in use: -Dtinygpt.blas=openblas was given", "leave that option out");
            case NOT_ONE_THREAD ->
                Finding.better(
                        "oneDNN",
                        "not in use: it cannot be kept to one thread; " + value,
                        "set OMP_NUM_THREADS=1 before the start, or " + LAUNCHER);
            case MISSING ->
                Finding.better(
                        "oneDNN",
                        "not in use: there is no native library of it here; " + value,
                        "OpenBLAS does its work, somewhat slower; build again on this machine if it should be there");
        };
    }

    private void memory() {
        Runtime runtime = Runtime.getRuntime();
        findings.add(Finding.ok("Java heap", "at most " + Show.bytes(runtime.maxMemory()) + " (-Xmx)"));
        check("memory", () -> {
            long installed = Memory.installed();
            return Show.bytes(installed) + " installed, " + Show.bytes(Memory.available())
                    + " may still be taken outside the heap";
        });
        try {
            long limit = Memory.limit();
            String value = limit == 0 ? "no limit" : "at most " + Show.bytes(limit);
            findings.add(
                    limit > 0 && limit < Memory.installed() / 2
                            ? Finding.better(
                                    "outside the heap",
                                    value + ", less than half of the memory",
                                    "weights and activations lie there: give -Dorg.bytedeco.javacpp.maxbytes and"
                                            + " -Dorg.bytedeco.javacpp.maxphysicalbytes, or " + LAUNCHER)
                            : Finding.ok("outside the heap", value));
        } catch (LinkageError e) {
            // The line before has said it.
        }
    }

    private void cache() {
        try {
            Path folder = NativeLibraries.cache();
            long size = size(folder);
            long free = Files.getFileStore(folder).getUsableSpace();
            String asked = System.getProperty("org.bytedeco.javacpp.cachedir");
            String value = folder + ", " + Show.bytes(size) + ", " + Show.bytes(free) + " free";
            if (!Files.isWritable(folder)) {
                findings.add(Finding.broken(
                        "library cache",
                        value + ", not writable",
                        "native libraries are unpacked there: make it writable, or give another folder with"
                                + " -Dorg.bytedeco.javacpp.cachedir"));
            } else if (asked != null && !folder.equals(Path.of(asked).toAbsolutePath())) {
                findings.add(Finding.better(
                        "library cache",
                        value,
                        "-Dorg.bytedeco.javacpp.cachedir asks for " + asked
                                + ", which cannot be made or written; give another folder"));
            } else if (free < ROOM_FOR_LIBRARIES) {
                findings.add(Finding.better(
                        "library cache",
                        value,
                        "a new version needs up to " + Show.bytes(ROOM_FOR_LIBRARIES)
                                + " there: make room, or give another folder with -Dorg.bytedeco.javacpp.cachedir"));
            } else {
                findings.add(
                        size > LARGE_CACHE
                                ? Finding.better(
                                        "library cache",
                                        value,
                                        "it holds libraries of older versions too; it may be deleted at any time and"
                                                + " is filled again at the next start")
                                : Finding.ok("library cache", value));
            }
        } catch (IOException | LinkageError e) {
            findings.add(Finding.broken(
                    "library cache",
                    said(e),
                    "give a folder that can be written with -Dorg.bytedeco.javacpp.cachedir"));
        }
    }

    private void terminal() {
        boolean terminal = Terminal.stdout();
        TerminalColors colors = TerminalColors.choose(TerminalColors.When.auto, environment, terminal);
        String shown = switch (colors) {
            case NONE -> "no colours";
            case PALETTE -> "256 colours";
            case TRUE_COLOR -> "24-bit colours";
        };
        String value = (terminal ? "stdout is one, " : "stdout is none, ") + shown + ", " + Terminal.columns()
                + " columns, " + glyphs.charset();
        findings.add(
                glyphs.canShow("\u2581\u00b7\u2192")
                        ? Finding.ok("terminal", value)
                        : Finding.better(
                                "terminal",
                                value + ", which lacks signs such as the bars of sparklines",
                                "plain characters stand in for them; a locale with UTF-8 has them: LC_ALL=C.UTF-8"));
    }

    private void check(String what, Callable<String> value) {
        try {
            findings.add(Finding.ok(what, value.call()));
        } catch (Exception | LinkageError e) {
            findings.add(Finding.broken(what, said(e), LIBRARIES));
        }
    }

    private static String attempt(Callable<String> value) {
        try {
            return value.call();
        } catch (Exception | LinkageError e) {
            return said(e);
        }
    }

    /** What the cause of it all says. */
    private static String said(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String name = cause.getClass().getSimpleName();
        return cause.getMessage() == null
                ? name
                : name + ": " + cause.getMessage().lines().findFirst().orElse("");
    }

    /** Bytes of all files; a link counts as nothing. */
    private static long size(Path folder) throws IOException {
        AtomicLong bytes = new AtomicLong();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                bytes.addAndGet(attributes.isRegularFile() ? attributes.size() : 0);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                return FileVisitResult.CONTINUE; // gone by now
            }
        });
        return bytes.get();
    }
}
