package tinygpt.spark;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The address of who manages a cluster.
 *
 * @param url as Spark takes it
 */
record Master(String url) {
    private static final String STANDALONE = "spark://";
    private static final Pattern THREADS = Pattern.compile("local(\\[(\\d{1,6}|\\*)(\\s*,\\s*\\d{1,6})?])?");
    private static final Pattern EXECUTORS =
            Pattern.compile("local-cluster\\[\\s*(\\d{1,6})\\s*,\\s*(\\d{1,6})\\s*,\\s*(\\d{1,9})\\s*]");

    /** Refuses what Spark would refuse with less help. */
    Master {
        boolean known = Stream.of(STANDALONE, "k8s://").anyMatch(url::startsWith)
                || THREADS.matcher(url).matches()
                || EXECUTORS.matcher(url).matches()
                || url.equals("yarn");
        if (!known) {
            throw new IllegalArgumentException("--master is '" + url + "'; it takes spark://HOST:PORT, yarn, k8s://URL,"
                    + " local[THREADS] or local-cluster[EXECUTORS,CORES,MEGABYTES]");
        }
    }

    /** Whether tasks run in this very process. */
    boolean isThisProcess() {
        return THREADS.matcher(url).matches();
    }

    /** Whether the executors are children of this process. */
    boolean startsExecutorsItself() {
        return EXECUTORS.matcher(url).matches();
    }

    /** How many executors the address itself asks for. */
    OptionalInt executors() {
        return number(1);
    }

    /** Megabytes of the heap of each of them. */
    OptionalInt executorMegabytes() {
        return number(3);
    }

    private OptionalInt number(int group) {
        Matcher matcher = EXECUTORS.matcher(url);
        return matcher.matches() ? OptionalInt.of(Integer.parseInt(matcher.group(group))) : OptionalInt.empty();
    }

    /** What a user writes to give executors so many gigabytes of heap. */
    String moreExecutorHeap(long gigabytes) {
        if (isThisProcess()) {
            return "TINYGPT_JAVA_OPTS=-Xmx" + gigabytes + "g: tasks run in this process";
        }
        Matcher matcher = EXECUTORS.matcher(url);
        return matcher.matches()
                ? "--master local-cluster[" + matcher.group(1) + "," + matcher.group(2) + "," + 1024 * gigabytes + "]"
                : "--spark-conf spark.executor.memory=" + gigabytes + "g";
    }

    /** Whether nobody on another machine can be reached, or reach us. */
    boolean isThisMachine() {
        return isThisProcess()
                || startsExecutorsItself()
                || isStandalone() && hosts().stream().allMatch(Master::isLoopback);
    }

    boolean isStandalone() {
        return url.startsWith(STANDALONE);
    }

    /** Whether the manager hands a secret of its own to everybody who belongs to an application. */
    boolean makesSecrets() {
        return url.equals("yarn") || url.startsWith("k8s://");
    }

    /** HOST:PORT of a standalone master, of several if they stand in for each other. */
    List<String> addresses() {
        return isStandalone() ? List.of(url.substring(STANDALONE.length()).split(",")) : List.of();
    }

    private List<String> hosts() {
        return addresses().stream()
                .map(address -> address.replaceFirst(":\\d+$", ""))
                .toList();
    }

    private static boolean isLoopback(String host) {
        if (host.toLowerCase(Locale.ROOT).equals("localhost")) {
            return true;
        }
        try {
            // Numbers only: what a name means is somebody else's to say.
            return host.matches("[\\[\\]0-9a-fA-F.:]+")
                    && InetAddress.getByName(host.replaceAll("[\\[\\]]", "")).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
