package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TourCommandTest {
    @TempDir
    Path folder;

    @Test
    void oneStop_isVisitedAlone_andItsFolderIsGoneAfterwards() throws IOException {
        String temporary = System.getProperty("java.io.tmpdir");
        System.setProperty("java.io.tmpdir", folder.toString());
        try {
            Run run = Run.of("tour", "--stop", "3", "--steps", "5");
            assertEquals(0, run.exitCode(), run.out() + run.err());
            List<String> headings =
                    run.lines().stream().filter(line -> line.startsWith("-- ")).toList();
            assertEquals(1, headings.size());
            assertTrue(headings.get(0).startsWith("-- 3 of 10: Parameters move"), headings.get(0));
            assertTrue(run.out().contains("Files are in " + folder), run.out());
            assertTrue(run.out().contains("All 4 claims held."), run.out());
        } finally {
            System.setProperty("java.io.tmpdir", temporary);
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "11", "-1"})
    void stopThatIsNotThere_isRefused(String stop) {
        Run run = Run.of("tour", "--stop=" + stop);
        assertEquals(2, run.exitCode());
        assertEquals("tinygpt: error: --stop is " + stop + "; the stops of the tour are numbered 1 to 10\n", run.err());
        assertEquals("", run.out());
    }

    @Test
    void keptFolder_mustBeNewOrEmpty() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        Run full = Run.of("tour", "--stop", "6", "--keep", folder.toString());
        assertEquals(2, full.exitCode());
        assertTrue(full.err().contains(folder + " is not empty; --keep takes a new folder"), full.err());
        Run noFolder = Run.of("tour", "--stop", "6", "--keep", file.toString());
        assertEquals(2, noFolder.exitCode());
        assertTrue(noFolder.err().contains(file + " is a file"), noFolder.err());
        assertEquals("mine", Files.readString(file));
    }

    @Test
    void withoutTraining_nothingIsShown() {
        Run run = Run.of("tour", "--steps", "0");
        assertEquals(2, run.exitCode());
        assertTrue(run.err().contains("--steps is 0"), run.err());
    }

    @Test
    void commandThatFails_endsTheTour_andSaysWhich() throws IOException {
        StringWriter out = new StringWriter();
        try (TourFolder tourFolder = TourFolder.open(folder.resolve("kept"))) {
            TourGuide guide = guide(out, tourFolder);
            CommandFailure failure = org.junit.jupiter.api.Assertions.assertThrows(
                    CommandFailure.class, () -> guide.show("ledger", folder.toString()));
            assertEquals(Exit.FAILURE, failure.exitCode());
            assertTrue(
                    failure.getMessage().endsWith(" ledger " + folder + "' ended with exit code 3"),
                    failure::getMessage);
        }
    }

    /** Training said that the run can be resumed, and the tour then removed it without a word. */
    @Test
    void interruptedTour_saysThatItsFolderIsGone() throws Exception {
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        ChildJvm tour = new ChildJvm(
                ChildJvm.heedingInterrupts(),
                folder,
                null,
                List.of("--add-modules=jdk.incubator.vector", "-Djava.io.tmpdir=" + temporary),
                Main.class,
                "tour",
                "--stop=3",
                "--steps=1000000");
        tour.awaitErr("plan ");
        tour.interrupt();
        assertEquals(130, tour.exitCode(), tour.err());
        assertTrue(
                tour.err()
                        .contains("the tour was interrupted; its folder is removed now, and with it the run above:"
                                + " --keep DIR keeps it"),
                tour.err());
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(
                    List.of(),
                    left.filter(path -> path.getFileName().toString().startsWith("tinygpt-tour"))
                            .toList());
        }
    }

    @Test
    void claimThatFails_isMarkedAndCounted() throws IOException {
        StringWriter out = new StringWriter();
        try (TourFolder tourFolder = TourFolder.open(folder.resolve("kept"))) {
            TourGuide guide = guide(out, tourFolder);
            guide.claim(List.of(new Claim(true, "1 = 1"), new Claim(false, "1 = 2")));
            assertEquals(1, guide.held());
            assertEquals(1, guide.broken());
            assertEquals("  holds  1 = 1\n  FAILS  1 = 2\n\n", out.toString().replace("\r", ""));
        }
    }

    @Test
    void pause_goesOnWithEnterAndAtTheEnd_andStopsWithQ() throws IOException {
        StringWriter asked = new StringWriter();
        BufferedReader keyboard = new BufferedReader(new StringReader("\nq\n"));
        TourPause pause = new TourPause(keyboard, new PrintWriter(asked));
        assertTrue(pause.goOn());
        assertFalse(pause.goOn());
        assertTrue(pause.goOn(), "nobody is there any more");
        assertTrue(asked.toString().startsWith("Enter goes on, q and Enter end the tour: "), asked.toString());
        assertTrue(new TourPause(null, new PrintWriter(asked)).goOn());
    }

    @Test
    void vowels_areMeasuredByTheCosineOfTheirVectors() {
        Path random = SmallModel.random(folder, tinygpt.text.CharacterTokenizer.of("abcdefghijklmnopqrstuvwxyz"));
        VowelLikeness likeness = VowelLikeness.of(random);
        assertTrue(Math.abs(likeness.vowels()) < 0.3 && Math.abs(likeness.mixed()) < 0.1, likeness.toString());
        assertEquals(likeness.vowels() - likeness.mixed(), likeness.gap());
    }

    private static TourGuide guide(StringWriter out, TourFolder folder) {
        PrintWriter writer = new PrintWriter(out, true);
        PrintWriter err = new PrintWriter(new StringWriter());
        return new TourGuide(new Output(writer, err, Glyphs.of(StandardCharsets.UTF_8)), folder, 3);
    }
}
