package tinygpt.parameters;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import tinygpt.tensor.Slab;

/**
 * The numbers of some parameters as bytes, to be sent to another machine: little-endian float32 in the order of the
 * parameters, without gaps, in slices. One set of slices fits any slab that has a place for these parameters: weights,
 * gradients or moments.
 */
public final class ParameterBytes {
    /** Bytes of a slice, of which the last may have fewer. A Java array cannot hold a large model. */
    public static final int SLICE = 16 << 20;

    /** Floats of a piece at most: what one worker copies at a time. */
    public static final int PIECE = 1 << 14;

    private final List<Piece> pieces = new ArrayList<>();
    private final long bytes;

    /** A stretch of one parameter, which lies in one slice. */
    private record Piece(Parameter parameter, long from, int slice, int at, int count) {
        long offset(SlabLayout layout) {
            return layout.offset(parameter) + from;
        }

        ByteBuffer in(byte[][] slices) {
            return ByteBuffer.wrap(slices[slice], at, count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** A plan for parameters that have numbers of their own. */
    public ParameterBytes(List<Parameter> parameters) {
        long place = 0;
        for (Parameter parameter : parameters) {
            long from = 0;
            while (from < parameter.size()) {
                int at = (int) (place % SLICE);
                int count = (int) Math.min(Math.min(PIECE, (SLICE - at) / Float.BYTES), parameter.size() - from);
                pieces.add(new Piece(parameter, from, (int) (place / SLICE), at, count));
                from += count;
                place += (long) count * Float.BYTES;
            }
        }
        bytes = place;
    }

    /** Bytes in all slices. */
    public long size() {
        return bytes;
    }

    /** Number of pieces; they may be copied by several threads at once. */
    public int pieces() {
        return pieces.size();
    }

    /** Floats in a piece. */
    public int length(int piece) {
        return pieces.get(piece).count();
    }

    /** The numbers that a slab has for these parameters. */
    public byte[][] read(Slab slab, SlabLayout layout) {
        byte[][] slices = new byte[(int) ((bytes + SLICE - 1) / SLICE)][];
        for (int i = 0; i < slices.length; i++) {
            slices[i] = new byte[(int) Math.min(SLICE, bytes - (long) i * SLICE)];
        }
        float[] floats = new float[PIECE];
        for (Piece piece : pieces) {
            slab.read(piece.offset(layout), floats, 0, piece.count());
            piece.in(slices).asFloatBuffer().put(floats, 0, piece.count());
        }
        return slices;
    }

    /** Writes all slices into a slab. */
    public void write(byte[][] slices, Slab slab, SlabLayout layout) {
        float[] floats = new float[PIECE];
        for (int i = 0; i < pieces.size(); i++) {
            get(slices, i, floats);
            put(i, floats, slab, layout);
        }
    }

    /** Copies a piece out of slices. */
    public void get(byte[][] slices, int piece, float[] floats) {
        Piece one = pieces.get(piece);
        one.in(slices).asFloatBuffer().get(floats, 0, one.count());
    }

    /** Copies a piece into a slab. */
    public void put(int piece, float[] floats, Slab slab, SlabLayout layout) {
        Piece one = pieces.get(piece);
        slab.write(one.offset(layout), floats, 0, one.count());
    }
}
