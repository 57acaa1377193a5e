package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.training.Cluster;
import tinygpt.training.EngineFailedException;

/** Where a cluster may be, and what it takes to trust it. */
class SparkSettingsTest {
    private static SparkSettings settings(String master, Map<String, String> properties, String secret) {
        return SparkSettings.of(new Cluster.Settings(master, properties, note -> {}), secret);
    }

    private static String refusal(String master, Map<String, String> properties) {
        return assertThrows(IllegalArgumentException.class, () -> settings(master, properties, null))
                .getMessage();
    }

    @ParameterizedTest
    @CsvSource({
        "local, true",
        "'local[4]', true",
        "'local-cluster[2,1,1024]', true",
        "spark://127.0.0.1:7077, true",
        "spark://localhost:7077, true",
        "'spark://[::1]:7077', true",
        "spark://127.0.0.1:7077 , true",
        "'spark://127.0.0.1:7077,10.0.0.2:7077', false",
        "spark://10.0.0.1:7077, false",
        "spark://127.example.org:7077, false",
        "yarn, false",
        "k8s://https://host:443, false"
    })
    void master_isOnThisMachine_orNot(String url, boolean here) {
        assertEquals(here, new Master(url).isThisMachine());
    }

    @Test
    void localCluster_saysHowManyExecutorsItHas() {
        assertEquals(3, new Master("local-cluster[3, 1, 1024]").executors().orElse(0));
        assertTrue(new Master("spark://127.0.0.1:7077").executors().isEmpty());
        assertEquals(
                2048, new Master("local-cluster[3,1,2048]").executorMegabytes().orElse(0));
    }

    @ParameterizedTest
    @CsvSource({
        "'local[2]', TINYGPT_JAVA_OPTS=-Xmx3g: tasks run in this process",
        "'local-cluster[2, 1, 1024]', '--master local-cluster[2,1,3072]'",
        "spark://127.0.0.1:7077, --spark-conf spark.executor.memory=3g"
    })
    void moreHeap_isWhatTheMasterTakes(String url, String words) {
        assertEquals(words, new Master(url).moreExecutorHeap(3));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "local[",
                "local[x]",
                "local-clusters",
                "local-cluster[2,1]",
                "localhost:7077",
                "http://host:7077",
                "mesos://host"
            })
    void masterThatSparkDoesNotKnow_isRefused(String url) {
        assertThrows(IllegalArgumentException.class, () -> new Master(url));
    }

    @Test
    void noMaster_isRefused_withAnExample() {
        assertTrue(refusal(null, Map.of()).contains("--master spark://HOST:PORT"));
    }

    @Test
    void masterWithoutPort_isRefused() {
        assertTrue(refusal("spark://127.0.0.1", Map.of()).contains("a port is missing"));
    }

    @Test
    void masterThatDoesNotAnswer_isSaidAtOnce() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        EngineFailedException e =
                assertThrows(EngineFailedException.class, () -> settings("spark://127.0.0.1:" + port, Map.of(), null));
        assertTrue(e.getMessage().startsWith("no Spark master answers at spark://127.0.0.1:" + port), e.getMessage());
    }

    @Test
    void anotherMachine_needsASecret() {
        String message = refusal("spark://192.0.2.1:7077", Map.of());
        assertTrue(message.contains("anybody who reaches it can run code there"), message);
        assertTrue(message.contains("TINYGPT_SPARK_SECRET"), message);
    }

    /** Yarn and Kubernetes make a secret for each application. */
    @Test
    void managersThatMakeSecrets_areAuthenticated() {
        assertEquals("true", settings("yarn", Map.of(), null).conf().get("spark.authenticate"));
        assertEquals(
                "false",
                settings("yarn", Map.of("spark.authenticate", "false"), null)
                        .conf()
                        .get("spark.authenticate"));
    }

    @Test
    void secret_isUsedWhereThereIsOne() throws IOException {
        try (ServerSocket master = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            SparkConf conf = settings("spark://127.0.0.1:" + master.getLocalPort(), Map.of(), "abc")
                    .conf();
            assertEquals("true", conf.get("spark.authenticate"));
            assertEquals("abc", conf.get("spark.authenticate.secret"));
            assertEquals("127.0.0.1", conf.get("spark.driver.bindAddress"));
        }
    }

    @Test
    void threads_needNoSecret_andListenToThisMachineOnly() {
        SparkConf conf = settings("local[2]", Map.of(), null).conf();
        assertFalse(conf.contains("spark.authenticate"));
        assertEquals("127.0.0.1", conf.get("spark.driver.host"));
    }

    @Test
    void whatTheUserSays_wins() {
        SparkConf conf = settings(
                        "local",
                        Map.of("spark.network.timeout", "300s", "spark.executor.extraJavaOptions", "-Xss2m"),
                        null)
                .conf();
        assertEquals("300s", conf.get("spark.network.timeout"));
        assertTrue(conf.get("spark.executor.extraJavaOptions").endsWith(" -Xss2m"));
        assertEquals("1", conf.get("spark.executorEnv.OMP_NUM_THREADS"));
    }
}
