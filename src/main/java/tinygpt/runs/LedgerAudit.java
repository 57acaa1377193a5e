package tinygpt.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.runs.LedgerEntry.Event;
import tinygpt.runs.LedgerReport.FileState;

/** Holds the ledger of a run against itself, against the config and against the checkpoints. */
final class LedgerAudit {
    private static final String ABSENT = "absent";
    private static final long LARGEST_CONFIG = 1 << 20;

    private final RunFolder folder;
    private final LedgerChain chain;
    private final List<String> findings;
    private final List<String> warnings = new ArrayList<>();
    /** The last line that names a file: what the file must be. */
    private final Map<String, LedgerLine> lineOfFile = new LinkedHashMap<>();

    private final Map<String, FileState> states = new HashMap<>();
    /** Configs that checkpoints carry, by fingerprint. */
    private final Map<String, JsonNode> configs = new HashMap<>();

    private LedgerAudit(RunFolder folder, LedgerChain chain) {
        this.folder = folder;
        this.chain = chain;
        this.findings = new ArrayList<>(chain.findings());
    }

    static LedgerReport of(Path folder) {
        Path file = folder.resolve(Ledger.FILE);
        if (!Files.isRegularFile(file)) {
            throw new BadFileException(
                    folder, "has no " + Ledger.FILE + "; give the folder of a run, as 'train' writes it");
        }
        Ledger.checkSize(file);
        LedgerChain chain = LedgerChain.read(file);
        if (chain.lines().isEmpty()) {
            throw new BadFileException(
                    file,
                    chain.findings().isEmpty()
                            ? "has no complete line; nothing was saved in this run"
                            : "none of its lines can be read, first: "
                                    + chain.findings().get(0));
        }
        return new LedgerAudit(new RunFolder(folder), chain).report();
    }

    private LedgerReport report() {
        if (chain.tornBytes() > 0) {
            warnings.add(Ledger.FILE + ": the last line is incomplete (" + chain.tornBytes()
                    + " bytes), as a stopped program leaves it; going on with the run cuts it off");
        }
        for (LedgerLine line : chain.lines()) {
            if (!line.entry().file().isEmpty()) {
                lineOfFile.remove(line.entry().file());
                lineOfFile.put(line.entry().file(), line);
            }
        }
        checkConfigsOfLines();
        checkResumptions();
        checkFiles();
        checkUnknownFiles();
        checkConfigFile();
        return new LedgerReport(rows(), findings, warnings);
    }

    private List<LedgerReport.Row> rows() {
        List<LedgerReport.Row> rows = new ArrayList<>();
        LedgerEntry before = null;
        for (LedgerLine line : chain.lines()) {
            LedgerEntry entry = line.entry();
            rows.add(new LedgerReport.Row(
                    line,
                    before == null || before.configSha256().equals(entry.configSha256()),
                    before == null ? List.of() : before.weights().differences(entry.weights()),
                    state(entry)));
            before = entry;
        }
        return rows;
    }

    private FileState state(LedgerEntry entry) {
        if (entry.file().isEmpty()) {
            return FileState.NONE;
        }
        boolean last = lineOfFile.get(entry.file()).entry().weights().equals(entry.weights());
        return last ? states.get(entry.file()) : FileState.REPLACED;
    }

    private void checkConfigsOfLines() {
        LedgerLine before = null;
        for (LedgerLine line : chain.lines()) {
            boolean same = before == null
                    || before.entry().configSha256().equals(line.entry().configSha256());
            if (!same && line.entry().event() != Event.CHANGE) {
                findings.add(Ledger.FILE + ": the hyperparameters of line " + line.number() + " are not those of line "
                        + before.number() + ", and no line says that they were changed");
            }
            before = line;
        }
    }

    /** Going on must begin with the weights that were recorded for that step. */
    private void checkResumptions() {
        List<LedgerLine> history = new ArrayList<>();
        for (LedgerLine line : chain.lines()) {
            LedgerEntry entry = line.entry();
            if (entry.event() == Event.RESUME || entry.event() == Event.CHANGE) {
                history.removeIf(l -> l.entry().step() > entry.step());
                LedgerLine last = history.isEmpty() ? null : history.get(history.size() - 1);
                if (last == null || last.entry().step() != entry.step()) {
                    warnings.add(Ledger.FILE + ": line " + line.number() + " goes on from step " + entry.step()
                            + ", for which there is no line; a program stopped between a checkpoint and its line"
                            + " leaves that");
                } else if (!last.entry().weights().equals(entry.weights())) {
                    findings.add(Ledger.FILE + ": line " + line.number() + " goes on from other weights than line "
                            + last.number() + " recorded for step " + entry.step() + ": "
                            + CheckpointAudit.some(last.entry().weights().differences(entry.weights())));
                }
            }
            history.add(line);
        }
    }

