package tinygpt.inspection;

/**
 * The gradient of one number by nudging it up and down, beside the one by backpropagation.
 *
 * @param slope the central difference, in double precision
 * @param backpropagated the gradient of training, in float32
 * @param typical root mean square of the gradient of its tensor
 */
public record NudgedGradient(double slope, double backpropagated, double typical) {
    /** How far the two may be apart, as a part of the larger. */
    public static final double TOLERANCE = 1e-4;

    /** The same as a part of what is typical for the tensor: float32 rounds where large terms cancel. */
    public static final double TYPICAL_TOLERANCE = 1e-4;

    /** |difference| over the larger of the two; 0 if both are 0. */
    public double relativeDifference() {
        double larger = Math.max(Math.abs(slope), Math.abs(backpropagated));
        return larger == 0 ? 0 : Math.abs(slope - backpropagated) / larger;
    }

    /** Whether they are the same but for rounding. */
    public boolean agrees() {
        double larger = Math.max(Math.abs(slope), Math.abs(backpropagated));
        return Math.abs(slope - backpropagated) <= TOLERANCE * larger + TYPICAL_TOLERANCE * typical;
    }
}
