package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
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
import org.openqa.selenium.WebElement;

/** The page in Chromium, from a file: what is drawn, what moves, what is heard, and what is asked of the network. */
@Tag("browser")
class ReportPageBrowserTest {
    private static final List<String> PANELS =
            List.of("#loss", "#health", "#histograms", "#weights", "#attention", "#embedding");

    @TempDir
    static Path folder;

    private static Browser browser;
    private static String usual;

    @BeforeAll
    static void openBrowser() throws IOException {
        usual = page(ReportedRun.write(folder.resolve("usual"), 8));
        browser = new Browser();
    }

    @AfterAll
    static void closeBrowser() {
        if (browser != null) {
            browser.close();
        }
    }

    /** Whatever a test does: no complaint, and no address but the page's own. */
    @AfterEach
    void nothingIsComplainedOfOrAskedFor() {
        browser.assertQuiet(url -> url.endsWith("report.html"));
    }

    private static String page(Path run) throws IOException {
        return ReportedRun.page(run).toUri().toString();
    }

    @Test
    void everyPanel_isDrawn() {
        browser.open(usual);
        for (String panel : PANELS) {
            List<Long> colors = browser.colors(panel);
            assertFalse(colors.isEmpty(), panel + " has no picture");
            colors.forEach(count -> assertTrue(count > 2, panel + " has an empty picture: " + colors));
            assertEquals(0, browser.all(panel + " .missing").size(), panel);
        }
        for (WebElement picture : browser.all("[role=img]")) {
            String label = picture.getAttribute("aria-label");
            assertFalse(label.isBlank() || label.contains("not drawn yet"), label);
            assertFalse(label.contains("undefined") || label.contains("NaN"), label);
        }
    }

    @Test
    void arrowKeyOnSlider_changesTextAndPixels() {
        browser.open(usual);
        assertTrue(browser.text("#step-now").startsWith("step 8 loss "), browser.text("#step-now"));
        for (String panel : List.of("#weights", "#attention", "#embedding", "#histograms", "#health", "#loss")) {
            WebElement slider = browser.find("#step-slider");
            slider.sendKeys(Keys.END);
            long before = browser.pixels(panel + " canvas");
            slider.sendKeys(Keys.HOME);
            assertNotEquals(before, browser.pixels(panel + " canvas"), panel);
        }
        assertTrue(browser.text("#step-now").startsWith("step 0 loss "), browser.text("#step-now"));
        assertTrue(
                browser.find("#step-slider").getAttribute("aria-valuetext").matches("step 0, loss [0-9]\\.[0-9]{2}"));
        assertTrue(browser.text("#weight-readout").contains("at step 0;"));
    }

    @Test
    void keysAnywhere_moveAndPlay() {
        browser.open(usual);
        browser.find("body").sendKeys(Keys.ARROW_LEFT);
        String back = browser.text("#step-now");
        assertFalse(back.startsWith("step 8"), back);
        browser.find("body").sendKeys(Keys.SPACE);
        assertEquals("Pause", browser.text(".play"));
        browser.await(
                b -> b.text("#step-now").startsWith("step 8") && b.text(".play").equals("Play"));
    }

