package tinygpt.hyperparameters;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SynchronizationTest {
    private static final Hyperparameters NANO = Preset.named("nano").hyperparameters();

    private static Synchronization rounds(int localSteps) {
        return new Synchronization(SynchronizationKind.DILOCO, 2, localSteps, 0.7, 0.9);
    }

    @Test
    void withoutRounds_theGroupIsLeftOut_andOneThatIsThereMeansTheSame() {
        assertFalse(NANO.toJson().has("synchronization"));
        assertFalse(NANO.keys().stream().anyMatch(key -> key.group().equals("synchronization")));
        ObjectNode said = NANO.toJson();
        said.putObject("synchronization")
                .put("sync", "step")
                .put("replicas", 1)
                .put("local_steps", 1)
                .put("outer_learning_rate", 0.7)
                .put("outer_momentum", 0.9);
        assertEquals(NANO, Hyperparameters.fromJson(said));
        assertEquals(NANO.sha256(), Hyperparameters.fromJson(said).sha256());
    }

    @Test
    void withRounds_theGroupIsThere_andReadBack() {
        Hyperparameters h = NANO.withSynchronization(rounds(7));
        assertEquals(
                "{\"local_steps\":7,\"outer_learning_rate\":0.7,\"outer_momentum\":0.9,\"replicas\":2,\"sync\":\"diloco\"}",
                CanonicalJson.write(h.toJson().get("synchronization")));
        assertEquals(h, Hyperparameters.fromJson(h.toJson()));
        assertEquals(HyperparameterKey.all(), h.keys());
        assertEquals(2 * NANO.tokensPerStep(), h.tokensPerStep());
    }

    @Test
    void rounds_areOfTheUsualKind_butForWhatIsSaid() {
        assertEquals(
                new Synchronization(SynchronizationKind.DILOCO, 4, 50, 0.7, 0.9),
                NANO.with("synchronization.sync", "diloco").synchronization());
        ObjectNode changes = JsonNodeFactory.instance.objectNode();
        changes.putObject("synchronization").put("sync", "diloco").put("replicas", 2);
        Hyperparameters two = NANO.with(changes);
        assertEquals(new Synchronization(SynchronizationKind.DILOCO, 2, 50, 0.7, 0.9), two.synchronization());
        assertEquals(
                2, two.with("synchronization.sync", "diloco").synchronization().replicas(), "as they were");
        assertEquals(
                2,
                two.with("synchronization.local_steps", "9").synchronization().replicas());
        assertEquals(NANO, two.with("synchronization.sync", "step"));
        String message = assertThrows(
                        InvalidHyperparameterException.class, () -> NANO.with("synchronization.replicas", "2"))
                .getMessage();
        assertEquals(
                "replicas 2 belongs to rounds of local steps; add --sync diloco, or leave --replicas out", message);
    }

    @Test
    void due_isAtTheFirstEndOfARoundAtOrAfterEachMultiple() {
        Synchronization four = rounds(4);
        List<Long> ends = LongStream.rangeClosed(0, 10).map(i -> 4 * i).boxed().toList();
        assertEquals(
                List.of(0L, 8L, 12L, 16L, 20L, 28L, 32L, 36L, 40L),
                ends.stream().filter(step -> four.due(step, 5)).toList());
        assertEquals(ends, ends.stream().filter(step -> four.due(step, 1)).toList());
        assertTrue(four.due(22, 11), "a short last round");
        assertFalse(four.due(21, 10), "20 was the end of the round before");
        for (long step = 0; step < 30; step++) {
            assertEquals(step % 7 == 0, Synchronization.EVERY_STEP.due(step, 7), "step " + step);
            assertEquals(step + 1, Synchronization.EVERY_STEP.roundEnd(step));
        }
        assertEquals(List.of(4L, 4L, 8L), List.of(four.roundEnd(0), four.roundEnd(3), four.roundEnd(4)));
    }
}
