package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;

class RunStateTest {
    private static final int STEPS = 6;

    @TempDir
    static Path shared;

    @TempDir
    Path own;

    private static JsonNode finished;

    @BeforeAll
    static void train() throws IOException {
        finished = new RunState(ReportedRun.write(shared.resolve("finished"), STEPS)).read(false);
    }

    @Test
    void finishedRun_isDescribed() {
        JsonNode run = finished.path("run");
        assertEquals("finished", run.path("status").textValue());
        assertEquals(STEPS, run.path("stepsDone").intValue());
        assertEquals("finished text.txt", run.path("data").textValue());
        assertEquals("character", run.path("tokenizer").textValue());
        assertEquals(
                Math.log(run.path("vocabulary").intValue()),
                finished.path("uniformLoss").doubleValue());
        assertEquals("finished", finished.path("name").textValue());
        assertTrue(run.path("note").isNull());
    }

    @Test
    void parameters_addUp() {
        JsonNode parameters = finished.path("parameters");
        long ofKinds = 0;
        for (JsonNode kind : parameters.path("kinds")) {
            ofKinds += kind.path("count").longValue();
            assertTrue(kind.path("moved").doubleValue() > 0, kind.toString());
        }
        long ofTensors = 0;
        for (JsonNode one : parameters.path("list")) {
            ofTensors += one.path("count").longValue();
        }
        assertEquals(parameters.path("total").longValue(), ofKinds);
        assertEquals(parameters.path("total").longValue(), ofTensors);
        assertEquals(
                parameters.path("tensors").intValue(), parameters.path("list").size());
        assertEquals(
                "lm_head.weight", parameters.path("list").get(0).path("tied").textValue());
        assertFalse(parameters.path("firstSha256").equals(parameters.path("lastSha256")));
    }

    @Test
    void ledger_showsWhatStayedAndWhatMoved() {
        JsonNode ledger = finished.path("ledger");
        assertTrue(ledger.path("intact").booleanValue());
        assertTrue(ledger.path("verdict").textValue().startsWith("One set of hyperparameters throughout; training"));
        JsonNode lines = ledger.path("lines");
        assertTrue(lines.get(0).path("changed").isNull());
        for (int i = 1; i < lines.size(); i++) {
            assertTrue(lines.get(i).path("sameConfig").booleanValue());
            assertEquals(lines.get(i).path("of"), lines.get(i).path("changed"), "all tensors are new");
            assertTrue(lines.get(i).path("step").longValue()
                    > lines.get(i - 1).path("step").longValue());
        }
    }

    @Test
    void metrics_haveOnePointAStepAndOneBest() {
        JsonNode metrics = finished.path("metrics");
        assertEquals(STEPS, metrics.path("step").size());
        assertEquals(STEPS, BinaryArray.readF32(metrics.path("loss")).length);
        int best = 0;
        for (JsonNode one : metrics.path("evaluations")) {
            best += one.path("best").booleanValue() ? 1 : 0;
        }
        assertEquals(1, best);
        assertEquals(4, metrics.path("evaluations").size());
    }

    @Test
    void runningMean_isCorrectedForItsStart() throws IOException {
        Path file = own.resolve("metrics.jsonl");
        Files.writeString(file, "{\"step\":1,\"loss\":4.0}\n{\"step\":2,\"loss\":2.0}\n{\"step\":3,\"loss\":");
        JsonNode metrics = MetricsState.read(file).json();
        assertArrayEquals(
                new float[] {4, (float) ((0.9 * 0.1 * 4 + 0.1 * 2) / 0.19)},
                BinaryArray.readF32(metrics.path("loss_mean")),
                1e-6f);
        assertEquals("[1,2]", metrics.path("step").toString(), "the torn line is left out");
    }

