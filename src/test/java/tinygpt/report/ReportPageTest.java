package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportPageTest {
    private static final Pattern STATE =
            Pattern.compile("<script type=\"application/json\" id=\"state\">(.*?)</script>", Pattern.DOTALL);

    @TempDir
    static Path folder;

    private static ObjectNode state;
    private static String html;

    @BeforeAll
    static void write() throws IOException {
        state = new RunState(ReportedRun.write(folder.resolve("a <b> run"), 3)).read(false);
        html = ReportPage.html(state);
    }

    @Test
    void state_comesBackAsItWas() throws IOException {
        Matcher found = STATE.matcher(html);
        assertTrue(found.find());
        assertFalse(found.group(1).contains("<"), "nothing in the data can end the script element");
        assertEquals(
                state.toString(), new ObjectMapper().readTree(found.group(1)).toString());
    }

    @Test
    void hostileText_isNeverMarkup() {
        assertEquals(-1, html.indexOf("<script>window.hacked"));
        assertEquals(-1, html.indexOf("<b> run"));
        assertTrue(html.contains("<h1>a &lt;b&gt; run</h1>"));
    }

    @Test
    void policy_forbidsTheNetwork() {
        assertTrue(html.contains("content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
                + " img-src data:; connect-src 'self'\""));
        Matcher addresses = Pattern.compile("(src|href)=\"(https?:)?//").matcher(html);
        assertFalse(addresses.find());
    }

    @Test
    void everyPlace_isFilled() {
        String page = html.replaceAll("(?s)<script.*?</script>", "");
        assertFalse(page.contains("{{"));
        assertTrue(page.contains("<svg class=\"curve\""));
        assertTrue(page.contains("<caption>Optimization</caption>"));
        assertTrue(page.contains("<td>feed-forward</td>"));
        assertTrue(page.contains("<caption>Validation loss</caption>"));
    }

    @Test
    void sevenPanels_haveCaptionAndExplanation() {
        assertEquals(7, html.split("<p class=\"caption\">", -1).length - 1);
        assertEquals(7, html.split("<summary>What is this\\?</summary>", -1).length - 1);
    }

    /** A small run's page is little more than its scripts; a page of 20 snapshots must stay below 5 MB. */
    @Test
    void size_isBounded() {
        int size = html.getBytes(StandardCharsets.UTF_8).length;
        assertTrue(size < 700_000, size + " bytes");
    }

    @Test
    void untrainedAndDivergedRuns_haveAPage() throws IOException {
        for (int steps : new int[] {0, 1}) {
            Path run = ReportedRun.write(folder.resolve("run of " + steps), steps);
            String page = ReportPage.html(new RunState(run).read(false));
            assertFalse(page.contains("NaN\" "), "no number of the curve is NaN");
            assertTrue(page.contains("</html>"));
        }
        Path run = ReportedRun.diverge(folder.resolve("run of 1"), 2);
        String page = ReportPage.html(new RunState(run).read(false));
        assertTrue(page.contains("this run diverged"));
    }

    @Test
    void vendoredFiles_areAsTheNoticeSays() throws Exception {
        Matcher lines = Pattern.compile("([0-9a-f]{64}) {2}(\\S+)").matcher(PageParts.resource("vendor/NOTICE"));
        int files = 0;
        while (lines.find()) {
            byte[] bytes = PageParts.resource("vendor/" + lines.group(2)).getBytes(StandardCharsets.UTF_8);
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
            assertEquals(lines.group(1), HexFormat.of().formatHex(hash), lines.group(2));
            files++;
        }
        assertEquals(2, files);
        assertTrue(PageParts.resource("vendor/LICENSE").contains("Copyright (c) 2022 Leon Sorokin"));
    }

    @Test
    void markdown_holdsTheTables() {
        String text = ReportMarkdown.of(state);
        assertTrue(text.startsWith("# a \\<b\\> run\n"));
        assertTrue(text.contains("| Optimization | learning\\_rate | 0.01 | highest learning rate |"));
        assertTrue(text.contains("## Ledger\n\nOne set of hyperparameters throughout;"));
        assertTrue(text.contains("    " + ReportedRun.HOSTILE), "a sample is indented, so it is no markup");
    }
}
