package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tinygpt.cli.Run.with;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.report.SnapshotState;

class SnapshotOptionsTest {
    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, "A fox ran over the hill and saw a dog. \"Good day!\" said the dog.\n".repeat(30));
    }

    @Test
    void resumedRun_hasTheSnapshotsOfOneThatWasNotStopped() throws IOException {
        String[] flags = {
            "--steps",
            "12",
            "--snapshots",
            "8",
            "--snapshot-matrices",
            "wpe.*",
            "--snapshot-matrices",
            "h.0.ln_1.*",
            "--probe-prompt",
            "A fox"
        };
        Path whole = train("whole", flags);
        Path parts = train("parts", with(flags, "--stop-after", "5"));
        assertEquals(0, resume(parts, "--stop-after", "1").exitCode());
        assertEquals(0, resume(parts).exitCode());
        for (String file : new String[] {"snapshots.jsonl", "probe.jsonl"}) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(parts.resolve(file)), file);
        }
        JsonNode state = SnapshotState.read(parts);
        assertEquals("[0,1,2,4,6,8,10,12]", state.get("snapshots").toString());
        assertEquals(3, state.get("matrices").size(), "wpe, and the gain and bias of a norm");
        assertEquals("A fox", state.get("probe").get("prompt").textValue());
    }

    @Test
    void start_saysHowManyThereWillBe() {
        Run run = run(
                "train",
                "--preset",
                "nano",
                "--data",
                text.toString(),
                "--out",
                path("run"),
                "--steps",
                "4",
                "--progress",
                "none");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(
                run.err()
                        .matches("(?s).*looks    5 snapshots of wte.weight, wpe.weight, h.1.attn.c_attn.weight,"
                                + " h.1.mlp.c_fc.weight · at most [0-9.]+ kB in the report.*"),
                run.err());
    }

    @Test
    void none_isNoFileAndNoLine() {
        Run run = run(
                "train",
                "--preset",
                "nano",
                "--data",
                text.toString(),
                "--out",
                path("run"),
                "--steps",
                "2",
                "--snapshots",
                "none");
        assertEquals(0, run.exitCode(), run.err());
        assertFalse(Files.exists(folder.resolve("run/snapshots.jsonl")));
        assertFalse(run.err().contains("looks"), run.err());
    }

    @Test
    void whatCannotBeKept_isRefusedBeforeThereIsAFolder() {
        refused("matches no tensor", "--snapshot-matrices", "h.9.*");
        refused("3 to 200", "--snapshots", "1");
        refused("a number of snapshots, or none", "--snapshots", "often");
        refused("--probe-prompt is empty", "--probe-prompt", "");
        refused(
                "--probe-prompt has characters that are not in the training text: 'Z' (U+005A)",
                "--probe-prompt",
                "Zebra");
        refused("at most 32", "--probe-prompt", "A fox ran over the hill and saw a dog.");
    }

    private void refused(String said, String... flags) {
        String[] command = {"train", "--preset", "nano", "--data", text.toString(), "--out", path("run"), "--steps", "2"
        };
        Run run = run(with(command, flags));
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().contains(said), run.err());
        assertFalse(Files.exists(folder.resolve("run")));
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private Path train(String name, String... flags) {
        String[] command = {"train", "--preset", "nano", "--data", text.toString(), "--out", path(name), "--quiet"};
        Run run = run(with(command, flags));
        assertEquals(0, run.exitCode(), run.err());
        return folder.resolve(name);
    }

    private static Run resume(Path run, String... flags) {
        return run(with(new String[] {"train", "--resume", run.toString(), "--quiet"}, flags));
    }

    private static Run run(String... arguments) {
        return Run.of(arguments);
    }
}
