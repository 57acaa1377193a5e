package tinygpt.formats;

/**
 * A tensor as the header of a GGUF file describes it.
 *
 * @param name its name
 * @param type how its numbers are stored
 * @param ne sizes of its dimensions, the fastest-varying first: a matrix of r rows and c columns is {c, r}
 * @param offset first byte of its numbers, counted from the beginning of the data
 * @param bytes bytes of its numbers
 */
public record GgufTensor(String name, GgmlType type, long[] ne, long offset, long bytes) {
    public GgufTensor {
        ne = ne.clone();
    }

    @Override
    public long[] ne() {
        return ne.clone();
    }

    /** How many numbers it has. */
    public long elements() {
        return bytes / type.blockBytes() * type.blockSize();
    }
}
