package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.formats.RawSafetensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.LedgerReport.FileState;

class LedgerTest {
    private static final String TENSOR = "h.1.mlp.c_fc.weight";

    @TempDir
    Path folder;

    @Test
    void verify_untouchedRun_isSound() {
        LedgerReport report = Ledger.verify(LedgeredRun.write(folder));
        assertEquals(List.of(), report.findings());
        assertEquals(List.of(), report.warnings());
        assertEquals(1, report.configurations());
        assertEquals(28, report.tensors().size());
        assertEquals(Set.of(), report.unchangedTensors());
        assertEquals(
                List.of(0, 28, 28, 28, 0, 28),
                report.rows().stream().map(r -> r.changedTensors().size()).toList());
        assertEquals(
                List.of(
                        FileState.NONE,
                        FileState.PRUNED,
                        FileState.KEPT,
                        FileState.KEPT,
                        FileState.KEPT,
                        FileState.KEPT),
                report.rows().stream().map(LedgerReport.Row::file).toList());
        assertEquals(3, report.checkpoints());
    }

    @Test
    void verify_frozenTensors_areNamed() {
        LedgerReport report = Ledger.verify(LedgeredRun.write(folder, "wte.weight", "ln_f.bias"));
        assertEquals(Set.of("wte.weight", "ln_f.bias"), report.unchangedTensors());
        assertTrue(report.sound());
    }

    @Test
    void verify_changedHyperparameter_isShownAndNoFinding() throws IOException {
        try (LedgeredRun run = new LedgeredRun(folder, Set.of())) {
            run.learn(100);
            run.change("optimization.learning_rate", "0.002");
            run.resume(100);
            run.learn(200);
        }
        LedgerReport report = Ledger.verify(folder);
        assertEquals(List.of(), report.findings());
        assertEquals(2, report.configurations());
        LedgerReport.Row change = report.rows().get(2);
        assertFalse(change.sameConfig());
        assertEquals(LedgerEntry.Event.CHANGE, change.entry().event());
        assertTrue(
                change.entry()
                        .changes()
                        .contains(new HyperparameterChange("optimization.learning_rate", "0.01", "0.002")),
                change.entry().changes().toString());
    }