    @Test
    void clickOnTheLossChart_movesTheStep() {
        browser.open(usual);
        int half = browser.find("#loss .u-over").getSize().getWidth() / 2;
        browser.click("#loss .u-over", 5 - half, 0);
        assertTrue(browser.text("#step-now").startsWith("step 0"), browser.text("#step-now"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void axe_findsNothing(String scheme) throws IOException {
        browser.open(usual);
        browser.scheme(scheme);
        browser.script("document.querySelectorAll('details').forEach((d) => (d.open = true));");
        assertEquals(List.of(), browser.violations());
    }

    @Test
    void darkMode_changesThePageAndItsPictures() {
        browser.open(usual);
        String paper = browser.find("body").getCssValue("background-color");
        long chart = browser.pixels("#loss canvas");
        browser.scheme("dark");
        browser.await(b -> b.pixels("#loss canvas") != chart);
        assertNotEquals(paper, browser.find("body").getCssValue("background-color"));
    }

    @Test
    void narrowScreen_needsNoSidewaysScrolling() {
        browser.open(usual);
        browser.width(360);
        browser.await(b -> (Long) b.script("return document.querySelector('#loss canvas').clientWidth") < 360);
        browser.script("document.querySelectorAll('details').forEach((d) => (d.open = true));");
        assertEquals(
                browser.script("return document.documentElement.clientWidth"),
                browser.script("return document.documentElement.scrollWidth"));
        assertEquals(
                List.of(),
                browser.script(
                        "return [...document.querySelectorAll('main *')].filter((e) => !e.closest('.scroll, select')"
                                + " && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((e) => e.outerHTML.slice(0, 200))"));
        assertEquals(
                List.of(),
                browser.script("return [...document.querySelectorAll('button, select, summary, .segmented label')]"
                        + ".filter((e) => e.offsetHeight > 0 && e.offsetHeight < 44).map((e) => e.outerHTML)"));
    }

    @Test
    void hostileText_isShownAndDoesNothing() {
        browser.open(usual);
        assertNull(browser.script("return window.hacked"));
        assertTrue(browser.text(".sample").contains(ReportedRun.HOSTILE), browser.text(".sample"));
    }

    @Test
    void divergedRun_hasAFlag() throws IOException {
        browser.open(page(ReportedRun.diverge(ReportedRun.write(folder.resolve("diverged"), 3), 4)));
        assertEquals("diverged", browser.text("#run-status"));
        assertTrue(browser.find("#loss .chart").getAttribute("aria-label").contains("Not a number at step 4."));
        assertTrue(browser.colors("#loss").get(0) > 2);
    }

    /** The second ratio is one more choice, with what it means beside the chart; and it may come first. */
    @Test
    void updateRatio_isOfNormsOrOfMeanSizes() throws IOException {
        String quantity = "return document.querySelector('#health .segmented input:checked').value";
        browser.open(usual);
        assertEquals("update_ratio", browser.script(quantity));
        assertTrue(browser.text("#health-definition").contains("‖ΔW‖₂ / ‖W‖₂"), browser.text("#health-definition"));
        String before = browser.text("#health .readout");
        long map = browser.pixels("#health canvas");
        browser.find("#health .segmented input:checked").sendKeys(Keys.ARROW_RIGHT);
        assertEquals("update_ratio_meanabs", browser.script(quantity));
        assertTrue(browser.text("#health-definition").contains("mean|ΔW| / mean|W|"));
        assertNotEquals(before, browser.text("#health .readout"));
        assertNotEquals(map, browser.pixels("#health canvas"));

        Path run = folder.resolve("usual");
        Path file = folder.resolve("ratio report.html");
        Files.writeString(file, ReportPage.html(new RunState(run).read(false).put("ratio", "meanabs")));
        browser.open(file.toUri().toString());
        assertEquals("update_ratio_meanabs", browser.script(quantity));
    }

    /** Runs of earlier versions wrote down one ratio. */
    @Test
    void runWithOneRatio_offersOne() throws IOException {
        Path run = ReportedRun.write(folder.resolve("old"), 2);
        Path log = run.resolve("tensors.jsonl");
        Files.writeString(log, Files.readString(log).replaceAll(",\"update_ratio_meanabs\":\\[[^]]*]", ""));
        browser.open(page(run));
        assertEquals(3, browser.all("#health .segmented input").size());
        assertTrue(browser.colors("#health").stream().allMatch(count -> count > 2));
        browser.script("document.querySelector('#health .numbers').open = true");
        browser.await(b -> b.all("#health .numbers table").size() == 1);
        assertEquals(6, browser.all("#health .numbers thead th").size());
    }

    /** The first look was at a frozen tensor, whose line is empty; names and tokens were cut off or lay on each other. */
    @Test
    void partlyFrozenRunOfPieces_showsWhatIsTrained_andNamesThatFit() throws IOException {
        browser.open(page(ReportedRun.writePartlyFrozen(folder.resolve("pieces"), 6)));
        for (String panel : List.of("#health", "#histograms")) {
            assertEquals(
                    "h.1.attn.c_attn.weight",
                    browser.script("const s = document.querySelector('" + panel
                            + " select'); return s.options[s.selectedIndex].text"));
        }
        assertTrue(browser.text("#weights select").startsWith("h.1.attn.c_attn.weight"), browser.text("#weights"));
        assertTrue(browser.find("#health .chart").getAttribute("aria-label").length() > 20);
        assertEquals(
                true,
                browser.script("const p = new AttentionPanel(null); p.probe = shown.state.probe;"
                        + " const one = p.largeLayout(400); p.probe = {tokens: ['a', 'b']};"
                        + " return one.upright && one.left > 24 && !p.largeLayout(400).upright"));
        assertTrue(browser.text("#embedding .key").contains("letters"), browser.text("#embedding .key"));
        assertEquals(List.of(), browser.violations());
    }

    @Test
    void ticks_haveAPlainZero_andBlocksOfRowsAreNamedAsSuch() {
        browser.open(usual);
        assertEquals(
                "-0.3 -0.2 -0.1 0 0.1 0.2", browser.script("return ticks(-0.3583, 0.27, 7).map(String).join(' ')"));
        assertEquals("row 7", browser.script("return span('row', 7, 61, 61)"));
        assertEquals("rows 28 to 31", browser.script("return span('row', 7, 512, 128)"));
        assertEquals("row 128", browser.script("return span('row', 64, 129, 65)"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shortestRuns_areShown(int steps) throws IOException {
        browser.open(page(ReportedRun.write(folder.resolve("steps " + steps), steps)));
        assertEquals(steps + " of " + steps, browser.text("#run-steps"));
        assertTrue(browser.text("#step-now").startsWith("step " + steps), browser.text("#step-now"));
        assertTrue(browser.colors("#loss").stream().allMatch(count -> count > 2));
        assertEquals(steps == 0 ? 1 : 0, browser.all("#health .missing").size());
    }

    @Test
    void runWithoutSnapshots_saysHowToGetThem() throws IOException {
        browser.open(page(ReportedRun.write(folder.resolve("bare"), 4, 4, ReportedRun.noSnapshots())));
        for (String panel : List.of("#histograms", "#weights", "#attention", "#embedding")) {
            assertTrue(browser.text(panel + " .missing").contains("--snapshots"), browser.text(panel));
        }
        browser.find("#step-slider").sendKeys(Keys.HOME);
        assertTrue(browser.text("#step-now").startsWith("step 0"));
    }

    @Test
    void withoutJavaScript_tablesAndCurveAreThere() {
        browser.open(usual);
        browser.scripting(false);
        browser.reload();
        browser.scripting(true); // the page has been read; from now on only the test's own scripts run
        assertEquals("static", browser.find("html").getAttribute("class"));
        assertTrue(browser.find("svg.curve path").isDisplayed());
        assertTrue(browser.text("main").contains("learning_rate"));
        assertTrue(browser.text("main").contains("feed-forward"));
        assertTrue(browser.text("main").contains("Validation loss"));
        assertFalse(browser.find("#weights").isDisplayed());
        assertFalse(browser.find("#transport").isDisplayed());
    }
}
