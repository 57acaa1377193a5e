package tinygpt.report;

import java.util.List;

/** Names for two paths that a page shows: where they lie on somebody's disk does not belong into what is passed on. */
final class PathNames {
    private PathNames() {}

    /** The last parts of each path, one, or as many as it takes to tell them apart. */
    static List<String> apart(String a, String b) {
        String[] partsA = parts(a);
        String[] partsB = parts(b);
        for (int n = 1; n <= Math.max(partsA.length, partsB.length); n++) {
            if (!last(partsA, n).equals(last(partsB, n))) {
                return List.of(last(partsA, n), last(partsB, n));
            }
        }
        return List.of(last(partsA, 1), last(partsB, 1));
    }

    private static String[] parts(String path) {
        String[] parts = path.replace('\\', '/').replaceAll("/(\\./)+", "/").split("/+");
        return parts.length == 0 ? new String[] {path} : parts;
    }

    private static String last(String[] parts, int n) {
        return String.join("/", List.of(parts).subList(Math.max(0, parts.length - n), parts.length));
    }
}
