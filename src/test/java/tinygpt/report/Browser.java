package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.stream.StreamSupport;
import org.openqa.selenium.By;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/** Chromium without a window, with the driver that belongs to it, and what it wrote down of a page. */
final class Browser implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ChromeDriver driver;

    Browser() {
        ChromeOptions options = new ChromeOptions();
        options.setBinary("/usr/bin/chromium");
        options.addArguments(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1280,900");
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        options.setCapability("goog:loggingPrefs", logs);
        driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(new File("/usr/bin/chromedriver"))
                        .build(),
                options);
    }

    /** Has files that are downloaded go into a folder. */
    void downloads(java.nio.file.Path folder) {
        driver.executeCdpCommand(
                "Browser.setDownloadBehavior", Map.of("behavior", "allow", "downloadPath", folder.toString()));
    }

    /** Opens an address in a fresh state of width, colour scheme and scripting. */
    void open(String address) {
        width(1280);
        scheme("light");
        scripting(true);
        clearLogs();
        driver.get(address);
    }

    void width(int pixels) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", pixels, "height", 900, "deviceScaleFactor", 1, "mobile", false));
    }

    void scheme(String name) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", name))));
    }

    void scripting(boolean on) {
        driver.executeCdpCommand("Emulation.setScriptExecutionDisabled", Map.of("value", !on));
    }

    void reload() {
        driver.navigate().refresh();
    }

    WebElement find(String selector) {
        return driver.findElement(By.cssSelector(selector));
    }

    /** Clicks into an element, so far from its middle. */
    void click(String selector, int right, int down) {
        new org.openqa.selenium.interactions.Actions(driver)
                .moveToElement(find(selector), right, down)
                .click()
                .perform();
    }

    List<WebElement> all(String selector) {
        return driver.findElements(By.cssSelector(selector));
    }

    String text(String selector) {
        return find(selector).getText();
    }

    Object script(String script, Object... arguments) {
        return driver.executeScript(script, arguments);
    }

    /** Waits until something holds; what is asked may be replaced at that moment. */
    void await(Function<Browser, Boolean> condition) {
        new WebDriverWait(driver, PATIENCE)
                .ignoring(StaleElementReferenceException.class)
                .until(any -> condition.apply(this));
    }

    /** A number for what a canvas shows. */
    long pixels(String selector) {
        return (Long) script(
                "const c = document.querySelector(arguments[0]); const d = c.getContext('2d')"
                        + ".getImageData(0, 0, c.width, c.height).data;"
                        + "let h = 7; for (let i = 0; i < d.length; i++) h = (h * 31 + d[i]) | 0; return h;",
                selector);
    }

    /** How many different colours each canvas of a panel has. */
    List<Long> colors(String panel) {
        List<Long> counts = new ArrayList<>();
        for (Object count : (List<?>) script(
                "return [...document.querySelectorAll(arguments[0] + ' canvas')].map((c) => {"
                        + "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const s = new Set();"
                        + "for (let i = 0; i < d.length; i += 4) s.add(d[i] << 24 | d[i + 1] << 16 | d[i + 2] << 8 |"
                        + " d[i + 3]); return s.size; });",
                panel)) {
            counts.add((Long) count);
        }
        return counts;
    }

    /** What the page complained of since it was opened, but for what {@link #pixels} brings about. */
    List<String> complaints() {
        return StreamSupport.stream(driver.manage().logs().get(LogType.BROWSER).spliterator(), false)
                .map(LogEntry::toString)
                .filter(line -> !line.contains("willReadFrequently"))
                .toList();
    }

    /** Addresses that were asked for since the page was opened, but for data that is part of it. */
    List<String> requests() {
        List<String> urls = new ArrayList<>();
        for (LogEntry entry : driver.manage().logs().get(LogType.PERFORMANCE)) {
            String message = entry.getMessage();
            if (message.contains("\"Network.requestWillBeSent\"")) {
                String url = message.replaceAll("(?s).*\"request\":\\{.*?\"url\":\"([^\"]*)\".*", "$1");
                if (!url.startsWith("data:")) {
                    urls.add(url);
                }
            }
        }
        return urls;
    }

    /** Fails if the page complained of something, or asked for an address but its own. */
    void assertQuiet(Predicate<String> own) {
        assertEquals(List.of(), complaints());
        List<String> requests = requests();
        assertTrue(requests.stream().allMatch(url -> url.startsWith("file:") && own.test(url)), requests.toString());
    }

    private void clearLogs() {
        driver.manage().logs().get(LogType.BROWSER);
        driver.manage().logs().get(LogType.PERFORMANCE);
    }

    /** What axe-core finds, a line each; empty if nothing. */
    List<String> violations() throws IOException {
        try (InputStream in = Browser.class.getResourceAsStream("/axe.min.js")) {
            script(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
        List<String> found = new ArrayList<>();
        for (Object line : (List<?>) driver.executeAsyncScript("const done = arguments[arguments.length - 1];"
                + "axe.run().then((r) => done(r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 5).map((n) =>"
                + " n.target.join(' ') + ' ' + n.failureSummary).join('; '))), (e) => done([String(e)]));")) {
            found.add((String) line);
        }
        return found;
    }

    byte[] screenshot() {
        return driver.getScreenshotAs(org.openqa.selenium.OutputType.BYTES);
    }

    @Override
    public void close() {
        driver.quit();
    }
}
