package tinygpt.metrics;

import java.util.Arrays;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;

/**
 * The hyperparameters for TensorBoard: as a table in Markdown, and as what its HParams page wants to know.
 *
 * <p>Design: the page reads three messages {@code HParamsPluginData} (version 1, which is 0, and one of experiment 2,
 * session_start_info 3, session_end_info 4): what there is to compare, the values of this run, and how it ended. Numbers
 * from TensorBoard's {@code plugins/hparams/plugin_data.proto} and {@code api.proto}.
 */
final class HyperparameterSummary {
    private static final int EXPERIMENT = 2;
    private static final int SESSION_START = 3;
    private static final int SESSION_END = 4;
    private static final int STRING = 1;
    private static final int BOOLEAN = 2;
    private static final int FLOAT64 = 3;
    private static final int TRAINING = 1;
    private static final int VALIDATION = 2;
    private static final int SUCCESS = 1;

    private final Hyperparameters hyperparameters;

    HyperparameterSummary(Hyperparameters hyperparameters) {
        this.hyperparameters = hyperparameters;
    }

    /** A row for every hyperparameter. */
    String markdown() {
        StringBuilder table = new StringBuilder("| hyperparameter | value | what it is |\n|---|---|---|\n");
        for (HyperparameterKey key : hyperparameters.keys()) {
            // As code, since a selector like h.*.mlp.* would be read as emphasis.
            String value = value(key).replace("|", "\\|");
            table.append("| ").append(key.path()).append(" | ").append(value.isEmpty() ? "" : "`" + value + "`");
            table.append(" | ").append(key.description()).append(" |\n");
        }
        return table.toString();
    }

    /** The columns of the page: every hyperparameter, and the two losses. */
    byte[] experiment(double wallSeconds) {
        ProtoBuffer out = new ProtoBuffer();
        int experiment = out.begin(EXPERIMENT);
        out.number(3, wallSeconds);
        for (HyperparameterKey key : hyperparameters.keys()) {
            int info = out.begin(4);
            out.string(1, key.path()).string(3, key.description()).integer(4, type(key));
            out.end(info);
        }
        metric(out, TensorBoardLog.TRAIN_LOSS, TRAINING);
        metric(out, TensorBoardLog.VALIDATION_LOSS, VALIDATION);
        out.end(experiment);
        return message(out);
    }

    /** The values; runs of the same hyperparameters are one group. */
    byte[] sessionStart(double wallSeconds) {
        ProtoBuffer out = new ProtoBuffer();
        int session = out.begin(SESSION_START);
        for (HyperparameterKey key : hyperparameters.keys()) {
            int entry = out.begin(1);
            out.string(1, key.path());
            int value = out.begin(2);
            switch (type(key)) {
                case FLOAT64 -> out.number(2, ((Number) hyperparameters.valueOf(key)).doubleValue());
                case BOOLEAN -> out.flag(4, (Boolean) hyperparameters.valueOf(key));
                default -> out.string(3, value(key));
            }
            out.end(value);
            out.end(entry);
        }
        out.string(4, hyperparameters.sha256()).number(5, wallSeconds);
        out.end(session);
        return message(out);
    }

    /**
     * The end of a session.
     *
     * @param complete whether all steps were done; otherwise its status is unknown, since it may be continued
     */
    static byte[] sessionEnd(boolean complete, double wallSeconds) {
        ProtoBuffer out = new ProtoBuffer();
        int session = out.begin(SESSION_END);
        out.integer(1, complete ? SUCCESS : 0).number(2, wallSeconds);
        out.end(session);
        return message(out);
    }

    private static void metric(ProtoBuffer out, String tag, int dataset) {
        int info = out.begin(5);
        int name = out.begin(1);
        out.string(2, tag);
        out.end(name);
        out.integer(5, dataset);
        out.end(info);
    }

    private static int type(HyperparameterKey key) {
        return key.type().isEnum() || key.type() == String.class
                ? STRING
                : key.type() == boolean.class ? BOOLEAN : FLOAT64;
    }

    /** As a config file spells it. */
    private String value(HyperparameterKey key) {
        var json = hyperparameters.toJson();
        return (key.group().isEmpty() ? json : json.get(key.group()))
                .get(key.name())
                .asText();
    }

    private static byte[] message(ProtoBuffer out) {
        return Arrays.copyOf(out.bytes(), out.length());
    }
}
