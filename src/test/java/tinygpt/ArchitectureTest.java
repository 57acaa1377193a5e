package tinygpt;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The floors of the house: which room may import which, and what is only done in one room. */
class ArchitectureTest {
    private static final String ROOT = "tinygpt";

    /** Every room and all the rooms below that it may import. A room that is missing here fails a test. */
    private static final Map<String, List<String>> ROOMS = new TreeMap<>(Map.ofEntries(
            Map.entry("random", List.of()),
            Map.entry("hyperparameters", List.of()),
            Map.entry("tensor", List.of("random")),
            Map.entry("parameters", List.of("random", "hyperparameters", "tensor")),
            Map.entry("reference", List.of("random", "hyperparameters", "parameters")),
            Map.entry("text", List.of("random", "hyperparameters")),
            Map.entry("model", List.of("random", "hyperparameters", "tensor", "parameters")),
            Map.entry("training", List.of("hyperparameters", "tensor", "parameters", "text", "model")),
            Map.entry("formats", List.of("hyperparameters", "tensor", "parameters", "text")),
            Map.entry("metrics", List.of("hyperparameters", "tensor", "parameters", "training")),
            Map.entry(
                    "runs",
                    List.of(
                            "hyperparameters",
                            "tensor",
                            "parameters",
                            "text",
                            "model",
                            "training",
                            "formats",
                            "metrics")),
            Map.entry("generation", List.of("random", "hyperparameters", "tensor", "parameters", "text", "model")),
            Map.entry(
                    "bench",
                    List.of(
                            "random",
                            "hyperparameters",
                            "tensor",
                            "parameters",
                            "text",
                            "model",
                            "training",
                            "metrics",
                            "generation")),
            Map.entry(
                    "inspection",
                    List.of(
                            "random",
                            "hyperparameters",
                            "tensor",
                            "parameters",
                            "text",
                            "model",
                            "training",
                            "formats",
                            "runs",
                            "reference",
                            "generation")),
            Map.entry(
                    "report",
                    List.of(
                            "hyperparameters",
                            "tensor",
                            "parameters",
                            "text",
                            "model",
                            "training",
                            "formats",
                            "metrics",
                            "runs",
                            "inspection",
                            "generation")),
            Map.entry(
                    "search",
                    List.of(
                            "random",
                            "hyperparameters",
                            "tensor",
                            "parameters",
                            "text",
                            "model",
                            "training",
                            "formats",
                            "metrics",
                            "runs",
                            "report")),
            Map.entry("spark", List.of("hyperparameters", "tensor", "parameters", "model", "training", "search")),
            Map.entry(
                    "cli",
                    List.of(
                            "bench",
                            "search",
                            "random",
                            "hyperparameters",
                            "tensor",
                            "parameters",
                            "text",
                            "model",
                            "training",
                            "formats",
                            "metrics",
                            "runs",
                            "inspection",
                            "report",
                            "generation"))));

    /** ONNX's file format, as generated from its schema: messages of numbers and strings, which ND4J's jars happen to carry. */
    private static final DescribedPredicate<JavaClass> ONNX_MESSAGES =
            resideInAnyPackage("onnx..", "org.nd4j.shade.protobuf..");

    private static final DescribedPredicate<JavaClass> NATIVE_LIBRARIES = resideInAnyPackage(
                    "org.nd4j..", "org.bytedeco..", "jdk.incubator..")
            .and(DescribedPredicate.not(ONNX_MESSAGES));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    static Stream<String> rooms() {
        return presentRooms().stream();
    }

