package tinygpt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;

/** What the README says: its Java example runs and is the one printed there, and its links lead somewhere. */
class ReadmeTest {
    private static final Path HOME = Path.of(System.getProperty("tinygpt.home"));

    @Test
    void libraryExample_trainsGeneratesAndShowsWeights() {
        String text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
        Hyperparameters hyperparameters = Preset.named("nano").hyperparameters().with("optimization.steps", "100");
        Corpus corpus = Corpus.of(CharacterTokenizer.of(text), text, 0.1);
        try (Trainer trainer = new Trainer(hyperparameters, corpus, 2)) {
            trainer.train();
            try (Generator generator =
                    new Generator(trainer.model(), trainer.team().workspace())) {
                String written = generator.generate(corpus.tokenizer(), "The quick", SamplingSettings.defaults());
                assertEquals(200, written.length());
                assertTrue(written.startsWith(" brown fox jumps"), written);
            }
            INDArray weights = trainer.registry().get("h.0.attn.c_attn.weight").value();
            assertArrayEquals(new long[] {32, 96}, weights.shape());
        }
    }

    /** Each statement of the README's example stands in the test above, but for how its result is looked at. */
    @Test
    void libraryExample_isTheOneInTheReadme() throws IOException {
        String source = squeezed(Files.readString(HOME.resolve("src/test/java/tinygpt/ReadmeTest.java")));
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(readme());
        assertTrue(block.find(), "the README has a Java example");
        List<String> lines = block.group(1).lines().filter(l -> !l.isBlank()).toList();
        assertEquals(20, lines.size());
        for (String line : lines) {
            String statement = squeezed(line);
            if (!line.contains("System.out.println")) {
                assertTrue(source.contains(statement), "not in the test: " + line);
            }
        }
    }

    /** Importing exactly what is used, the example compiles where it is pasted. */
    @Test
    void libraryExample_importsWhatItUses() throws IOException {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(readme());
        assertTrue(block.find());
        List<String> imported = Pattern.compile("import [a-z0-9.]+\\.([A-Za-z]+);")
                .matcher(block.group(1))
                .results()
                .map(r -> r.group(1))
                .sorted()
                .toList();
        String statements = block.group(1).replaceAll("import [^;]*;", "").replaceAll("\"[^\"]*\"", "");
        List<String> used = Pattern.compile("\\b[A-Z][A-Za-z]+\\b")
                .matcher(statements)
                .results()
                .map(r -> r.group())
                .filter(name -> !name.equals("String") && !name.equals("System"))
                .distinct()
                .sorted()
                .toList();
        assertEquals(used, imported);
    }

    @Test
    void coordinates_areThoseOfThePom() throws IOException {
        Matcher dependency = Pattern.compile("<dependency>\n(.*?)</dependency>", Pattern.DOTALL)
                .matcher(readme());
        assertTrue(dependency.find());
        String pom = Files.readString(HOME.resolve("pom.xml"));
        String project = squeezed(pom.substring(pom.indexOf("<groupId>"), pom.indexOf("<packaging>")));
        assertEquals(project, squeezed(dependency.group(1)));
    }

    /** The launcher and the README give one number for the first download. */
    @Test
    void sizeOfTheFirstDownload_isTheLaunchers() throws IOException {
        Matcher launcher = Pattern.compile("first use downloads (about [0-9]+ MB)")
                .matcher(Files.readString(HOME.resolve("scripts/tinygpt")));
        assertTrue(launcher.find());
        assertTrue(readme().contains("the first build downloads " + launcher.group(1)), launcher.group(1));
    }

    @Test
    void sizeOfSpark_isTheLaunchers() throws IOException {
        Matcher launcher = Pattern.compile("first use of Spark downloads (about [0-9]+ MB)")
                .matcher(Files.readString(HOME.resolve("scripts/tinygpt-spark")));
        assertTrue(launcher.find());
        assertTrue(readme().contains("first use downloads " + launcher.group(1) + " more"), launcher.group(1));
    }

    @Test
    void pictures_areThere() throws IOException {
        List<String> pictures = Pattern.compile("!\\[[^\\]]*\\]\\(([^)]+)\\)")
                .matcher(readme())
                .results()
                .map(r -> r.group(1))
                .collect(Collectors.toList());
        assertTrue(pictures.size() >= 2, pictures.toString());
        for (String picture : pictures) {
            assertTrue(Files.isRegularFile(HOME.resolve(picture)), picture);
        }
    }

    private static String readme() throws IOException {
        return Files.readString(HOME.resolve("README.md"));
    }

    private static String squeezed(String code) {
        return code.replaceAll("\\s+", "");
    }
}
