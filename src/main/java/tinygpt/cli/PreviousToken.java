package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * How much the heads of a model look at the token before, at one snapshot.
 *
 * @param step of the snapshot
 * @param shares of each head, layer by layer: means over all tokens of the prompt but the first
 * @param even the same of a head that looks at all tokens alike
 */
record PreviousToken(long step, double[] shares, double even) {
    private static final double CERTAIN = 255;

    /** All snapshots of the probe in the data of a run's page. */
    static List<PreviousToken> read(JsonNode probe) {
        int time = probe.path("tokens").size();
        int maps = probe.path("layers").asInt() * probe.path("heads").asInt();
        List<PreviousToken> read = new ArrayList<>();
        for (JsonNode frame : probe.path("frames")) {
            byte[] attention = Base64.getDecoder()
                    .decode(frame.path("attention").path("data").asText());
            double[] shares = new double[maps];
            for (int i = 0; i < maps; i++) {
                for (int query = 1; query < time; query++) {
                    int at = (i * time + query) * time + query - 1;
                    shares[i] += Byte.toUnsignedInt(attention[at]) / CERTAIN / (time - 1);
                }
            }
            read.add(new PreviousToken(frame.path("step").asLong(), shares, even(time)));
        }
        return read;
    }

    private static double even(int time) {
        double sum = 0;
        for (int query = 1; query < time; query++) {
            sum += 1.0 / (query + 1);
        }
        return sum / (time - 1);
    }

    /** Of the head that looks there most. */
    double most() {
        return Arrays.stream(shares).max().orElse(0);
    }

    /** Of the head that looks there least. */
    double least() {
        return Arrays.stream(shares).min().orElse(0);
    }

    /** How far the heads differ. */
    double spread() {
        return most() - least();
    }
}