    private static TreeSet<String> presentRooms() {
        TreeSet<String> rooms = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            String inner = type.getPackageName().substring(ROOT.length());
            rooms.add(
                    inner.isEmpty() ? "(outside all rooms)" : inner.substring(1).split("\\.")[0]);
        }
        return rooms;
    }

    @Test
    void everyPackage_isARoomOfThePlan() {
        TreeSet<String> unknown = presentRooms();
        unknown.removeAll(ROOMS.keySet());
        assertEquals(new TreeSet<>(), unknown, "rooms that are missing in the table of this test");
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void room_importsOnlyRoomsBelow(String room) {
        List<String> allowed = ROOMS.getOrDefault(room, List.of());
        String[] others = ROOMS.keySet().stream()
                .filter(other -> !other.equals(room) && !allowed.contains(other))
                .map(ArchitectureTest::packages)
                .toArray(String[]::new);
        check(noClasses()
                .that()
                .resideInAPackage(packages(room))
                .should()
                .dependOnClassesThat(resideInAnyPackage(others).or(resideInAPackage(ROOT)))
                .as("the room " + room + " imports only " + allowed));
    }

    /** No two rooms need each other, however many steps apart. */
    @Test
    void rooms_haveNoCycles() {
        check(slices().matching(ROOT + ".(*)..").should().beFreeOfCycles());
    }

    @Test
    void nativeLibraries_areUsedInTheTensorRoomOnly() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(packages("tensor"), packages("parameters"))
                .should()
                .dependOnClassesThat(NATIVE_LIBRARIES));
        check(noClasses()
                .that()
                .resideInAPackage(packages("parameters"))
                .should()
                .dependOnClassesThat(NATIVE_LIBRARIES.and(
                        DescribedPredicate.not(type(org.nd4j.linalg.api.ndarray.INDArray.class)))));
    }

    /** They load no native library, so they may be used outside the tensor room; but one class is enough. */
    @Test
    void onnxMessages_areUsedInOneClassOnly() {
        check(noClasses()
                .that()
                .haveNameNotMatching("tinygpt\\.formats\\.OnnxGraph(\\$.*)?")
                .should()
                .dependOnClassesThat(ONNX_MESSAGES));
    }

    @Test
    void picocli_isUsedInTheCommandLineOnly() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(packages("cli"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("picocli.."));
    }

    /** The program runs without Spark: nobody else may need its classes. */
    @Test
    void spark_isUsedInItsRoomOnly() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(packages("spark"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.spark..", "scala.."));
    }

    /** Where a process ends is decided in one place; a library never decides it. Only a signal may cut it short. */
    @Test
    void processEnds_inMainOnly() {
        check(noClasses()
                .that()
                .doNotHaveFullyQualifiedName("tinygpt.cli.Main")
                .should()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "exit", int.class));
        check(noClasses()
                .that()
                .doNotHaveFullyQualifiedName("tinygpt.cli.Interruption")
                .should()
                .callMethod(Runtime.class, "halt", int.class));
    }

    /** Everything random is a function of (seed, stream, step, place). */
    @Test
    void randomness_comesFromTheRandomRoomOnly() {
        check(noClasses()
                .should()
                .dependOnClassesThat(resideInAPackage("java.util.random..")
                        .or(type(java.util.Random.class))
                        .or(type(java.util.SplittableRandom.class))
                        .or(type(java.security.SecureRandom.class))
                        .or(type(java.util.concurrent.ThreadLocalRandom.class)))
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .callMethod(StrictMath.class, "random")
                .orShould()
                .callMethod(java.util.UUID.class, "randomUUID"));
    }

    /** What a command prints goes through its Output, so that tests and pipes see it. */
    @Test
    void standardStreams_areNotWrittenTo() {
        check(noClasses().should().accessField(System.class, "out").orShould().accessField(System.class, "err"));
    }

    /** A class is made to be used, not extended; families are sealed. */
    @Test
    void publicClasses_areFinal_abstractOrSealed() {
        check(classes()
                .that()
                .arePublic()
                .and()
                .areTopLevelClasses()
                .and()
                .areNotInterfaces()
                .and()
                .areNotEnums()
                .and()
                .areNotAssignableTo(Throwable.class)
                .should()
                .haveModifier(com.tngtech.archunit.core.domain.JavaModifier.FINAL)
                .orShould()
                .haveModifier(com.tngtech.archunit.core.domain.JavaModifier.ABSTRACT));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(false).check(CLASSES);
    }

    private static String packages(String room) {
        return ROOT + "." + room + "..";
    }
}