    @Test
    void longRun_isThinnedAndKeepsSpikesAndWhatIsNoNumber() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= 20_000; step++) {
            String loss = step == 7_777 ? "null" : step == 12_345 ? "9.5" : "2." + step % 10;
            lines.append("{\"step\":")
                    .append(step)
                    .append(",\"loss\":")
                    .append(loss)
                    .append("}\n");
        }
        Path file = own.resolve("metrics.jsonl");
        Files.writeString(file, lines);
        JsonNode metrics = MetricsState.read(file).json();
        List<Integer> kept = new java.util.ArrayList<>();
        metrics.path("step").forEach(step -> kept.add(step.intValue()));
        assertTrue(kept.size() <= 1500, kept.size() + " points");
        assertTrue(kept.containsAll(List.of(1, 7_777, 12_345, 20_000)));
    }

    @Test
    void longHealth_keepsTheFirstStepsAndTheLast() {
        BitSet columns = HealthState.columns(5_000);
        assertEquals(300, columns.cardinality());
        assertEquals(40, columns.nextClearBit(0));
        assertEquals(4_999, columns.length() - 1);
        assertEquals(300, HealthState.columns(300).cardinality());
        assertEquals(0, HealthState.columns(-1).cardinality());
    }

    @Test
    void samples_keepTheirEmptyLines() {
        JsonNode samples = finished.path("samples");
        assertEquals(4, samples.size());
        assertEquals(
                "sample of step 0\n\n" + ReportedRun.HOSTILE,
                samples.get(0).path("text").textValue());
    }

    @Test
    void snapshots_areMergedIn() {
        assertTrue(finished.path("snapshots").size() >= 3);
        assertEquals(
                finished.path("parameters").path("tensors").intValue(),
                finished.path("histograms").size());
        assertTrue(finished.path("probe").isObject());
    }

    @Test
    void divergedRun_saysSoAndKeepsTheGap() throws IOException {
        Path folder = ReportedRun.diverge(ReportedRun.write(own.resolve("run"), 3), 4);
        JsonNode state = new RunState(folder).read(false);
        assertEquals("diverged", state.path("run").path("status").textValue());
        float[] loss = BinaryArray.readF32(state.path("metrics").path("loss"));
        assertEquals(4, loss.length);
        assertTrue(Float.isNaN(loss[3]));
    }

    @Test
    void runWhoseEvaluationFailed_hasDiverged_afterTheStepThatItTook() throws IOException {
        Path folder = ReportedRun.write(own.resolve("run"), 9, 2, ReportedRun.noSnapshots());
        Path log = folder.resolve("metrics.jsonl");
        String failed =
                "{\"step\":2,\"wall\":1.5,\"tokens\":99,\"val_loss\":null,\"val_stderr\":null,\"best\":false}\n";
        ReportedRun.append(log, failed);
        JsonNode run = new RunState(folder).read(false).path("run");
        assertEquals("diverged", run.path("status").textValue());
        assertEquals(2, run.path("stepsDone").intValue());
        assertTrue(ReportPage.html(new RunState(folder).read(false)).contains("this run diverged"));

        // Steps that were taken after it: it was tried again.
        ReportedRun.append(log, "{\"step\":3,\"wall\":2.5,\"tokens\":120,\"loss\":2.5,\"grad_norm\":1}\n");
        assertEquals(
                "stopped",
                new RunState(folder).read(false).path("run").path("status").textValue());
    }

    @Test
    void stoppedRun_isStopped_andRunningIfLive() throws IOException {
        Path folder = ReportedRun.write(own.resolve("run"), 9, 2, ReportedRun.noSnapshots());
        assertEquals(
                "stopped",
                new RunState(folder).read(false).path("run").path("status").textValue());
        JsonNode live = new RunState(folder).read(true);
        assertEquals("running", live.path("run").path("status").textValue());
        assertTrue(live.path("live").booleanValue());
        assertEquals(0, live.path("snapshots").size());
        assertTrue(live.path("probe").isNull());
    }

    @Test
    void untrainedRun_hasOneStateAndNoSteps() throws IOException {
        JsonNode state = new RunState(ReportedRun.write(own.resolve("run"), 0)).read(false);
        assertEquals(0, state.path("run").path("stepsDone").intValue());
        assertEquals(0, state.path("metrics").path("step").size());
        assertEquals(0, state.path("health").path("step").size());
        assertTrue(state.path("parameters").path("kinds").get(0).path("moved").isNull());
    }

    @Test
    void killedBeforeTheFirstCheckpoint_needsTheConfigOnly() throws IOException {
        Path folder = Files.createDirectory(own.resolve("run"));
        Files.copy(shared.resolve("finished/config.json"), folder.resolve("config.json"));
        JsonNode state = new RunState(folder).read(false);
        assertEquals("stopped", state.path("run").path("status").textValue());
        assertFalse(state.path("ledger").path("intact").booleanValue());
        assertNull(state.path("run").path("data").textValue());
    }

    @Test
    void editedConfig_isInTheVerdict() throws IOException {
        Path folder = ReportedRun.write(own.resolve("run"), 1);
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"seed\" : 1337", "\"seed\" : 7"));
        JsonNode ledger = new RunState(folder).read(false).path("ledger");
        assertFalse(ledger.path("intact").booleanValue());
        assertTrue(ledger.path("verdict").textValue().contains("config.json"), ledger.toString());
    }

    @Test
    void otherFolder_isRefused() {
        BadFileException e = assertThrows(BadFileException.class, () -> new RunState(own).read(false));
        assertTrue(e.getMessage().contains("is not the folder of a run"), e.getMessage());
    }

    @Test
    void damagedLog_isNamed() throws IOException {
        Path folder = ReportedRun.write(own.resolve("run"), 1);
        ReportedRun.append(folder.resolve("metrics.jsonl"), "{oops\n");
        BadFileException e = assertThrows(BadFileException.class, () -> new RunState(folder).read(false));
        assertTrue(e.getMessage().contains("metrics.jsonl"), e.getMessage());
    }
}
