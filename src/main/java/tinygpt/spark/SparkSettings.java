package tinygpt.spark;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import tinygpt.training.Cluster;
import tinygpt.training.EngineFailedException;

/** What Spark is told, unless the user or spark-submit said otherwise. */
final class SparkSettings {
    /** Where the secret of a cluster is taken from; on a command line everybody on the machine could read it. */
    static final String SECRET = "TINYGPT_SPARK_SECRET";

    private static final int CONNECT_MILLISECONDS = 10_000;

    private final Master master;
    private final SparkConf conf = new SparkConf(true); // with the system properties that spark-submit sets

    private SparkSettings(Cluster.Settings given) {
        given.properties().forEach(conf::set);
        String url = given.master() != null ? given.master() : conf.get("spark.master", "");
        if (url.isEmpty()) {
            throw new IllegalArgumentException("--engine spark needs to know where the cluster is: --master"
                    + " spark://HOST:PORT, or local-cluster[2,1,1024] to try it on this machine");
        }
        master = new Master(url);
        conf.setMaster(url);
    }

    /**
     * The settings of a cluster, checked.
     *
     * @throws IllegalArgumentException if the master cannot be one, or would have to be trusted blindly
     * @throws EngineFailedException if nobody answers there
     */
    static SparkSettings of(Cluster.Settings given) {
        return of(given, System.getenv(SECRET));
    }

    static SparkSettings of(Cluster.Settings given, String secret) {
        quietLoggers();
        SparkSettings settings = new SparkSettings(given);
        settings.secure(secret);
        settings.reach();
        settings.common();
        settings.executors();
        return settings;
    }

    /** Of slf4j-simple, which reads them when a logger is made. */
    private static void quietLoggers() {
        if (System.getenv("TINYGPT_TRACE") == null) {
            for (String name : List.of("org.apache.spark", "org.sparkproject", "org.apache.hadoop", "io.netty")) {
                String key = "org.slf4j.simpleLogger.log." + name;
                if (System.getProperty(key) == null) {
                    System.setProperty(key, "off");
                }
            }
        }
    }

    Master master() {
        return master;
    }

    SparkConf conf() {
        return conf;
    }

    /** Who does not know the secret cannot send code to executors. */
    private void secure(String secret) {
        if (master.isThisMachine()) {
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        }
        if (secret != null && !secret.isEmpty() && !master.isThisProcess()) {
            conf.setIfMissing("spark.authenticate", "true");
            conf.setIfMissing("spark.authenticate.secret", secret);
        }
        if (master.isThisMachine() || conf.contains("spark.authenticate")) {
            return;
        }
        if (master.isStandalone() && !conf.contains("spark.authenticate.secret")) {
            throw new IllegalArgumentException(master.url() + " is on another machine, and without a secret anybody who"
                    + " reaches it can run code there; put the cluster's spark.authenticate.secret into the environment"
                    + " variable " + SECRET + ", or take the risk with --spark-conf spark.authenticate=false");
        }
        conf.set("spark.authenticate", "true");
    }

    /** Spark would try for a minute before it says so. */
    private void reach() {
        IOException failure = null;
        for (String address : master.addresses()) {
            int colon = address.lastIndexOf(':');
            try (Socket socket = new Socket()) {
                int port = Integer.parseInt(address.substring(colon + 1));
                socket.connect(
                        new InetSocketAddress(address.substring(0, Math.max(0, colon)), port), CONNECT_MILLISECONDS);
                return;
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "--master is '" + master.url() + "', where a port is missing: spark://HOST:7077");
            } catch (IOException | IllegalArgumentException e) {
                failure = new IOException(e.getMessage(), e);
            }
        }
        if (failure != null) {
            throw new EngineFailedException(
                    "no Spark master answers at " + master.url() + " (" + failure.getMessage() + ")", failure);
        }
    }

    private void common() {
        conf.setIfMissing("spark.app.name", "tinygpt");
        conf.setIfMissing("spark.extraListeners", ExecutorWatch.class.getName());
        conf.setIfMissing("spark.ui.enabled", "false");
        conf.setIfMissing("spark.ui.retainedJobs", "50"); // a run has thousands
        conf.setIfMissing("spark.ui.retainedStages", "50");
        conf.setIfMissing("spark.ui.retainedTasks", "500");
        conf.setIfMissing("spark.broadcast.compress", "false"); // floats do not become smaller
        conf.setIfMissing("spark.shuffle.compress", "false");
        conf.setIfMissing("spark.rdd.compress", "false");
        conf.setIfMissing("spark.locality.wait", "0");
        conf.setIfMissing("spark.task.maxFailures", "4");
        conf.setIfMissing("spark.driver.maxResultSize", "0"); // gradients; the heap is limit enough
        conf.setIfMissing("spark.network.timeout", "30s"); // an executor that is silent so long is given up
        conf.setIfMissing("spark.network.timeoutInterval", "5s");
        conf.setIfMissing("spark.executor.heartbeatInterval", "5s");
        conf.setIfMissing("spark.shuffle.io.retryWait", "1s");
        // A step waits for its slowest part: after ten seconds and three times the others' time, somebody else tries
        // too.
        conf.setIfMissing("spark.speculation", "true");
        conf.setIfMissing("spark.speculation.multiplier", "3");
        conf.setIfMissing("spark.speculation.quantile", "0.5");
        conf.setIfMissing("spark.speculation.minTaskRuntime", "10s");
        if (System.getenv("TINYGPT_TRACE") == null) {
            conf.setIfMissing("spark.log.level", "OFF"); // what matters is told in lines of our own
        }
    }

    private void executors() {
        conf.setIfMissing("spark.executorEnv.OMP_NUM_THREADS", "1"); // without it oneDNN is not used
        // JavaCPP would allow as much as the heap; what does not fit is refused with a message.
        String options = "-Dorg.bytedeco.javacpp.maxbytes=0 -Dorg.bytedeco.javacpp.maxphysicalbytes=0"
                + " -Dorg.nd4j.log.initialization=false";
        conf.set(
                "spark.executor.extraJavaOptions",
                (options + " " + conf.get("spark.executor.extraJavaOptions", "")).strip());
        if (master.isThisProcess() || !master.isThisMachine()) {
            return;
        }
        // The same machine has the same jars.
        conf.setIfMissing("spark.executor.extraClassPath", classPath());
        if (master.startsExecutorsItself()) {
            master.executorMegabytes().ifPresent(all -> conf.setIfMissing("spark.executor.memory", all + "m"));
            String home = System.getenv("SPARK_HOME");
            if (home == null || !Files.isDirectory(Path.of(home))) {
                throw new IllegalArgumentException(
                        master.url() + " starts executors from the folder SPARK_HOME, and there is none; use"
                                + " scripts/tinygpt-spark, which makes one");
            }
        }
    }

    /** Absolute, because an executor has a working folder of its own. */
    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.isEmpty())
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}
