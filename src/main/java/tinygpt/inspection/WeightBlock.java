package tinygpt.inspection;

import tinygpt.parameters.Parameter;
import tinygpt.tensor.Matrix;

/**
 * A rectangle of one tensor; a vector counts as one row.
 *
 * @param parameter the tensor whose own numbers these are: never a tied one
 * @param row first row
 * @param column first column
 * @param rows how many
 * @param columns how many
 */
record WeightBlock(Parameter parameter, int row, int column, int rows, int columns) {
    /** The whole of a tensor, or of the one it is tied to. */
    static WeightBlock whole(Parameter parameter) {
        Parameter owner = parameter.tiedTo() == null ? parameter : parameter.tiedTo();
        int[] shape = owner.shape();
        return new WeightBlock(owner, 0, 0, shape.length == 1 ? 1 : shape[0], shape[shape.length - 1]);
    }

    /** Some rows of a matrix. */
    static WeightBlock rows(Parameter parameter, int first, int count) {
        return new WeightBlock(parameter, first, 0, count, parameter.shape()[1]);
    }

    /** Some columns of a matrix, or elements of a vector. */
    static WeightBlock columns(Parameter parameter, int first, int count) {
        WeightBlock whole = whole(parameter);
        return new WeightBlock(parameter, 0, first, whole.rows, count);
    }

    long size() {
        return (long) rows * columns;
    }

    /** Where a row of this block begins in its tensor, in C order. */
    long place(int inBlock) {
        int[] shape = parameter.shape();
        return (long) (row + inBlock) * shape[shape.length - 1] + column;
    }

    /** These numbers of a matrix that holds the whole tensor. */
    Matrix of(Matrix tensor) {
        return tensor.block(row, column, rows, columns);
    }
}
