package tinygpt.runs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import tinygpt.formats.BadFileException;

/**
 * The lines of a ledger with what is wrong with them as a chain.
 *
 * @param lines those that are as they were written, in the order of the file
 * @param tornBytes behind the last complete line
 * @param head hash of the last complete line, readable or not
 * @param findings edited, removed and moved lines, a sentence each
 */
record LedgerChain(List<LedgerLine> lines, long tornBytes, String head, List<String> findings) {

    /** With more, the file is something else. */
    private static final int MOST_UNREADABLE = 1000;

    /** A complete line: its hash, and what it says unless it was edited. */
    private record Link(String hash, LedgerLine line) {}

    /**
     * Reads a ledger.
     *
     * @throws BadFileException if it cannot be read
     */
    static LedgerChain read(Path file) {
        List<Link> links = new ArrayList<>();
        List<String> findings = new ArrayList<>();
        Path name = file.getFileName();
        long torn = Ledger.read(file, (at, bytes) -> {
            LedgerLine line = null;
            try {
                line = LedgerLine.read(name, at, bytes);
            } catch (BadFileException e) {
                findings.add(e.getMessage());
                if (findings.size() > MOST_UNREADABLE) {
                    throw new BadFileException(
                            file,
                            "more than " + MOST_UNREADABLE + " of its lines cannot be read, first: " + findings.get(0));
                }
            }
            links.add(new Link(LedgerLine.hash(bytes), line));
        });
        List<LedgerLine> lines =
                links.stream().map(Link::line).filter(line -> line != null).toList();
        Set<Long> numbers = lines.stream().map(LedgerLine::number).collect(Collectors.toSet());
        String hash = LedgerLine.FIRST;
        long number = 0;
        boolean edited = false;
        for (Link link : links) {
            LedgerLine line = link.line();
            if (line == null) {
                number++;
            } else {
                // An edited line has lost its hash, so what follows it cannot be held against it.
                String fault = edited && line.number() == number + 1 ? null : fault(line, number, hash, numbers);
                if (fault != null) {
                    findings.add(name + ": " + fault);
                }
                number = line.number();
            }
            hash = link.hash();
            edited = line == null;
        }
        return new LedgerChain(lines, torn, hash, findings);
    }

    /** What is wrong between a line and the one before, which has this number and hash; null if nothing is. */
    private static String fault(LedgerLine line, long before, String hash, Set<Long> numbers) {
        long missing = line.number() - before - 1;
        if (missing == 0) {
            if (line.previous().equals(hash)) {
                return null;
            }
            return before == 0
                    ? "line 1 follows another line, which is not there"
                    : "line " + before + " was rewritten: line " + line.number() + " follows another one";
        }
        if (missing < 0 || numbers.contains(before + 1)) {
            return "line " + line.number() + (before == 0 ? " stands first" : " stands behind line " + before)
                    + "; lines were moved";
        }
        String removed = missing == 1 ? "line " + (before + 1) : "lines " + (before + 1) + " to " + (line.number() - 1);
        return removed + (missing == 1 ? " was" : " were") + " removed; line " + line.number()
                + (before == 0 ? " stands first" : " stands behind line " + before);
    }
}