    @Test
    void verify_flippedWeight_namesFileAndTensor() throws IOException {
        LedgeredRun.write(folder);
        Path file = folder.resolve("checkpoints/step-000300.safetensors");
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            long fromEnd = in.entries().get(in.entries().size() - 1).end()
                    - in.entry(TENSOR).begin();
            flip(file, Files.size(file) - fromEnd + 5);
        }
        assertFinding("checkpoints/step-000300.safetensors: tensors that are not those of line 5: " + TENSOR);
    }

    /** An editor who knows the format also corrects what the checkpoint says of itself. */
    @Test
    void verify_weightAndItsFingerprintEdited_isFoundAllTheSame() {
        LedgeredRun.write(folder);
        Path file = folder.resolve("checkpoints/step-000200.safetensors");
        RawSafetensors raw = RawSafetensors.read(file);
        raw.tensors.get(TENSOR).bytes()[9] ^= 1;
        raw.write(file);
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            raw.metadata.put("weights_sha256", Checkpoint.fingerprint(in).whole());
        }
        raw.write(file);
        Checkpoint.readHeader(file);
        assertFinding("checkpoints/step-000200.safetensors: tensors that are not those of line 3: " + TENSOR);
    }

    @Test
    void verify_flippedMoment_isFound() throws IOException {
        LedgeredRun.write(folder);
        Path file = folder.resolve("checkpoints/step-000400.safetensors");
        flip(file, Files.size(file) - 3);
        assertFinding("checkpoints/step-000400.safetensors: its bytes are not those of line 6, although its config and"
                + " its weights are: the optimizer's moments or other metadata were changed");
    }

    @Test
    void verify_checkpointOfOtherSteps_saysBoth() {
        LedgeredRun.write(folder);
        Path file = folder.resolve("checkpoints/step-000400.safetensors");
        RawSafetensors raw = RawSafetensors.read(file);
        raw.metadata.put("tokens_seen", "9");
        raw.write(file);
        assertFinding("checkpoints/step-000400.safetensors: its tokens_seen is 9, that of line 6 is 4000");
    }

    @Test
    void verify_editedConfig_namesKey() throws IOException {
        LedgeredRun.write(folder);
        Path config = folder.resolve("config.json");
        String original = Files.readString(config);
        Files.writeString(config, original.replace("\"seed\" : 1337", "\"seed\" : 1338"));
        assertFinding("config.json: is not the config of line 6: seed was 1337, is 1338");
        // White space is no content.
        Files.writeString(config, original.replace("\n", ""));
        assertTrue(Ledger.verify(folder).sound());
        Files.writeString(config, "{\"seed\":1e999}");
        assertFinding("config.json: is not the config of line 6: ");
        Files.writeString(config, "{");
        assertFinding("config.json: its content is not valid JSON");
        Files.delete(config);
        assertFinding("config.json: is missing");
    }

    @Test
    void verify_editedNumber_namesLine() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> {
            lines.set(2, lines.get(2).replace("\"step\":200", "\"step\":201"));
            return lines;
        });
        assertEquals(
                "ledger.jsonl: line 3 was edited: its content does not have the SHA-256 that it says of itself",
                Ledger.verify(folder).findings().get(0));
    }

    @Test
    void verify_editedWhiteSpace_namesLine() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> {
            lines.set(5, lines.get(5) + " ");
            return lines;
        });
        assertTrue(
                Ledger.verify(folder).findings().get(0).startsWith("ledger.jsonl: line 6 was edited"),
                Ledger.verify(folder).findings().toString());
    }

    @Test
    void verify_editedLineWithItsHash_breaksTheChain() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> {
            lines.set(1, signed(lines.get(1), json -> json.put("tokens", 1)));
            return lines;
        });
        assertFinding("ledger.jsonl: line 2 was rewritten: line 3 follows another one");
    }

    /** A whole chain written anew is consistent with itself, but not with what the checkpoints say they followed. */
    @Test
    void verify_allLinesWrittenAnew_isToldByTheCheckpoints() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> {
            lines.set(1, signed(lines.get(1), json -> json.put("tokens", 1)));
            for (int i = 2; i < lines.size(); i++) {
                String previous = CanonicalJson.sha256(lines.get(i - 1));
                lines.set(i, signed(lines.get(i), json -> json.put("prev_sha256", previous)));
            }
            return lines;
        });
        List<String> findings = Ledger.verify(folder).findings();
        assertEquals(3, findings.size());
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    "checkpoints/" + LedgeredRun.name(200 + 100 * i)
                            + ": it was not written after the line that comes before its own",
                    findings.get(i));
        }
    }

    @Test
    void verify_removedLine_isNamed() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> {
            lines.remove(1);
            return lines;
        });
        assertFinding("ledger.jsonl: line 2 was removed; line 3 stands behind line 1");
    }

    @Test
    void verify_firstLinesRemoved_areNamed() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> lines.subList(2, 6));
        assertFinding("ledger.jsonl: lines 1 to 2 were removed; line 3 stands first");
    }

    /** Only its checkpoint can tell that the last line is gone. */
    @Test
    void verify_lastLineRemoved_isToldByItsCheckpoint() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> lines.subList(0, 5));
        assertFinding("checkpoints/step-000400.safetensors: was written after the last line, and its own is not there");
    }

    @Test
    void verify_swappedLines_areNamed() throws IOException {
        LedgeredRun.write(folder);
        LedgeredRun.editLines(folder, lines -> {
            lines.add(2, lines.remove(1));
            return lines;
        });
        assertEquals(
                List.of(
                        "ledger.jsonl: line 3 stands behind line 1; lines were moved",
                        "ledger.jsonl: line 2 stands behind line 3; lines were moved",
                        "ledger.jsonl: line 4 stands behind line 2; lines were moved"),
                Ledger.verify(folder).findings());
    }

    @Test
    void verify_checkpointOfAnotherRun_isFound() throws IOException {
        LedgeredRun.write(folder);
        Path checkpoints = folder.resolve("checkpoints");
        Files.copy(checkpoints.resolve(LedgeredRun.name(300)), checkpoints.resolve("mine.safetensors"));
        assertFinding("checkpoints/mine.safetensors: no line of the ledger names this file");
    }

    @Test
    void verify_newestCheckpointMissing_isFound() throws IOException {
        LedgeredRun.write(folder);
        Files.delete(folder.resolve("checkpoints/step-000400.safetensors"));
        assertFinding("checkpoints/step-000400.safetensors: is missing, although line 6 says that it is the newest");
        assertEquals(FileState.MISSING, Ledger.verify(folder).rows().get(5).file());
    }

    @Test
    void verify_goingOnFromOtherWeights_isFound() throws IOException {
        try (LedgeredRun run = new LedgeredRun(folder, Set.of())) {
            run.learn(100);
            Checkpoint.Saved other = run.save(101);
            CheckpointHeader header = Checkpoint.readHeader(run.file(100));
            run.ledger.append(LedgerEntry.resume(
                    header,
                    LedgeredRun.name(100),
                    other.weights(),
                    Preset.named("nano").hyperparameters()));
            Files.delete(run.file(101));
        }
        String finding = Ledger.verify(folder).findings().get(0);
        assertTrue(
                finding.startsWith(
                        "ledger.jsonl: line 3 goes on from other weights than line 2 recorded for step 100: h.0.attn"),
                finding);
        assertTrue(finding.endsWith(" and 24 more"), finding);
    }

    @Test
    void verify_configOfALineWithoutAChange_isFound() throws IOException {
        try (LedgeredRun run = new LedgeredRun(folder, Set.of())) {
            run.learn(100);
            run.change("seed", "7");
            run.learn(200);
        }
        assertFinding("ledger.jsonl: the hyperparameters of line 3 are not those of line 2, and no line says that they"
                + " were changed");
    }

    @Test
    void tornLine_isAWarningAndCutByTheNextAppend() throws IOException {
        try (LedgeredRun run = new LedgeredRun(folder, Set.of())) {
            run.learn(100);
            run.learn(200);
            Path file = folder.resolve(Ledger.FILE);
            byte[] whole = Files.readAllBytes(file);
            int kept = whole.length - 700;
            Files.write(file, Arrays.copyOf(whole, kept));

            LedgerReport report = Ledger.verify(folder);
            assertEquals(List.of(), report.findings());
            assertEquals(2, report.warnings().size());
            assertTrue(report.warnings().get(0).startsWith("ledger.jsonl: the last line is incomplete ("));
            assertEquals(
                    "checkpoints/step-000200.safetensors: was written last; the incomplete line is its own",
                    report.warnings().get(1));

            Ledger again = Ledger.open(folder);
            assertTrue(again.tornNote().orElseThrow().contains("the last line is incomplete"));
            assertEquals(report.head(), again.lastSha256());
            LedgerEntry entry = run.ledger.entries().get(1).entry();
            CheckpointHeader header = Checkpoint.readHeader(run.file(200));
            try (SafetensorsReader in = SafetensorsReader.open(run.file(200))) {
                again.append(LedgerEntry.resume(
                        header, LedgeredRun.name(200), Checkpoint.fingerprint(in), header.hyperparameters()));
            }
            assertTrue(again.tornNote().isEmpty());
            assertEquals(entry, again.entries().get(1).entry());
            LedgerReport after = Ledger.verify(folder);
            assertEquals(List.of(), after.findings());
            assertTrue(after.warnings().get(0).contains("line 3 goes on from step 200, for which there is no line"));
        }
    }

    /** Stopped after a checkpoint took the name of an abandoned one: what the old line says no longer counts. */
    @Test
    void verify_rewrittenCheckpointWithoutItsLine_isToldFromAnEdit() throws IOException {
        try (LedgeredRun run = new LedgeredRun(folder, Set.of("ln_f.bias"))) {
            run.learn(100);
            run.learn(200);
            run.change("seed", "7");
            run.resume(100);
            run.save(200);
        }
        assertFinding("checkpoints/step-000200.safetensors: was written after the last line");
    }

    @Test
    void append_afterwards_readsBackAndChains() throws IOException {
        LedgeredRun.write(folder);
        List<LedgerLine> lines = Ledger.open(folder).entries();
        assertEquals(6, lines.size());
        assertEquals(LedgerLine.FIRST, lines.get(0).previous());
        for (int i = 0; i < 6; i++) {
            assertEquals(i + 1, lines.get(i).number());
            assertEquals("2026-01-02T03:04:05Z", lines.get(i).time());
            assertEquals(
                    CanonicalJson.sha256(
                            Files.readAllLines(folder.resolve(Ledger.FILE)).get(i)),
                    lines.get(i).hash());
            if (i > 0) {
                assertEquals(lines.get(i - 1).hash(), lines.get(i).previous());
            }
        }
        assertEquals(lines.get(5).hash(), Ledger.open(folder).lastSha256());
    }

    @Test
    void append_besideAnotherWriter_isRefused() throws IOException {
        LedgeredRun.write(folder);
        Path file = folder.resolve(Ledger.FILE);
        Ledger ledger = Ledger.open(folder);
        LedgerEntry entry = ledger.entries().get(5).entry();
        Files.writeString(file, "x", StandardOpenOption.APPEND);
        byte[] before = Files.readAllBytes(file);
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> ledger.append(entry));
        assertTrue(e.getMessage().contains("something else writes to it"), e.getMessage());
        assertArrayEquals(before, Files.readAllBytes(file));
    }

    @Test
    void verify_noLedger_isRefused() throws IOException {
        assertRefused("has no ledger.jsonl; give the folder of a run");
        Path file = folder.resolve(Ledger.FILE);
        Files.writeString(file, "");
        assertRefused("has no complete line");
        Files.writeString(file, "{\"line\":1}\nnonsense\n");
        assertRefused("none of its lines can be read, first: ledger.jsonl: line 1 is no line of a ledger");
        Files.writeString(file, "{\"sha256\":\"\",\"step\":1e999}\n");
        assertRefused("line 1 was not written by this program: Infinity is not a JSON number");
        Files.writeString(file, "\n".repeat(100_000));
        assertRefused("more than 1000 of its lines cannot be read, first: ledger.jsonl: line 1 is empty");
        Files.write(file, new byte[] {(byte) 0xff, '\n'});
        assertRefused("line 1 is not UTF-8 text");
    }

    @Test
    void read_lineThatLeadsElsewhere_isRefused() throws IOException {
        LedgeredRun.write(folder);
        for (String name : List.of("../secret", "/etc/passwd", "..", ".hidden", "a\\b")) {
            LedgeredRun.editLines(folder, lines -> {
                lines.set(5, signed(lines.get(5), json -> json.put("file", name)));
                return lines;
            });
            String finding = Ledger.verify(folder).findings().get(0);
            assertTrue(finding.contains("line 6 was not written by this program"), finding);
        }
    }

    @Test
    void fingerprint_ofTheFile_isThatOfTheRegistry() {
        try (ParameterRegistry registry = ParameterRegistry.of(
                        Preset.named("nano").hyperparameters().model())
                .allocate()) {
            registry.weights().write(7, new float[] {Float.NaN, -0f, 1e-40f}, 0, 3);
            Path file = folder.resolve("x.safetensors");
            Checkpoint.Facts facts =
                    new Checkpoint.Facts(Preset.named("nano").hyperparameters(), Map.of(), 0, 0, Map.of());
            Checkpoint.Saved saved = Checkpoint.save(file, facts, registry, registry.weights(), registry.weights());
            try (SafetensorsReader in = SafetensorsReader.open(file)) {
                assertEquals(WeightFingerprint.of(registry), Checkpoint.fingerprint(in));
            }
            assertEquals(sha256(file), saved.sha256());
            assertEquals(saved.header().weightsSha256(), saved.weights().whole());
        }
    }

    @Test
    void differences_nameChangedAddedAndRemoved() {
        WeightFingerprint a = new WeightFingerprint("", Map.of("same", "1", "changed", "2", "gone", "3"));
        WeightFingerprint b = new WeightFingerprint("", Map.of("same", "1", "changed", "4", "new", "5"));
        assertEquals(List.of("changed", "gone", "new"), a.differences(b));
        assertEquals(List.of(), a.differences(a));
    }

    private interface Edit {
        void apply(ObjectNode json);
    }

    /** The line edited, with the hash of itself put right. */
    private static String signed(String line, Edit edit) {
        try {
            ObjectNode json = (ObjectNode) new ObjectMapper().readTree(line);
            edit.apply(json);
            json.remove("sha256");
            json.put("sha256", CanonicalJson.sha256(CanonicalJson.write(json)));
            return CanonicalJson.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void flip(Path file, long at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) at] ^= 1;
        Files.write(file, bytes);
    }

    private static String sha256(Path file) {
        try {
            return LedgerLine.hash(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** That this is the one thing that is found. */
    private void assertFinding(String start) {
        List<String> findings = Ledger.verify(folder).findings();
        assertEquals(1, findings.size(), findings.toString());
        assertTrue(findings.get(0).startsWith(start), findings.toString());
    }

    private void assertRefused(String message) {
        BadFileException e = assertThrows(BadFileException.class, () -> Ledger.verify(folder));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
