package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import tinygpt.training.Compute;
import tinygpt.training.EngineFailedException;
import tinygpt.training.Trainer;

/** Spark ends by itself when it is interrupted or refused, at any moment of a step. */
class EndedConnectionTest {
    @Test
    void stepAfterTheEnd_saysSo_andLeavesTheWeights() {
        try (SparkCluster cluster = Clusters.threads(1, 1);
                Trainer trainer = new Trainer(
                        LearnedRun.small(4, "adaptation.trainable", "kind:attention"),
                        LearnedRun.CORPUS,
                        new Compute(1, cluster.engines()))) {
            trainer.step();
            float[] before = LearnedRun.floats(trainer.registry().weights());
            cluster.context().stop();

            EngineFailedException e = assertThrows(EngineFailedException.class, trainer::step);
            assertEquals("the connection to local[1,1] has ended", e.getMessage());
            assertArrayEquals(before, LearnedRun.floats(trainer.registry().weights()));
        }
    }

    @Test
    void executorsOfAnEndedConnection_areNotWaitedFor() {
        try (SparkCluster cluster = Clusters.threads(1, 1)) {
            cluster.context().stop();
            assertThrows(EngineFailedException.class, cluster::giveUpIfAlone);
        }
    }
}
