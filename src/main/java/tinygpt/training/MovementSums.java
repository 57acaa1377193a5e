package tinygpt.training;

import java.util.Arrays;
import java.util.List;
import tinygpt.parameters.Parameter;

/** The sums that a {@link Movement} is read from: taken by piece in any order, and added up by parameter in theirs. */
final class MovementSums implements Movement {
    /** What is measured of a piece; the places of sums in {@link #ofPiece}. */
    static final int WEIGHT = 0;

    static final int CHANGE = 1;
    static final int WEIGHT_SIZE = 2;
    static final int CHANGE_SIZE = 3;
    static final int GRADIENT = 4;
    private static final int SUMS = 5;

    private final Pieces pieces;
    private final double[][] pieceSums; // by sum, piece
    private final double[][] sums; // by sum, parameter

    MovementSums(Pieces pieces) {
        this.pieces = pieces;
        this.pieceSums = new double[SUMS][pieces.count()];
        this.sums = new double[SUMS][pieces.parameters.size()];
    }

    /** Notes a sum over one piece. */
    void ofPiece(int sum, int piece, double value) {
        pieceSums[sum][piece] = value;
    }

    /** Notes the sums of a move over one piece: squares and sizes of the weights after and of the change. */
    void ofPiece(int piece, double[] moved) {
        for (int sum = WEIGHT; sum <= CHANGE_SIZE; sum++) {
            pieceSums[sum][piece] = moved[sum];
        }
    }

    /** Adds up one sum by parameter. */
    void addUp(int sum) {
        pieces.sumByParameter(pieceSums[sum], sums[sum]);
    }

    void addUpMove() {
        for (int sum = WEIGHT; sum <= CHANGE_SIZE; sum++) {
            addUp(sum);
        }
    }

    void clear(int sum) {
        Arrays.fill(sums[sum], 0);
    }

    /** A sum over all that is trained. */
    double trained(int sum) {
        double total = 0;
        for (int i = 0; i < sums[sum].length; i++) {
            total += pieces.parameters.get(i).trainable() ? sums[sum][i] : 0;
        }
        return total;
    }

    @Override
    public List<Parameter> parameters() {
        return pieces.parameters;
    }

    @Override
    public double gradientNorm(int parameter) {
        return Math.sqrt(sums[GRADIENT][parameter]);
    }

    @Override
    public double weightNorm(int parameter) {
        return Math.sqrt(sums[WEIGHT][parameter]);
    }

    @Override
    public double changeNorm(int parameter) {
        return Math.sqrt(sums[CHANGE][parameter]);
    }

    @Override
    public double weightSize(int parameter) {
        return sums[WEIGHT_SIZE][parameter];
    }

    @Override
    public double changeSize(int parameter) {
        return sums[CHANGE_SIZE][parameter];
    }
}
