package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.runs.LedgeredRun;

class LedgerCommandTest {
    @TempDir
    Path folder;

    @Test
    void untouchedRun_isShownAndVerified() {
        LedgeredRun.write(folder);
        Run run = Run.of("ledger", folder.toString());
        assertEquals(0, run.exitCode());
        assertEquals("", run.err());
        List<String> lines = run.lines();
        assertTrue(lines.get(0).startsWith(folder + "   SHA-256 of config and weights"), lines.get(0));
        assertEquals("line  event       step  tokens  config        weights        changed  file", lines.get(2));
        assertTrue(lines.get(3).matches("   1  start          0       0  [0-9a-f]{12}  [0-9a-f]{12}         -  -"));
        assertTrue(
                lines.get(4).matches("   2  checkpoint   100   1,000  same          [0-9a-f]{12} +28 of 28  pruned"));
        assertTrue(lines.get(7).matches("   5  resume       300   3,000  same          [0-9a-f]{12} +0 of 28  kept"));
        assertTrue(run.out()
                .contains("\n\nverified: 6 lines, 3 checkpoint files and config.json are as they were written\n"
                        + "hyperparameters: 1 configuration throughout; parameters: all 28 tensors changed\n"
                        + "SHA-256 of the last line: "));
        assertTrue(lines.stream().skip(1).allMatch(line -> line.length() <= 90), run.out());
    }

    @Test
    void frozenTensors_areNamed() {
        LedgeredRun.write(folder, "wte.weight", "wpe.weight");
        Run run = Run.of("ledger", folder.toString(), "--tensors");
        assertEquals(0, run.exitCode());
        assertTrue(
                run.out().contains("parameters: 26 of 28 tensors changed\nnever changed: wpe.weight, wte.weight\n"),
                run.out());
        String embedding = run.lines().stream()
                .filter(line -> line.startsWith("wte.weight"))
                .findFirst()
                .orElseThrow();
        assertTrue(embedding.matches("wte.weight +0 of 5  ([0-9a-f]{12})  +\\1"), embedding);
    }

    @Test
    void json_holdsEverything() throws IOException {
        LedgeredRun.write(folder, "wte.weight");
        Run run = Run.of("ledger", folder.toString(), "--format=json", "--tensors");
        assertEquals(0, run.exitCode());
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertTrue(json.get("sound").booleanValue());
        assertEquals(6, json.get("lines").size());
        assertEquals(28, json.get("by_tensor").size());
        assertEquals("wte.weight", json.get("never_changed").get(0).textValue());
        assertEquals("pruned", json.get("lines").get(1).get("file_state").textValue());
        assertEquals(27, json.get("lines").get(1).get("tensors_changed").intValue());
    }

    @Test
    void editedLine_isFailureAndNamed() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> {
            lines.set(3, lines.get(3).replace("\"tokens\":3000", "\"tokens\":3001"));
            return lines;
        });
        Run run = Run.of("ledger", folder.toString());
        assertEquals(1, run.exitCode());
        assertTrue(run.out().contains("found 1 difference:\n  ledger.jsonl: line 4 was edited"), run.out());
        assertFalse(run.out().contains("verified"));
        JsonNode json = new ObjectMapper()
                .readTree(Run.of("ledger", folder.toString(), "--format=json").out());
        assertFalse(json.get("sound").booleanValue());
        assertEquals(1, json.get("findings").size());
    }

    @Test
    void editedWeightAndConfig_areFailuresAndNamed() throws IOException {
        LedgeredRun.write(folder);
        Path checkpoint = folder.resolve("checkpoints/step-000200.safetensors");
        byte[] bytes = Files.readAllBytes(checkpoint);
        int header = bytes[0] & 0xff | (bytes[1] & 0xff) << 8 | (bytes[2] & 0xff) << 16;
        bytes[8 + header] ^= 1;
        Files.write(checkpoint, bytes);
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"layers\" : 2", "\"layers\" : 3"));
        Run run = Run.of("ledger", folder.toString());
        assertEquals(1, run.exitCode());
        assertTrue(run.out().contains("found 2 differences:\n"), run.out());
        assertTrue(
                run.out()
                        .contains("  checkpoints/step-000200.safetensors: tensors that are not those of line 3:"
                                + " wte.weight\n"),
                run.out());
        assertTrue(
                run.out().contains("  config.json: is not the config of line 6: model.layers was 2, is 3\n"),
                run.out());
        assertTrue(run.out().contains("  DIFFERENT\n"), run.out());
    }

    @Test
    void tornLine_isAWarningOnly() throws IOException {
        LedgeredRun.write(folder);
        Path file = folder.resolve("ledger.jsonl");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 1));
        Run run = Run.of("ledger", folder.toString());
        assertEquals(0, run.exitCode());
        assertTrue(run.out().contains("\nwarning: ledger.jsonl: the last line is incomplete ("), run.out());
    }

    @Test
    void noLedger_isBadData() {
        Run run = Run.of("ledger", folder.toString());
        assertEquals(3, run.exitCode());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("tinygpt: error: " + folder + ": has no ledger.jsonl"), run.err());
    }

    @Test
    void help_saysWhatIsNoHyperparameter() {
        Run run = Run.of("ledger", "--help");
        assertEquals(0, run.exitCode());
        String text = run.out().replaceAll("\\s+", " ");
        assertTrue(text.contains("its schedule is the hyperparameter"), text);
        assertTrue(text.contains("number of threads are no hyperparameters"), text);
        assertTrue(text.contains("Going on with another config is allowed"), text);
    }

    @Test
    void plainTerminal_showsChangesInAscii() throws IOException {
        LedgeredRun.writeWithChange(folder);
        Run run = Run.in(StandardCharsets.US_ASCII, "ledger", folder.toString());
        assertEquals(0, run.exitCode());
        assertTrue(run.out().contains("\n      CHANGED: optimization.weight_decay 0.1 -> 0.2\n"), run.out());
        assertTrue(run.out().contains("hyperparameters: 2 configurations, see CHANGED; "), run.out());
    }
}
