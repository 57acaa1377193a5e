package tinygpt.metrics;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.parameters.Parameter;

/**
 * The lines of {@code tensors.jsonl}. The first names the tensors, and every other holds the norms of a step in that
 * order: {@code {"step":1,"weight":[..],"gradient":[..],"change":[..],"update_ratio":[..],"update_ratio_meanabs":[..]}},
 * each a 2-norm to six digits. The gradient is the one before clipping, the change the real one of the step after Adam,
 * clipping and weight decay. The update ratio is change / weight, and null for a tensor of zeros; the second is that of mean
 * sizes, mean |change| / mean |weight|, as DL4J has it. A tied output head is no tensor of its own: its
 * gradient is part of that of the token embedding.
 */
final class TensorRecord {
    static final String STEP_PREFIX = "{\"step\":";

    private final LineBuffer line = new LineBuffer();
    private final TensorNorms norms;
    private final IntToDoubleFunction weight;
    private final IntToDoubleFunction gradient;
    private final IntToDoubleFunction change;
    private final IntToDoubleFunction ratio;
    private final IntToDoubleFunction meanRatio;

    TensorRecord(TensorNorms norms) {
        this.norms = norms;
        this.weight = norms::weight;
        this.gradient = norms::gradient;
        this.change = norms::change;
        this.ratio = norms::ratio;
        this.meanRatio = norms::meanRatio;
    }

    TensorNorms norms() {
        return norms;
    }

    LineBuffer header() {
        line.clear();
        String separator = "{\"tensors\":[";
        for (Parameter parameter : norms.parameters()) {
            line.add(separator).add("{\"name\":");
            line.addUtf8(CanonicalJson.write(TextNode.valueOf(parameter.name())));
            line.add(",\"kind\":\"").add(parameter.kind().label()).add("\",\"shape\":");
            line.add(Arrays.toString(parameter.shape()).replace(" ", ""));
            line.add(",\"size\":").add(parameter.size()).add('}');
            separator = ",";
        }
        return line.add("]}\n");
    }

    LineBuffer step(long step) {
        line.clear().add(STEP_PREFIX).add(step);
        array(",\"weight\":[", weight);
        array("],\"gradient\":[", gradient);
        array("],\"change\":[", change);
        array("],\"update_ratio\":[", ratio);
        array("],\"update_ratio_meanabs\":[", meanRatio);
        return line.add("]}\n");
    }

    private void array(String name, IntToDoubleFunction values) {
        line.add(name);
        for (int i = 0; i < norms.count(); i++) {
            if (i > 0) {
                line.add(',');
            }
            double value = values.applyAsDouble(i);
            if (Double.isFinite(value)) {
                line.addRounded(value);
            } else {
                line.add("null");
            }
        }
    }
}
