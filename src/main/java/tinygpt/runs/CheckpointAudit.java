package tinygpt.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import tinygpt.formats.BadFileException;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.CanonicalJson;

/**
 * A checkpoint held against its line of the ledger. Everything is computed from the file: what it says of itself is
 * checked too, and never believed. Needs neither the model nor ND4J.
 *
 * @param problems in what it differs, a clause each
 * @param config the hyperparameters it carries, under their fingerprint; empty if they cannot be read
 * @param previous hash of the line before its own, as it says; null if it does not
 */
record CheckpointAudit(List<String> problems, Map<String, JsonNode> config, String previous) {
    private static final int MOST_NAMED = 4;
    private static final int BUFFER_BYTES = 1 << 18;

    /**
     * Compares.
     *
     * @param line the last one that names the file
     * @param recorded the one that recorded how it was written; null if none did
     */
    static CheckpointAudit of(Path file, LedgerLine line, LedgerLine recorded) {
        List<String> problems = new ArrayList<>();
        Map<String, JsonNode> config = Map.of();
        String says = null;
        LedgerEntry entry = line.entry();
        String of = " of line " + line.number();
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            Map<String, String> metadata = in.metadata();
            says = metadata.get(Ledger.PREVIOUS);
            if (says != null && recorded != null && !says.equals(recorded.previous())) {
                problems.add("it was not written after the line that comes before its own");
            }
            compare(problems, metadata, CheckpointMetadata.STEP, String.valueOf(entry.step()), of);
            compare(problems, metadata, CheckpointMetadata.TOKENS_SEEN, String.valueOf(entry.tokens()), of);
            String text = metadata.getOrDefault(CheckpointMetadata.CONFIG, "");
            String found = CanonicalJson.sha256(text);
            if (!found.equals(configOf(entry, recorded, found))) {
                problems.add("its config is not the one" + of);
            } else if (!found.equals(metadata.get(CheckpointMetadata.CONFIG_SHA256))) {
                problems.add("its config does not have the " + CheckpointMetadata.CONFIG_SHA256 + " that it says");
            } else {
                config = Map.of(found, StrictJson.tree(file, "its config", text));
            }
            compareWeights(problems, in, entry.weights(), of);
            if (problems.isEmpty()
                    && recorded != null
                    && !sha256(file).equals(recorded.entry().fileSha256())) {
                problems.add("its bytes are not those of line " + recorded.number() + ", although its config and its"
                        + " weights are: the optimizer's moments or other metadata were changed");
            }
        } catch (BadFileException e) {
            problems.add("it cannot be read (" + e.getMessage() + ")");
        }
        return new CheckpointAudit(problems, config, says);
    }

    /** Hash of the line before its own, as the file says; null if it does not or cannot be read. */
    static String previous(Path file) {
        try (SafetensorsReader in = SafetensorsReader.open(file)) {
            return in.metadata().get(Ledger.PREVIOUS);
        } catch (BadFileException e) {
            return null;
        }
    }

    /** The config a checkpoint must carry. One from which a change began carries the config before, whatever it was. */
    private static String configOf(LedgerEntry entry, LedgerLine recorded, String found) {
        if (recorded != null) {
            return recorded.entry().configSha256();
        }
        return entry.event() == LedgerEntry.Event.CHANGE ? found : entry.configSha256();
    }

    private static void compareWeights(
            List<String> problems, SafetensorsReader in, WeightFingerprint expected, String of) {
        WeightFingerprint found = Checkpoint.fingerprint(in);
        List<String> different = expected.differences(found);
        if (!different.isEmpty()) {
            problems.add("tensors that are not those" + of + ": " + some(different));
        } else if (!found.equals(expected)) {
            problems.add("its weights do not have the " + CheckpointMetadata.WEIGHTS_SHA256 + of);
        } else {
            compare(problems, in.metadata(), CheckpointMetadata.WEIGHTS_SHA256, found.whole(), of);
        }
    }

    private static String sha256(Path file) {
        MessageDigest digest = CanonicalJson.newSha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e.getMessage(), e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Names for a message: the first few, and how many more there are. */
    static String some(List<String> names) {
        List<String> shown =
                names.stream().limit(MOST_NAMED).map(BadFileException::quote).toList();
        return String.join(", ", shown)
                + (names.size() > MOST_NAMED ? " and " + (names.size() - MOST_NAMED) + " more" : "");
    }

    private static void compare(
            List<String> problems, Map<String, String> metadata, String key, String expected, String of) {
        String found = metadata.get(key);
        if (!expected.equals(found)) {
            problems.add("its " + key + " is " + (found == null ? "missing" : BadFileException.quote(found)) + ", that"
                    + of + " is " + expected);
        }
    }
}
