package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.runs.RunSettings.Snapshots;
import tinygpt.training.Trainer;

class SnapshotRecorderTest {
    @TempDir
    Path folder;

    @Test
    void training_isTheSameBitForBitWithAndWithoutSnapshots() throws IOException {
        float[] without;
        try (Trainer trainer = SnapshotRuns.trainer("model.residual_dropout", "0.1")) {
            trainer.train(0, () -> false);
            without = SnapshotRuns.weights(trainer);
        }
        try (Trainer trainer = SnapshotRuns.trainer("model.residual_dropout", "0.1");
                SnapshotRecorder recorder = SnapshotRecorder.open(folder, trainer, Snapshots.DEFAULT)) {
            trainer.listen(recorder).train(0, () -> false);
            assertArrayEquals(without, SnapshotRuns.weights(trainer));
            assertEquals(SnapshotRuns.STEPS + 1, recorder.taken());
        }
    }

    @Test
    void torn_orAhead_isCutWhenItGoesOn() throws IOException {
        SnapshotRuns.train(folder, Snapshots.DEFAULT);
        byte[] snapshots = Files.readAllBytes(snapshots());
        byte[] probe = Files.readAllBytes(probe());
        try (Trainer trainer = SnapshotRuns.trainer()) {
            trainer.train(3, 0, () -> false);
            trainer.continueFrom(3, 3 * 8 * 32, Double.POSITIVE_INFINITY, -1);
            // Lines of steps 4 to 6 are ahead, and the last line is torn.
            Files.writeString(snapshots(), "{\"step\":7,\"tens", StandardOpenOption.APPEND);
            try (SnapshotRecorder recorder = SnapshotRecorder.open(folder, trainer, Snapshots.DEFAULT)) {
                assertEquals(0, recorder.taken(), "that of step 3 is there");
                trainer.listen(recorder).train(0, () -> false);
            }
        }
        assertArrayEquals(snapshots, Files.readAllBytes(snapshots()));
        assertArrayEquals(probe, Files.readAllBytes(probe()));
    }

    @Test
    void snapshotThatWasNotWrittenBeforeItDied_isTakenNow() throws IOException {
        SnapshotRuns.train(folder, Snapshots.DEFAULT);
        byte[] whole = Files.readAllBytes(snapshots());
        List<String> lines = Files.readAllLines(snapshots());
        Files.write(snapshots(), lines.subList(0, 4)); // the header and steps 0, 1, 2
        try (Trainer trainer = SnapshotRuns.trainer()) {
            trainer.train(3, 0, () -> false);
            try (SnapshotRecorder recorder = SnapshotRecorder.open(folder, trainer, Snapshots.DEFAULT)) {
                assertEquals(1, recorder.taken());
                trainer.listen(recorder).train(0, () -> false);
            }
        }
        assertArrayEquals(whole, Files.readAllBytes(snapshots()));
    }

    @Test
    void otherPrompt_ofAResumedRun_isRefused() throws IOException {
        SnapshotRuns.train(folder, new Snapshots(20, List.of(), "the fox"));
        try (Trainer trainer = SnapshotRuns.trainer()) {
            trainer.train(1, 0, () -> false);
            String said = assertThrows(
                            IllegalArgumentException.class,
                            () -> SnapshotRecorder.open(folder, trainer, new Snapshots(20, List.of(), "the dog")))
                    .getMessage();
            assertTrue(said.contains("another prompt") && said.contains("--probe-prompt"), said);
            SnapshotRecorder.open(folder, trainer, new Snapshots(20, List.of(), "the fox"))
                    .close();
        }
    }

    @Test
    void fileOfAnotherModel_isRefusedAndKept() throws IOException {
        Files.writeString(snapshots(), "{\"format\":1,\"tensors\":[]}\n{\"step\":0}\n");
        try (Trainer trainer = SnapshotRuns.trainer()) {
            trainer.step();
            assertThrows(BadFileException.class, () -> SnapshotRecorder.open(folder, trainer, Snapshots.DEFAULT));
        }
        assertEquals(2, Files.readAllLines(snapshots()).size());
    }

    @Test
    void none_writesNothingAndCutsWhatIsAhead() throws IOException {
        Snapshots none = new Snapshots(0, List.of(), "");
        SnapshotRuns.train(folder, none);
        assertFalse(Files.exists(snapshots()) || Files.exists(probe()));

        SnapshotRuns.train(folder, Snapshots.DEFAULT);
        try (Trainer trainer = SnapshotRuns.trainer()) {
            trainer.train(2, 0, () -> false);
            SnapshotRecorder.open(folder, trainer, none).close();
        }
        assertEquals(1 + 3, Files.readAllLines(snapshots()).size(), "the header and steps 0, 1, 2");
        assertEquals(1 + 3, Files.readAllLines(probe()).size());
    }

    private Path snapshots() {
        return folder.resolve(SnapshotFiles.SNAPSHOTS);
    }

    private Path probe() {
        return folder.resolve(SnapshotFiles.PROBE);
    }
}
