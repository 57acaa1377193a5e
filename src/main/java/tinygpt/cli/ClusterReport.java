package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import tinygpt.bench.ClusterCost;
import tinygpt.bench.ScalingModel;
import tinygpt.hyperparameters.Hyperparameters;

/** What a cluster costs, for people and as JSON, and what that would mean for larger ones. */
final class ClusterReport {
    private static final double[] SIZES = {1e5, 1e6, 1e7, 1.24e8};
    private static final int[] WORKERS = {2, 4, 8};
    private static final int TOKENS = 4096;
    private static final int ROUND = 50;
    private static final double MEGA = 1e6;
    private static final double GIGA = 1e9;

    private final String title;
    private final ClusterCost.Result r;

    ClusterReport(String title, ClusterCost.Result result) {
        this.title = title;
        this.r = result;
    }

    /** Networks by name, in bytes a second that a connection carries of ours. */
    private enum Network {
        ONE("1 Gbit/s", 0.118e9),
        TEN("10 Gbit/s", 1.18e9);

        private final String label;
        private final double bytesPerSecond;

        Network(String label, double bytesPerSecond) {
            this.label = label;
            this.bytesPerSecond = bytesPerSecond;
        }
    }

    String text() {
        String end = System.lineSeparator();
        Hyperparameters h = r.hyperparameters();
        StringBuilder text =
                new StringBuilder(title + ": " + Show.shortCount(r.parameters()) + " parameters · batch of "
                        + h.data().batchSize() + " × " + h.model().contextLength() + " tokens in "
                        + h.data().shards() + " shards" + end + r.cluster() + end + end);
        BenchReport.line(
                text,
                "Synchronisation",
                BenchReport.ms(r.empty().median()) + "   of nothing: "
                        + BenchReport.spread(r.empty()).replace("steps", "times"));
        BenchReport.line(
                text, "Step, cluster", BenchReport.ms(r.step().median()) + "   " + BenchReport.spread(r.step()));
        BenchReport.line(text, "  computing", BenchReport.ms(r.computing().median()) + "   the slowest executor");
        BenchReport.line(text, "  all else", BenchReport.ms(r.overheadMs()) + "   sending, waiting, sum, AdamW");
        BenchReport.line(
                text,
                "Step, here",
                BenchReport.ms(r.local().median()) + "   " + Show.counted(r.threads(), "thread")
                        + ", in turns with it");
        BenchReport.line(text, "Ratio", Show.decimals(r.ratio(), 2) + " of the medians, cluster to here");
        BenchReport.line(
                text,
                "Bytes a step",
                Show.bytes(r.exchange().weightBytes()) + " of weights to each executor, "
                        + Show.bytes(r.exchange().gradientBytes()) + " of gradients back in "
                        + Show.counted(r.exchange().blocks(), "block"));
        text.append(end);
        if (r.hyperparameters().data().shards() < 2) {
            return text.toString();
        }
        table(text, end);
        return text.toString();
    }

    private void table(StringBuilder text, String end) {
        ScalingModel model = r.model();
        text.append("A MODEL, not a measurement: efficiency with ")
                .append(Show.count(TOKENS))
                .append(" tokens for each worker and step,")
                .append(end)
                .append("from the latency above, ")
                .append(Show.decimals(model.serialisation() / MEGA, 0))
                .append(" MB/s between processes and ")
                .append(Show.decimals(model.rate() / GIGA, 0))
                .append(" GFLOP/s a worker as measured")
                .append(end)
                .append("here, and networks as named. ")
                .append("Workers on one machine share it: no speed-up is shown by that.")
                .append(end)
                .append(end)
                .append(Text.left("parameters", 12))
                .append(Text.left("network", 12));
        for (int workers : WORKERS) {
            text.append(Text.right(workers + " workers", 11));
        }
        text.append(Text.right("8, DiLoCo " + ROUND, 16)).append(end);
        for (double size : SIZES) {
            for (Network network : Network.values()) {
                text.append(Text.left(Show.shortCount(Math.round(size)), 12)).append(Text.left(network.label, 12));
                for (int workers : WORKERS) {
                    text.append(
                            Text.right(percent(model.ofEveryStep(size, TOKENS, network.bytesPerSecond, workers)), 11));
                }
                text.append(Text.right(percent(model.ofRounds(size, TOKENS, network.bytesPerSecond, 8, ROUND)), 16))
                        .append(end);
            }
        }
    }

    private static String percent(double part) {
        return Math.round(100 * part) + " %";
    }

    String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("model", title);
        root.put("cluster", r.cluster());
        root.set("hyperparameters", r.hyperparameters().toJson());
        root.put("parameters", r.parameters());
        BenchReport.spread(root.putObject("empty_synchronisation"), r.empty(), "ms");
        BenchReport.spread(root.putObject("cluster_step"), r.step(), "ms");
        BenchReport.spread(root.putObject("computing"), r.computing(), "ms");
        ObjectNode local = BenchReport.spread(root.putObject("local_step"), r.local(), "ms");
        local.put("threads", r.threads());
        root.put("ratio_of_medians", r.ratio());
        root.put("weight_bytes_to_each_executor", r.exchange().weightBytes());
        root.put("gradient_bytes", r.exchange().gradientBytes());
        root.put("blocks", r.exchange().blocks());
        ScalingModel model = r.model();
        ObjectNode scaling = root.putObject("scaling_model");
        scaling.put("measured", false);
        scaling.put("latency_seconds", model.latency());
        scaling.put("bytes_per_second_between_processes", model.serialisation());
        scaling.put("flops_per_second_of_a_worker", model.rate());
        scaling.put("tokens_of_a_worker_and_step", TOKENS);
        ArrayNode rows = scaling.putArray("efficiency");
        for (double size : SIZES) {
            for (Network network : Network.values()) {
                ObjectNode row = rows.addObject();
                row.put("parameters", size);
                row.put("network_bytes_per_second", network.bytesPerSecond);
                for (int workers : WORKERS) {
                    row.put(workers + "_workers", model.ofEveryStep(size, TOKENS, network.bytesPerSecond, workers));
                }
                row.put("8_workers_diloco_" + ROUND, model.ofRounds(size, TOKENS, network.bytesPerSecond, 8, ROUND));
            }
        }
        BenchReport.machine(root.putObject("machine"), r.machine());
        return Json.pretty(root);
    }
}
