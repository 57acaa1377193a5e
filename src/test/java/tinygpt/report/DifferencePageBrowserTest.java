package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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
import tinygpt.inspection.InspectedModel;

/** The page of two models in Chromium, from a file. */
@Tag("browser")
class DifferencePageBrowserTest {
    private static final String CHOSEN =
            "const s = document.querySelector('#weights select'); return s.options[s.selectedIndex].text";

    @TempDir
    static Path folder;

    private static Browser browser;
    private static String usual;

    @BeforeAll
    static void openBrowser() throws IOException {
        usual = address(ComparedModels.usual(folder.resolve("usual")));
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
        browser.assertQuiet(url -> url.contains("change.html"));
    }

    private static String address(ComparedModels models) throws IOException {
        return models.page().toUri().toString();
    }

    private static String mode() {
        return (String) browser.script("return document.querySelector('#weights .segmented input:checked').value");
    }

    @Test
    void panel_isDrawn_withChangePressed() {
        browser.open(usual);
        assertEquals("change", mode());
        assertTrue(browser.colors("#weights").get(0) > 2, "the picture is empty");
        String label = browser.find("#weights [role=img]").getAttribute("aria-label");
        assertTrue(label.startsWith("wte.weight changed from A to B: mean "), label);
        assertTrue(label.endsWith("|B − A| / |A| is 1.0e-02; 2,048 of 2,048 weights changed."), label);
        assertFalse(label.contains("NaN") || label.contains("undefined"), label);
    }

    @Test
    void keys_chooseWhatIsShown_andTheCell() {
        browser.open(usual);
        long change = browser.pixels("#weights canvas");
        WebElement pressed = browser.find("#weights .segmented input:checked");
        pressed.sendKeys(Keys.ARROW_RIGHT);
        assertEquals("a", mode());
        assertNotEquals(change, browser.pixels("#weights canvas"));
        browser.find("#weights .segmented input:checked").sendKeys(Keys.ARROW_RIGHT);
        assertEquals("b", mode());
        assertTrue(
                browser.find("#weights [role=img]").getAttribute("aria-label").contains(" in B: "));
        browser.find("#weights select").sendKeys(Keys.ARROW_UP);
        assertEquals("h.0.ln_1.weight [1, 32]", browser.script(CHOSEN));
        WebElement column = browser.find("#cell-column");
        column.clear();
        column.sendKeys("2");
        // From 1 to -3; in B the picture's unit is 4 / 127, in A it is 1 / 127, of the change it is 4 / 127.
        assertEquals("row 0, column 2: 1.0000 in A, -2.9921 in B; change -4.0000", browser.text("#weight-readout"));
        browser.find("#weights select").sendKeys(Keys.ARROW_DOWN);
        assertEquals("wte.weight [64, 32]", browser.script(CHOSEN));
        assertTrue(browser.text("#weight-readout").startsWith("row 0 ‘"), browser.text("#weight-readout"));
    }

    @Test
    void nameInTheTable_leadsToItsPicture() {
        browser.open(usual);
        browser.script(
                "[...document.querySelectorAll('#tensors a')].find((a) => a.textContent === 'wte.weight').click()");
        assertEquals("wte.weight [64, 32]", browser.script(CHOSEN));
        assertEquals(3, browser.all("#tensors a").size());
        browser.script("document.querySelector('#weights .numbers').open = true");
        browser.await(b -> b.all("#weights .numbers table").size() == 2);
        assertTrue(browser.text("#weights .numbers table:first-of-type").contains("wte.weight as a whole"));
    }

    @Test
    void table_isSortedByKeyboard() {
        browser.open(usual);
        String first = "return document.querySelector('#tensors tbody tr').cells[0].textContent";
        assertEquals("h.0.ln_1.weight", browser.script(first));
        List<WebElement> heads = browser.all("#tensors th button");
        heads.get(5).sendKeys(Keys.ENTER);
        assertEquals("descending", browser.all("#tensors thead th").get(5).getAttribute("aria-sort"));
        assertTrue(
                browser.script(first).toString().contains("mlp"),
                browser.script(first).toString());
        heads.get(1).sendKeys(Keys.ENTER);
        assertEquals("h.0.ln_1.weight", browser.script(first));
        // A bias that was 0 has no relative change: it stays at the end, whichever way.
        String last = "return [...document.querySelectorAll('#tensors tbody tr')].pop().cells[0].textContent";
        assertEquals("h.1.mlp.c_proj.bias", browser.script(last));
        heads.get(1).sendKeys(Keys.SPACE);
        assertEquals("h.1.mlp.c_proj.bias", browser.script(last));
        assertEquals("ascending", browser.all("#tensors thead th").get(1).getAttribute("aria-sort"));
        heads.get(0).sendKeys(Keys.ENTER);
        assertEquals("h.0.attn.c_attn.bias", browser.script(first));
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void axe_findsNothing(String scheme) throws IOException {
        browser.open(usual);
        browser.scheme(scheme);
        browser.script("document.querySelectorAll('details').forEach((d) => (d.open = true));");
        browser.all("#tensors th button").get(3).sendKeys(Keys.ENTER);
        assertEquals(List.of(), browser.violations());
    }

    @Test
    void narrowScreen_needsNoSidewaysScrolling() {
        browser.open(usual);
        browser.width(360);
        browser.await(b -> (Long) b.script("return document.querySelector('#weights canvas').clientWidth") < 360);
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

    /** A mean over a block is small where its largest weight is not: each has its own unit. */
    @Test
    void blocks_showTheirMeanAndTheirLargest() throws IOException {
        browser.open(address(ComparedModels.write(
                folder.resolve("blocks"),
                InspectedModel.shape4x4x128(),
                registry -> InspectedModel.set(registry, "h.0.mlp.c_fc.bias", 0, 0.4f, 0, 0, 0, -0.4f))));
        assertEquals("row 0, columns 0 to 3: 0 in A, 0.1000 in B; change +0.1000", browser.text("#weight-readout"));
        browser.script("document.querySelectorAll('#weights .segmented')[1].querySelectorAll('input')[1].click()");
        assertEquals(
                "row 0, columns 0 to 3: 0 in A, 0.4000 in B; largest change +0.4000", browser.text("#weight-readout"));
    }

    @Test
    void equalModels_haveNoPicture_andWeightsThatAreNoNumbersDo() throws IOException {
        browser.open(address(ComparedModels.write(folder.resolve("same"), InspectedModel.nano(1), registry -> {})));
        assertTrue(browser.text("#weights .missing").contains("the same weights to the bit"));
        browser.open(address(ComparedModels.write(
                folder.resolve("nan"),
                InspectedModel.nano(1),
                registry -> InspectedModel.set(registry, "wpe.weight", Float.NaN, 1))));
        assertTrue(browser.text("#weight-readout").endsWith("NaN in B; change NaN"), browser.text("#weight-readout"));
        assertTrue(browser.colors("#weights").get(0) > 2);
    }

    @Test
    void withoutJavaScript_theTablesAreThere() {
        browser.open(usual);
        browser.scripting(false);
        browser.reload();
        browser.scripting(true); // the page has been read; from now on only the test's own scripts run
        assertEquals("static", browser.find("html").getAttribute("class"));
        assertTrue(browser.text("main").contains("h.0.ln_1.weight"));
        assertTrue(browser.text("main").contains("feed-forward"));
        assertFalse(browser.find("#weights").isDisplayed());
    }
}
