package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.hyperparameters.TokenizerKind;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingText;
import tinygpt.search.LocalTrialRunner;
import tinygpt.search.Result;
import tinygpt.search.ScaleChart;
import tinygpt.search.ScaleStudy;
import tinygpt.search.Search;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPage;
import tinygpt.search.SearchPlan;
import tinygpt.search.SearchSpace;
import tinygpt.search.Trial;
import tinygpt.search.TrialList;
import tinygpt.search.TrialOutcome;
import tinygpt.training.Trainer;

/** The page of a search in Chromium, from a file. */
@Tag("browser")
class SearchPageBrowserTest {
    @TempDir
    static Path folder;

    private static Browser browser;
    private static String page;

    @BeforeAll
    static void searchAndOpen() throws IOException {
        page = search();
        browser = new Browser();
    }

    @AfterAll
    static void closeBrowser() {
        if (browser != null) {
            browser.close();
        }
    }

    @AfterEach
    void nothingIsComplainedOfOrAskedFor() {
        browser.assertQuiet(url -> true);
    }

    /** Four trials; the one whose context is longer than the text fails. */
    private static String search() throws IOException {
        Path file = folder.resolve("text.txt");
        Files.writeString(file, (ReportedRun.HOSTILE + " a fox ran over the hill\n").repeat(40));
        TrainingText text = TrainingText.read(file, TokenizerKind.CHARACTER, 0.1);
        Hyperparameters base = Trainer.withVocabulary(
                Preset.named("nano").hyperparameters().with("optimization.steps", "6"), text.corpus());
        SearchPlan plan = new SearchPlan(
                base,
                SearchSpace.parse(List.of("lr=1e-3,1e-2", "context=16,8192")),
                SearchPlan.Method.GRID,
                0,
                1,
                null,
                false);
        RunSettings settings = new RunSettings(2, 0, 2, false, false, new RunSettings.Snapshots(0, List.of(), ""));
        SearchFolder search = new SearchFolder(folder.resolve("sweep"));
        search.create(new SearchFolder.Definition(plan, file, text.sha256(), settings.toJson()));
        TrialList trials = TrialList.of(plan);
        LocalTrialRunner runner = new LocalTrialRunner(
                search.path(), text, null, settings, 6, 1, new LocalTrialRunner.Limits(Double.POSITIVE_INFINITY, 0));
        List<Result> results = Search.open(plan, trials, search.path())
                .run(runner, 1, () -> false, new Search.Listener() {
                    @Override
                    public void begins(Trial trial, int rung) {}

                    @Override
                    public void ended(Trial trial, int rung, TrialOutcome outcome, List<Result> all) {}

                    @Override
                    public void pruned(Trial trial) {}
                });
        SearchPage.write(search, plan, trials, results, ScaleChart.panel(ScaleStudy.of(results)));
        return search.report().toUri().toString();
    }

    @Test
    void choosingARow_lightsUpItsCurveAndDots() {
        browser.open(page);
        assertTrue(browser.colors("#curves").get(0) > 2, "the curves are drawn");
        assertEquals(4, browser.all("#results tbody tr").size());
        long before = browser.pixels("#curves canvas");
        browser.find("#results tbody tr:nth-child(2) button").sendKeys(Keys.ENTER);
        String chosen = browser.find("#results tbody tr:nth-child(2)").getAttribute("data-trial");
        assertTrue(browser.text("#chosen").startsWith("Trial " + chosen + ", complete: "), browser.text("#chosen"));
        assertNotEquals(before, browser.pixels("#curves canvas"));
        assertEquals(1, browser.all("#results tr.on").size());
        assertFalse(browser.all(".dot.on").isEmpty());
        browser.script(
                "document.querySelector(`.dot:not([data-trial=\"${arguments[0]}\"])`)"
                        + ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
                chosen);
        assertFalse(browser.text("#chosen").startsWith("Trial " + chosen), "a dot chooses too");
    }

    @Test
    void withoutScripts_tablesAndPlotsAreThere() {
        browser.open(page);
        browser.scripting(false);
        browser.reload();
        assertTrue(browser.text("#results").contains("failed"));
        assertTrue(browser.text("#results").contains("complete"));
        assertEquals(5, browser.all("svg").size());
        assertFalse(browser.find("#curves").isDisplayed());
        assertTrue(browser.text("main").contains("2 runs: each differs from the base in what was searched"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void axe_findsNothing(String scheme) throws IOException {
        browser.open(page);
        browser.scheme(scheme);
        browser.script("document.querySelectorAll('details').forEach((d) => (d.open = true));");
        assertEquals(List.of(), browser.violations());
    }

    @Test
    void narrowScreen_scrollsNothingButTables() {
        browser.open(page);
        browser.width(360);
        assertTrue((Boolean) browser.script("return document.documentElement.scrollWidth <= 360"));
    }
}
