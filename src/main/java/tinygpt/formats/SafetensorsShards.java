package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The tensors of a model that is cut into several safetensors files, as a {@code model.safetensors.index.json} lists them:
 * {@code {"weight_map": {"wte.weight": "model-00001-of-00002.safetensors", ..}}}. The files lie beside the index; tensors
 * that it does not list are not there.
 */
final class SafetensorsShards implements TensorFile {
    private static final int LARGEST_INDEX = 16 << 20;
    /** Each is an open file with a small buffer. The largest models there are have about 200. */
    private static final int MOST_FILES = 256;

    private final Path index;
    private final Map<String, SafetensorsReader> byName = new LinkedHashMap<>();
    private final Map<String, SafetensorsReader> byFile = new LinkedHashMap<>();

    private SafetensorsShards(Path index) {
        this.index = index;
    }

    /**
     * Opens all files and checks their headers.
     *
     * @throws BadFileException if the index is damaged or leads out of its folder, or a file or a tensor is missing
     */
    static SafetensorsShards open(Path index) {
        SafetensorsShards shards = new SafetensorsShards(index);
        try {
            JsonNode map = StrictJson.tree(index, "the index", bytes(index)).path("weight_map");
            if (!map.isObject() || map.isEmpty()) {
                throw new BadFileException(
                        index, "has no weight_map, which says in which file each tensor is; the file is damaged");
            }
            for (Map.Entry<String, JsonNode> entry : map.properties()) {
                shards.add(entry.getKey(), entry.getValue());
            }
            return shards;
        } catch (RuntimeException | Error e) {
            shards.close();
            throw e;
        }
    }

    private void add(String tensor, JsonNode node) {
        String name = node.asText("");
        // A name from a file must not lead elsewhere.
        boolean plain = node.isTextual()
                && name.endsWith(".safetensors")
                && name.chars().allMatch(c -> c > ' ' && c < 0x7F && c != '/' && c != '\\' && c != ':');
        if (!plain) {
            throw new BadFileException(
                    index,
                    "says that " + BadFileException.quote(tensor) + " is in '" + BadFileException.quote(name)
                            + "', which is no name of a safetensors file beside it");
        }
        SafetensorsReader file = byFile.get(name);
        if (file == null) {
            if (byFile.size() == MOST_FILES) {
                throw new BadFileException(index, "lists more than " + MOST_FILES + " files");
            }
            file = SafetensorsReader.open(index.resolveSibling(name));
            byFile.put(name, file);
        }
        if (!file.contains(tensor)) {
            throw new BadFileException(
                    file.file(),
                    "has no tensor '" + BadFileException.quote(tensor) + "', although " + index.getFileName()
                            + " says so; take all files from the same source");
        }
        byName.put(tensor, file);
    }

    private static byte[] bytes(Path file) {
        try {
            if (Files.size(file) > LARGEST_INDEX) {
                throw new BadFileException(file, "is larger than 16 MiB, which no index of tensors is");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + BadFileException.reason(e), e);
        }
    }

    @Override
    public Path file() {
        return index;
    }

    @Override
    public List<String> names() {
        return List.copyOf(byName.keySet());
    }

    @Override
    public boolean contains(String name) {
        return byName.containsKey(name);
    }

    @Override
    public SafetensorsReader.Entry entry(String name) {
        return reader(name).entry(name);
    }

    @Override
    public void readFloats(String name, long first, float[] destination, int at, int count) {
        reader(name).readFloats(name, first, destination, at, count);
    }

    private SafetensorsReader reader(String name) {
        SafetensorsReader reader = byName.get(name);
        if (reader == null) {
            throw new BadFileException(index, "has no tensor '" + BadFileException.quote(name) + "'");
        }
        return reader;
    }

    @Override
    public List<Path> files() {
        return Stream.concat(Stream.of(index), byFile.values().stream().map(SafetensorsReader::file))
                .toList();
    }

    @Override
    public void close() {
        byFile.values().forEach(SafetensorsReader::close);
    }
}
