package tinygpt.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Token ids on a command line: {@code 1,2,3}.
 *
 * @param ids at least one
 */
record IdList(int... ids) {
    static final class Converter implements ITypeConverter<IdList> {
        @Override
        public IdList convert(String text) {
            String[] words = text.split(",", -1);
            int[] ids = new int[words.length];
            for (int i = 0; i < words.length; i++) {
                String word = words[i].strip();
                if (!word.matches("[0-9]{1,9}")) {
                    throw new TypeConversionException(
                            "'" + word + "' is no token id; ids are whole numbers with commas between, as in 1,2,3");
                }
                ids[i] = Integer.parseInt(word);
            }
            return new IdList(ids);
        }
    }

    /**
     * The ids, if the vocabulary has them all.
     *
     * @throws CommandFailure if not
     */
    int[] within(int vocabularySize) {
        return within("--ids", vocabularySize);
    }

    /** The same for the ids of another option. */
    int[] within(String option, int vocabularySize) {
        for (int id : ids) {
            if (id >= vocabularySize) {
                throw new CommandFailure(
                        Exit.USAGE,
                        option + " has " + id + ", but the ids of this model's vocabulary run from 0 to "
                                + (vocabularySize - 1));
            }
        }
        return ids;
    }

    static String text(int... ids) {
        return IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof IdList list && Arrays.equals(ids, list.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return text(ids);
    }
}
