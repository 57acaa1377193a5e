package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
    private static final List<String> ALL = List.of(
            "tinygpt",
            "JDK",
            "processors",
            "row kernels",
            "ND4J",
            "products",
            "OpenBLAS",
            "oneDNN",
            "Java heap",
            "memory",
            "outside the heap",
            "library cache",
            "terminal");

    @TempDir
    Path folder;

    @Test
    void everything_isLookedAt_andWhatIsNotTheBestSaysWhatToDo() throws Exception {
        Run shown = Run.of("doctor", "--json");
        assertEquals(0, shown.exitCode(), shown.out() + shown.err());
        JsonNode root = new ObjectMapper().readTree(shown.out());
        assertTrue(root.get("works").asBoolean());
        List<String> names = new ArrayList<>();
        root.get("findings").fieldNames().forEachRemaining(names::add);
        assertEquals(ALL, names);
        root.get("findings")
                .forEach(f -> assertEquals(!f.get("state").asText().equals("ok"), f.has("to_do"), f.toString()));
        assertTrue(root.at("/findings/products/value").asText().startsWith("right, by OpenBLAS"), shown.out());
        assertTrue(root.at("/findings/ND4J/value").asText().startsWith("CpuBackend"), shown.out());
        assertTrue(root.at("/findings/OpenBLAS/value").asText().startsWith("OpenBLAS 0."), shown.out());
    }

    @Test
    void asciiTerminal_isNoted() {
        Run shown = Run.in(StandardCharsets.US_ASCII, "doctor");
        assertEquals(0, shown.exitCode(), shown.out());
        assertTrue(
                shown.out().matches("(?s).*\nnote  terminal +[^\n]*US-ASCII[^\n]*\n +to do: .*LC_ALL=C.UTF-8.*"),
                shown.out());
    }

    /**
     * Started like any Java program: it works, slowly, and says how to make it fast. The folder that is asked for in place
     * of the usual one for libraries cannot be made.
     */
    @Test
    void jvmWithoutItsOptions_isToldWhichOnesItLacks() throws Exception {
        Path asked = Files.writeString(folder.resolve("file"), "in the way").resolve("cache");
        ChildJvm jvm = new ChildJvm(
                folder, "4", List.of("-Xmx256m", "-Dorg.bytedeco.javacpp.cachedir=" + asked), Main.class, "doctor");
        assertEquals(0, jvm.exitCode(), jvm.out() + jvm.err());
        String out = jvm.out();
        assertTrue(out.contains("note  row kernels       scalar, several times slower\n"), out);
        assertTrue(out.contains("to do: add --add-modules jdk.incubator.vector after 'java'"), out);
        assertTrue(out.contains("not in use: it cannot be kept to one thread; OMP_NUM_THREADS is 4\n"), out);
        assertTrue(out.contains("to do: set OMP_NUM_THREADS=1 before the start"), out);
        assertTrue(out.contains("to do: -Dorg.bytedeco.javacpp.cachedir asks for " + asked), out);
        assertTrue(out.matches("(?s).*it works; [3-9] of these could be better\\R"), out);
    }

    /** As on a machine for which nothing was built. */
    @Test
    void missingLibraries_areBroken_andTheRestIsSaidAllTheSame() throws Exception {
        ChildJvm jvm = new ChildJvm(
                folder, "1", List.of("-Dorg.bytedeco.javacpp.platform=solaris-sparc"), Main.class, "doctor");
        assertEquals(1, jvm.exitCode(), jvm.out() + jvm.err());
        assertTrue(jvm.out().contains("\nFAIL  products "), jvm.out());
        assertTrue(jvm.out().contains("to do: the native libraries of this platform are missing"), jvm.out());
        assertTrue(jvm.out().contains("\nok    terminal "), jvm.out());
        assertTrue(jvm.out().matches("(?s).*NOT WELL: [1-9] of these are broken\\R"), jvm.out());
    }
}
