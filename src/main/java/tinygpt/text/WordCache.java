package tinygpt.text;

import java.util.Arrays;

/**
 * The tokens of words seen before; most words of a text are repeated. A word has one place, and a new word there replaces
 * the old one, so the cache is bounded by its number of places times the longest word it takes: some megabytes.
 *
 * <p>Entries are immutable, so threads may share it without a lock: at worst one sees an older entry and merges again.
 */
final class WordCache {
    private static final int PLACES = 1 << 15;
    private static final int LONGEST = 48;

    private record Entry(byte[] word, int[] ids) {}

    private final Entry[] entries = new Entry[PLACES];

    /** The token ids of a word, not to be changed, or null. */
    int[] get(byte[] utf8, int from, int to) {
        if (to - from > LONGEST) {
            return null;
        }
        Entry entry = entries[place(utf8, from, to)];
        boolean same = entry != null && Arrays.equals(entry.word, 0, entry.word.length, utf8, from, to);
        return same ? entry.ids : null;
    }

    void put(byte[] utf8, int from, int to, int[] ids) {
        if (to - from <= LONGEST) {
            entries[place(utf8, from, to)] = new Entry(Arrays.copyOfRange(utf8, from, to), ids);
        }
    }

    private static int place(byte[] utf8, int from, int to) {
        int hash = 1;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + utf8[i];
        }
        return (hash * 0x9E3779B9) >>> (Integer.SIZE - 15);
    }
}
