package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A search whose trials are trained by Spark, with its tasks in this process: the same table. */
class SparkSearchTest {
    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, "A fox ran over the hill and saw a dog.\n".repeat(60));
    }

    private Run search(String out, String... more) {
        List<String> arguments = new ArrayList<>(List.of("search", "--set", "lr=1e-3,1e-2", "--set", "dropout=0,0.1"));
        arguments.addAll(List.of(
                "--halving", "eta=2,min-steps=2", "--out", folder.resolve(out).toString()));
        arguments.addAll(Arrays.asList(more));
        arguments.addAll(List.of("--", "--preset", "nano", "--steps", "12", "--data", text.toString()));
        return Run.of(arguments.toArray(String[]::new));
    }

    private List<String> table(String out) throws IOException {
        return SearchCommandTest.table(folder.resolve(out));
    }

    @Test
    void onSpark_theTableIsTheSame_andEitherEngineGoesOnWithTheOther() throws IOException {
        Run local = search("local");
        assertEquals(0, local.exitCode(), local.err());
        Run spark = search("spark", "--engine", "spark", "--master", "local[2]");
        assertEquals(0, spark.exitCode(), spark.err());
        assertEquals(table("local"), table("spark"));
        assertTrue(spark.err().contains("trials are trained by local[2]"), spark.err());
        assertTrue(spark.err().contains(", 2 at a time\n"), spark.err());
        assertTrue(spark.out().contains("each of 4 runs differs"), spark.out());
    }
}
