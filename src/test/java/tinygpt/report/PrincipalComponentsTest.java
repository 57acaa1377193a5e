package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PrincipalComponentsTest {
    /** A rectangle of 6 x 2 around (10, 20), turned so that its long side lies along (3, 4) / 5. */
    private static final float[] RECTANGLE = corners(3, 1);

    private static float[] corners(float a, float b) {
        float[] points = new float[8];
        int i = 0;
        for (int s : new int[] {1, -1}) {
            for (int t : new int[] {1, -1}) {
                points[i++] = 10 + s * a * 0.6f - t * b * 0.8f;
                points[i++] = 20 + s * a * 0.8f + t * b * 0.6f;
            }
        }
        return points;
    }

    @Test
    void rectangle_hasItsSidesAsDirections() {
        PrincipalComponents pca = new PrincipalComponents(RECTANGLE, 2);
        assertEquals(0.9, pca.explained(0), 1e-6, "9 of 9 + 1");
        assertEquals(0.1, pca.explained(1), 1e-6);
        // Signs: the larger number of (0.6, 0.8) is 0.8, of (0.8, -0.6) it is 0.8.
        assertEquals(3, pca.project(RECTANGLE, 0, 0), 1e-5);
        assertEquals(-1, pca.project(RECTANGLE, 0, 1), 1e-5);
        assertEquals(-3, pca.project(RECTANGLE, 6, 0), 1e-5);
        assertEquals(0, pca.project(new float[] {10, 20}, 0, 0), 1e-5, "the mean is the origin");
    }

    @Test
    void fewerPointsThanColumns_giveTheSame() {
        int columns = 7;
        float[] wide = new float[4 * columns];
        for (int i = 0; i < 4; i++) {
            wide[i * columns + 2] = RECTANGLE[2 * i];
            wide[i * columns + 5] = RECTANGLE[2 * i + 1];
        }
        PrincipalComponents pca = new PrincipalComponents(wide, columns);
        assertEquals(0.9, pca.explained(0), 1e-6);
        assertEquals(0.1, pca.explained(1), 1e-6);
        for (int i = 0; i < 4; i++) {
            PrincipalComponents narrow = new PrincipalComponents(RECTANGLE, 2);
            assertEquals(narrow.project(RECTANGLE, 2 * i, 0), pca.project(wide, i * columns, 0), 1e-5);
            assertEquals(narrow.project(RECTANGLE, 2 * i, 1), pca.project(wide, i * columns, 1), 1e-5);
        }
    }

    @Test
    void noVarianceAtAll_isNoTrouble() {
        PrincipalComponents pca = new PrincipalComponents(new float[] {2, 2, 2, 2, 2, 2}, 3);
        assertEquals(0, pca.explained(0));
        assertEquals(0, pca.project(new float[] {2, 2, 2}, 0, 0));
        PrincipalComponents line = new PrincipalComponents(new float[] {0, 1, 2, 6}, 1);
        assertEquals(1, line.explained(0), 1e-12);
        assertEquals(0, line.explained(1), 1e-12);
        assertTrue(Double.isFinite(line.project(new float[] {5}, 0, 1)));
    }
}
