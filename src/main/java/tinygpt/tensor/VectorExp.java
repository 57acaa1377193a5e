package tinygpt.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * e^x for a vector and, by the same formula, for one number. Constants are vectors for the reason that {@link VectorKernels}
 * gives.
 *
 * <p>exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; ln 2 is split in two so that n * LN2_HIGH is exact. The
 * polynomial of degree 6 was fitted for this interval: relative error 3e-9 before rounding.
 */
final class VectorExp {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS =
            FLOATS.withLanes(int.class).check(int.class);

    private static final float LOG2_E = 1.442695041f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float ROUNDER = 12582912f; // 1.5 * 2^23: adding it leaves the integer in the low bits
    private static final float P2 = 0.49999994f;
    private static final float P3 = 0.16666521f;
    private static final float P4 = 0.04166839f;
    private static final float P5 = 0.008368717f;
    private static final float P6 = 0.0013814599f;
    private static final float EXP_MIN = -87.3f; // below, the result would be subnormal
    private static final float EXP_MAX = 88.3f;

    private static final FloatVector ONE_V = vector(1);
    private static final FloatVector EXP_MIN_V = vector(EXP_MIN);
    private static final FloatVector EXP_MAX_V = vector(EXP_MAX);
    private static final FloatVector LOG2_E_V = vector(LOG2_E);
    private static final FloatVector ROUNDER_V = vector(ROUNDER);
    private static final FloatVector LN2_HIGH_V = vector(-LN2_HIGH);
    private static final FloatVector LN2_LOW_V = vector(-LN2_LOW);
    private static final FloatVector P2_V = vector(P2);
    private static final FloatVector P3_V = vector(P3);
    private static final FloatVector P4_V = vector(P4);
    private static final FloatVector P5_V = vector(P5);
    private static final FloatVector P6_V = vector(P6);
    private static final IntVector EXPONENT_ONE_V = IntVector.broadcast(INTS, 0x3F800000);

    private VectorExp() {}

    /** exp(x) of every lane; NaN stays NaN. */
    static FloatVector exp(FloatVector x) {
        // Compare and blend: two instructions where min and max need six to treat NaN as Java does. NaN stays NaN.
        FloatVector clamped = x.blend(EXP_MIN_V, x.compare(VectorOperators.LT, EXP_MIN_V));
        clamped = clamped.blend(EXP_MAX_V, clamped.compare(VectorOperators.GT, EXP_MAX_V));
        FloatVector shifted = clamped.fma(LOG2_E_V, ROUNDER_V);
        FloatVector n = shifted.sub(ROUNDER_V);
        FloatVector r = n.fma(LN2_LOW_V, n.fma(LN2_HIGH_V, clamped));
        FloatVector p = r.fma(P6_V, P5_V).fma(r, P4_V).fma(r, P3_V).fma(r, P2_V);
        p = p.mul(r).fma(r, r).add(ONE_V);
        IntVector power =
                shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(EXPONENT_ONE_V);
        return p.mul(power.reinterpretAsFloats());
    }

    /** The same formula for one number; NaN stays NaN. */
    static float exp(float x) {
        float clamped = Math.min(Math.max(x, EXP_MIN), EXP_MAX);
        float shifted = Math.fma(clamped, LOG2_E, ROUNDER);
        float n = shifted - ROUNDER;
        float r = Math.fma(n, -LN2_HIGH, clamped);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(r, P6, P5);
        p = Math.fma(p, r, P4);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P2);
        p = Math.fma(p * r, r, r) + 1;
        return p * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) << 23) + 0x3F800000);
    }

    private static FloatVector vector(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }
}
