package tinygpt.text;

import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.TestInfo;

/** Large texts that are not part of the project, in the folder that {@code -Dtinygpt.shared=FOLDER} names. */
public final class SharedFolder {
    private SharedFolder() {}

    /** The file; aborts the calling test, saying so, if no folder is given. A given folder without the file is a failure. */
    public static Path require(TestInfo test, String file) {
        String folder = System.getProperty("tinygpt.shared", "");
        if (folder.isEmpty()) {
            String reason = "DID NOT RUN: needs " + file + "; give its folder with -Dtinygpt.shared=FOLDER";
            System.out.println(test.getTestClass().orElseThrow().getSimpleName() + "."
                    + test.getTestMethod().orElseThrow().getName() + " " + reason);
            Assumptions.abort(reason);
        }
        return Path.of(folder, file);
    }
}
