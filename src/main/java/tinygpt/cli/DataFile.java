package tinygpt.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** The text file a command works on. */
final class DataFile {
    private DataFile() {}

    /**
     * The file that was given, or the tales that come with the program.
     *
     * @throws CommandFailure if there is no such file
     */
    static Path orDefault(Path given) {
        if (given != null) {
            return check(given);
        }
        String home = System.getProperty("tinygpt.home");
        Path tales = Path.of(home == null ? "." : home).resolve("data").resolve("tales.txt");
        if (!Files.isRegularFile(tales)) {
            throw new CommandFailure(
                    Exit.BAD_DATA,
                    "the tales that come with tinygpt are not at " + tales + "; give a text with --data");
        }
        return tales;
    }

    private static Path check(Path file) {
        if (Files.isDirectory(file)) {
            throw new CommandFailure(Exit.BAD_DATA, file + " is a folder; --data takes one text file");
        }
        if (!Files.exists(file)) {
            throw new CommandFailure(Exit.BAD_DATA, "there is no file " + file + "; --data takes a text file");
        }
        return file;
    }
}
