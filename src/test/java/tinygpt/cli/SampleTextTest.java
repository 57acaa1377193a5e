package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.generation.Generator.End;
import tinygpt.generation.Generator.Result;

class SampleTextTest {
    /**
     * What is printed of a prompt and the text that follows it, beside what gpt-2-simple prints. Two things differ: it
     * prints a prompt that shall not be printed after all where the text to cut before never comes, and it takes line breaks
     * (here ~) off the beginning.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "END|true|pre |one END two|pre one |pre one ",
                "END|false|pre |one END two|one |one ",
                "END|true|pre |one|pre one|pre one",
                "END|false|pre |one|one|pre one", // differs
                "END|true|pre END post|one END|pre |pre ", // in the prompt, which is printed
                "END|false|pre END post|one END two|one |one ", // in the prompt, which is not
                "END|true|pre E|ND two|pre |pre ", // partly in the prompt
                "END|false|pre E|ND two END|ND two |ND two ",
                "<end>|false|<start>|a text<end>more|a text|a text",
                "END|true|''|END|''|''",
                "END|false|pre |two END one END|two |two ", // the first of two
                "END|true|pre |one EN|pre one EN|pre one EN", // half of it at the end
                "a.c|true|x|abc a.c|xabc |xabc ", // plain text, no pattern
                "''|false|pre |one|one|pre one", // differs
                "''|true|pre |one|pre one|pre one",
                "''|true|~|~one|~~one|one", // differs
            })
    void text_isCutWhereGpt2SimpleCutsIt(
            String truncate, boolean includePrefix, String prompt, String follows, String expected, String gpt2Simple) {
        String cut = truncate.isEmpty() ? null : truncate;
        String before = prompt.replace('~', '\n');
        String after = follows.replace('~', '\n');
        String ours = expected.replace('~', '\n');
        for (int length = 1; length <= after.length(); length++) {
            SampleText text = new SampleText(cut, includePrefix ? before : "");
            StringBuilder out = new StringBuilder(text.take());
            for (int at = 0; at < after.length() && !text.cut(); at += length) {
                text.piece(after.substring(at, Math.min(after.length(), at + length)));
                out.append(text.take());
            }
            boolean found = text.cut();
            text.end(new Result(5, found ? End.RECEIVER : End.LENGTH));
            out.append(text.take());
            assertEquals(ours, out.toString());
            assertEquals(new Result(5, found ? End.STOP_TEXT : End.LENGTH), text.result());
            String promptThatComesBack = includePrefix || found ? "" : before;
            assertEquals(gpt2Simple, (promptThatComesBack + ours).replaceFirst("^\n+", ""));
        }
    }
}
