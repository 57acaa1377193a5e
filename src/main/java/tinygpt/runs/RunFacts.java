package tinygpt.runs;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.training.SpikeHistory;

/**
 * What a checkpoint says of its run, besides step, hyperparameters and tokenizer: strings in its metadata.
 *
 * @param data path of the training text
 * @param dataSha256 fingerprint of its bytes
 * @param settings of the run
 * @param losses what was measured so far
 * @param origin of a fine-tuned run, or null
 */
record RunFacts(String data, String dataSha256, RunSettings settings, Losses losses, Origin origin) {
    /** Path of the training text. */
    static final String DATA = "data";

    /** What the guard against spikes remembers, if there is one. */
    static final String SPIKES = "spike_history";

    private static final String DATA_SHA256 = "data_sha256";
    private static final String SETTINGS = "settings";
    /** Loss of the newest evaluation. */
    static final String VALIDATION_LOSS = "validation_loss";

    private static final String EVALUATED_STEP = "evaluated_step";
    private static final String BEST_LOSS = "best_validation_loss";
    private static final String BEST_STEP = "best_step";
    private static final String FIRST_LOSS = "first_validation_loss";
    /** Path of the model that a fine-tuned run started from. */
    static final String FROM = "from";

    /** Fingerprint of that model's weights. */
    static final String FROM_SHA256 = "from_weights_sha256";

    private static final String OLD_DATA = "old_data";
    private static final String OLD_DATA_SHA256 = "old_data_sha256";
    private static final String OLD_FRACTION = "old_data_validation_fraction";
    private static final String OLD_LOSS = "old_data_loss_before";

    /**
     * Validation losses; NaN and -1 where there was none.
     *
     * @param first before the first step
     * @param last of the newest evaluation
     * @param lastStep when that was
     * @param best so far, infinite if there was none
     * @param bestStep when that was
     */
    record Losses(double first, double last, long lastStep, double best, long bestStep) {
        static final Losses NONE = new Losses(Double.NaN, Double.NaN, -1, Double.POSITIVE_INFINITY, -1);

        /** With one more evaluation. */
        Losses and(long step, double loss) {
            boolean better = loss <= best;
            return new Losses(step == 0 ? loss : first, loss, step, better ? loss : best, better ? step : bestStep);
        }
    }

    /**
     * Where a fine-tuned run comes from.
     *
     * @param model path of the model it started from
     * @param weightsSha256 fingerprint of that model's weights
     * @param oldData path of the text that model had learned, or null if it is not known
     * @param oldDataSha256 fingerprint of that text, or null
     * @param oldValidationFraction share of that text that was kept for validation
     * @param oldLoss loss on that share before fine-tuning; NaN if it was not measured
     */
    record Origin(
            String model,
            String weightsSha256,
            String oldData,
            String oldDataSha256,
            double oldValidationFraction,
            double oldLoss) {
        /** The origin of a run that starts from a model whose checkpoint says this; null for a model without one. */
        static Origin of(Path model, String weightsSha256, CheckpointHeader header) {
            return new Origin(
                    model.toAbsolutePath().normalize().toString(),
                    weightsSha256,
                    header == null ? null : header.extras().get(DATA),
                    header == null ? null : header.extras().get(DATA_SHA256),
                    header == null ? 0 : header.hyperparameters().data().validationFraction(),
                    Double.NaN);
        }

        Origin withOldLoss(double loss) {
            return new Origin(model, weightsSha256, oldData, oldDataSha256, oldValidationFraction, loss);
        }
    }

    /** The facts of a run that learns this text. */
    static RunFacts of(TrainingText text, RunSettings settings, Losses losses, Origin origin) {
        return new RunFacts(
                text.file().toAbsolutePath().normalize().toString(), text.sha256(), settings, losses, origin);
    }

    Map<String, String> toExtras() {
        Map<String, String> extras = new LinkedHashMap<>();
        extras.put(DATA, data);
        extras.put(DATA_SHA256, dataSha256);
        extras.put(SETTINGS, settings.toJson());
        if (losses.lastStep() >= 0) {
            extras.put(VALIDATION_LOSS, String.valueOf(losses.last()));
            extras.put(EVALUATED_STEP, String.valueOf(losses.lastStep()));
        }
        if (losses.bestStep() >= 0) {
            extras.put(BEST_LOSS, String.valueOf(losses.best()));
            extras.put(BEST_STEP, String.valueOf(losses.bestStep()));
        }
        if (!Double.isNaN(losses.first())) {
            extras.put(FIRST_LOSS, String.valueOf(losses.first()));
        }
        if (origin != null) {
            extras.put(FROM, origin.model());
            extras.put(FROM_SHA256, origin.weightsSha256());
            if (origin.oldData() != null && origin.oldDataSha256() != null) {
                extras.put(OLD_DATA, origin.oldData());
                extras.put(OLD_DATA_SHA256, origin.oldDataSha256());
                extras.put(OLD_FRACTION, String.valueOf(origin.oldValidationFraction()));
            }
            if (!Double.isNaN(origin.oldLoss())) {
                extras.put(OLD_LOSS, String.valueOf(origin.oldLoss()));
            }
        }
        return extras;
    }

    static RunFacts of(Path file, CheckpointHeader header) {
        Map<String, String> extras = header.extras();
        RunSettings usual =
                RunSettings.forSteps(header.hyperparameters().optimization().steps());
        String settings = extras.get(SETTINGS);
        Origin origin = extras.containsKey(FROM)
                ? new Origin(
                        extras.get(FROM),
                        extras.getOrDefault(FROM_SHA256, ""),
                        extras.get(OLD_DATA),
                        extras.get(OLD_DATA_SHA256),
                        number(file, extras, OLD_FRACTION, 0),
                        number(file, extras, OLD_LOSS, Double.NaN))
                : null;
        return new RunFacts(
                extras.getOrDefault(DATA, ""),
                extras.getOrDefault(DATA_SHA256, ""),
                settings == null
                        ? usual
                        : RunSettings.fromJson(StrictJson.map(file, "its " + SETTINGS, settings), usual),
                new Losses(
                        number(file, extras, FIRST_LOSS, Double.NaN),
                        number(file, extras, VALIDATION_LOSS, Double.NaN),
                        (long) number(file, extras, EVALUATED_STEP, -1),
                        number(file, extras, BEST_LOSS, Double.POSITIVE_INFINITY),
                        (long) number(file, extras, BEST_STEP, -1)),
                origin);
    }

    /**
     * What the guard against spikes remembered at a checkpoint; empty where it never watched.
     *
     * @throws BadFileException if it is missing or damaged
     */
    static Optional<SpikeHistory> spikeHistory(Path file, CheckpointHeader header) {
        String text = header.extras().get(SPIKES);
        if (text == null && header.hyperparameters().optimization().skipSpikes() == 0) {
            return Optional.empty();
        }
        try {
            return Optional.of(SpikeHistory.parse(text == null ? "" : text));
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    file,
                    "its " + SPIKES + " cannot be used: " + BadFileException.quoteSentence(e.getMessage())
                            + "; use another checkpoint",
                    e);
        }
    }

    private static double number(Path file, Map<String, String> extras, String key, double otherwise) {
        String text = extras.get(key);
        if (text == null) {
            return otherwise;
        }
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new BadFileException(
                    file,
                    "its " + key + " is " + BadFileException.quote(text) + ", not a number; use another checkpoint");
        }
    }
}
