package tinygpt.text;

import java.util.Arrays;

/** A growing array of ints. */
final class IdBuffer {
    private int[] ids;
    private int size;

    IdBuffer(int capacity) {
        ids = new int[Math.max(4, capacity)];
    }

    int size() {
        return size;
    }

    int get(int index) {
        return ids[index];
    }

    void add(int id) {
        if (size == ids.length) {
            grow(size + 1);
        }
        ids[size++] = id;
    }

    void add(int[] more) {
        if (size + more.length > ids.length) {
            grow(size + more.length);
        }
        System.arraycopy(more, 0, ids, size, more.length);
        size += more.length;
    }

    int[] toArray() {
        return Arrays.copyOf(ids, size);
    }

    private void grow(int needed) {
        // Half as large again, but never beyond what an array can be.
        long larger = Math.min(Integer.MAX_VALUE - 8L, ids.length + (ids.length >> 1) + 16L);
        ids = Arrays.copyOf(ids, (int) Math.max(needed, larger));
    }
}
