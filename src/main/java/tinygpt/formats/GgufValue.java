package tinygpt.formats;

import java.util.List;
import java.util.Optional;

/** What stands behind a key of a GGUF file. */
public sealed interface GgufValue {
    /** The types of values, with their codes (docs/gguf.md, "gguf_metadata_value_type"). */
    enum Type {
        UINT8(1),
        INT8(1),
        UINT16(2),
        INT16(2),
        UINT32(4),
        INT32(4),
        FLOAT32(4),
        BOOL(1),
        STRING(8),
        ARRAY(12),
        UINT64(8),
        INT64(8),
        FLOAT64(8);

        private final int leastBytes;

        Type(int leastBytes) {
            this.leastBytes = leastBytes;
        }

        /** The fewest bytes that such a value has in a file. */
        int leastBytes() {
            return leastBytes;
        }

        static Optional<Type> of(int code) {
            return code >= 0 && code < values().length ? Optional.of(values()[code]) : Optional.empty();
        }
    }

    /** The type, as the file says it; of an array, ARRAY. */
    Type type();

    /** An integer of any width; of UINT64, above 2^63 - 1 as a negative number. */
    record Whole(Type type, long value) implements GgufValue {
        @Override
        public String toString() {
            return type == Type.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
        }
    }

    /** A floating point number. */
    record Real(Type type, double value) implements GgufValue {
        @Override
        public String toString() {
            return type == Type.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
        }
    }

    record Flag(boolean value) implements GgufValue {
        @Override
        public Type type() {
            return Type.BOOL;
        }

        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    record Text(String value) implements GgufValue {
        @Override
        public Type type() {
            return Type.STRING;
        }

        @Override
        public String toString() {
            return value;
        }
    }

    /** An array of strings. */
    record Texts(List<String> values) implements GgufValue {
        public Texts {
            values = List.copyOf(values);
        }

        @Override
        public Type type() {
            return Type.ARRAY;
        }
    }

    /** An array of integers of any width or of booleans, which are 0 and 1. */
    record Wholes(Type elements, long[] values) implements GgufValue {
        @Override
        public Type type() {
            return Type.ARRAY;
        }
    }

    /** An array of floating point numbers. */
    record Reals(Type elements, double[] values) implements GgufValue {
        @Override
        public Type type() {
            return Type.ARRAY;
        }
    }
}