    private void checkFiles() {
        String newest = null;
        for (String name : lineOfFile.keySet()) {
            newest = name;
        }
        for (Map.Entry<String, LedgerLine> expected : lineOfFile.entrySet()) {
            String name = expected.getKey();
            LedgerLine line = expected.getValue();
            Path file = folder.checkpointFolder().resolve(name);
            if (!Files.exists(file)) {
                states.put(name, name.equals(newest) ? FileState.MISSING : FileState.PRUNED);
                if (name.equals(newest)) {
                    findings.add(shown(name) + ": is missing, although line " + line.number()
                            + " says that it is the newest");
                }
                continue;
            }
            CheckpointAudit audit = CheckpointAudit.of(file, line, recordOf(line));
            configs.putAll(audit.config());
            if (!audit.problems().isEmpty() && chain.head().equals(audit.previous())) {
                states.put(name, FileState.REPLACED);
                unrecorded(name);
                continue;
            }
            states.put(name, audit.problems().isEmpty() ? FileState.KEPT : FileState.DIFFERENT);
            audit.problems().forEach(problem -> findings.add(shown(name) + ": " + problem));
        }
    }

    /** The line that recorded how the checkpoint of a line was written; null if none did. */
    private LedgerLine recordOf(LedgerLine line) {
        LedgerLine recorded = null;
        for (LedgerLine other : chain.lines()) {
            LedgerEntry entry = other.entry();
            if (entry.event() == Event.CHECKPOINT
                    && entry.file().equals(line.entry().file())
                    && entry.weights().equals(line.entry().weights())) {
                recorded = other;
            }
        }
        return recorded;
    }

    private void checkUnknownFiles() {
        Path checkpoints = folder.checkpointFolder();
        if (!Files.isDirectory(checkpoints)) {
            return;
        }
        TreeSet<String> names = new TreeSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(checkpoints, "*.safetensors")) {
            files.forEach(file -> names.add(file.getFileName().toString()));
        } catch (IOException e) {
            throw new BadFileException(checkpoints, "cannot be read: " + e.getMessage(), e);
        }
        for (String name : names) {
            // A hidden one is the temporary file of a checkpoint that was never finished.
            if (!name.startsWith(".") && !lineOfFile.containsKey(name)) {
                if (chain.head().equals(CheckpointAudit.previous(checkpoints.resolve(name)))) {
                    unrecorded(name);
                } else {
                    findings.add(shown(BadFileException.quote(name)) + ": no line of the ledger names this file");
                }
            }
        }
    }

    /** A checkpoint that names the last line as the one before its own, which is not there. */
    private void unrecorded(String name) {
        if (chain.tornBytes() > 0) {
            warnings.add(shown(name) + ": was written last; the incomplete line is its own");
        } else {
            findings.add(shown(name) + ": was written after the last line, and its own is not there: the line was"
                    + " removed, or the program was stopped between the two; then going on with the run records it");
        }
    }

    private void checkConfigFile() {
        LedgerLine last = chain.lines().get(chain.lines().size() - 1);
        String expected = last.entry().configSha256();
        Path file = folder.config();
        try {
            if (Files.size(file) > LARGEST_CONFIG) {
                findings.add("config.json: is far too long to be the one of this run");
                return;
            }
            JsonNode config = StrictJson.tree(file.getFileName(), "its content", Files.readAllBytes(file));
            if (CanonicalJson.sha256(CanonicalJson.write(config)).equals(expected)) {
                return;
            }
            JsonNode original = configs.get(expected);
            List<String> changes = original == null ? List.of() : differences(original, config);
            findings.add("config.json: is not the config of line " + last.number()
                    + (changes.isEmpty()
                            ? "; no checkpoint is there to tell which keys differ"
                            : ": " + String.join("; ", changes)));
        } catch (BadFileException e) {
            findings.add(e.getMessage());
        } catch (IllegalArgumentException e) {
            findings.add("config.json: is not the config of line " + last.number() + ": "
                    + BadFileException.quoteSentence(e.getMessage()));
        } catch (IOException e) {
            findings.add("config.json: " + (Files.exists(file) ? "cannot be read" : "is missing"));
        }
    }

    /** Keys with both values. The trees need not be complete or known to this program. */
    private static List<String> differences(JsonNode was, JsonNode is) {
        Map<String, String> before = leaves(was, "", new TreeMap<>());
        Map<String, String> after = leaves(is, "", new TreeMap<>());
        TreeSet<String> paths = new TreeSet<>(before.keySet());
        paths.addAll(after.keySet());
        return paths.stream()
                .filter(path -> !before.getOrDefault(path, ABSENT).equals(after.getOrDefault(path, ABSENT)))
                .map(path -> BadFileException.quote(path) + " was "
                        + BadFileException.quote(before.getOrDefault(path, ABSENT)) + ", is "
                        + BadFileException.quote(after.getOrDefault(path, ABSENT)))
                .toList();
    }

    private static Map<String, String> leaves(JsonNode node, String path, Map<String, String> into) {
        if (!node.isObject()) {
            into.put(path, CanonicalJson.write(node));
            return into;
        }
        for (var field : node.properties()) {
            leaves(field.getValue(), path.isEmpty() ? field.getKey() : path + "." + field.getKey(), into);
        }
        return into;
    }

    private static String shown(String name) {
        return "checkpoints/" + name;
    }
}
