package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.CanonicalJson;

/**
 * The folder of a search.
 *
 * <pre>
 * search.json     what is searched, on which text, from which hyperparameters: enough to make every trial again
 * trials/007/     the run of a trial
 * trials.jsonl    what became of each trial at each rung
 * results.csv     the table
 * best.json       the hyperparameters of the best trial, for train --config
 * report.html     the page
 * lock            one process at a time searches here
 * </pre>
 *
 * @param path of the folder
 */
public record SearchFolder(Path path) {
    private static final String FILE = "search.json";

    /**
     * What a search was started with.
     *
     * @param plan what decides on the trials
     * @param data the text
     * @param dataSha256 of its bytes
     * @param settings of the runs, {@link tinygpt.runs.RunSettings#toJson()}
     */
    public record Definition(SearchPlan plan, Path data, String dataSha256, String settings) {}

    /** The hyperparameters of the best trial. */
    public Path best() {
        return path.resolve("best.json");
    }

    /** The table as CSV. */
    public Path results() {
        return path.resolve("results.csv");
    }

    /** The page. */
    public Path report() {
        return path.resolve("report.html");
    }

    /**
     * Fingerprint of what the search was begun with, by which another machine knows that it sees the same folder.
     *
     * @throws BadFileException if there is no search
     */
    public String definitionSha256() {
        Path file = path.resolve(FILE);
        try {
            return HexFormat.of().formatHex(CanonicalJson.newSha256().digest(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + BadFileException.reason(e), e);
        }
    }

    /** Whether a search was begun here. */
    public boolean exists() {
        return Files.isRegularFile(path.resolve(FILE));
    }

    /**
     * Makes the folder of a new search.
     *
     * @throws IllegalArgumentException if there is something in it already
     */
    public void create(Definition definition) throws IOException {
        if (exists()) {
            throw new IllegalArgumentException(path + " already holds a search; go on with it with --resume " + path
                    + ", or choose another --out");
        }
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new BadFileException(path, "is a file, so no search can be saved there; choose another --out");
        }
        Files.createDirectories(path);
        try (var files = Files.newDirectoryStream(path)) {
            if (files.iterator().hasNext()) {
                throw new IllegalArgumentException(
                        path + " is not empty; a search gets a folder of its own, so choose another --out");
            }
        }
        ObjectNode json = definition.plan().toJson();
        json.put("data", definition.data().toAbsolutePath().normalize().toString());
        json.put("data_sha256", definition.dataSha256());
        json.set("settings", StrictJson.tree(path, "the settings", definition.settings()));
        AtomicFile.write(path.resolve(FILE), (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
        Files.createDirectories(path.resolve("trials"));
    }

    /**
     * What the search was started with.
     *
     * @throws BadFileException if there is no search, or its file was edited
     */
    public Definition read() throws IOException {
        Path file = path.resolve(FILE);
        if (!exists()) {
            throw new BadFileException(
                    path,
                    Files.isDirectory(path)
                            ? "is not the folder of a search: it has no " + FILE
                            : "there is no such folder; --resume takes the folder of a search");
        }
        JsonNode json = StrictJson.tree(file, "its content", Files.readAllBytes(file));
        Files.createDirectories(path.resolve("trials")); // if it was killed between the two
        return new Definition(
                SearchPlan.fromJson(file, json),
                Path.of(json.path("data").asText()),
                json.path("data_sha256").asText(),
                json.path("settings").toString());
    }
}
