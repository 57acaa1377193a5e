package tinygpt.metrics;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A line of text in the making, in bytes that are used again for the next one. */
public final class LineBuffer {
    private static final int DIGITS = 6;
    private static final long SMALLEST_MANTISSA = 100_000;
    /** Below this, the power of ten that makes six digits of a number would be infinite. */
    private static final double SMALLEST_SCALED = 1e-290;

    /** 10^-303 to 10^303, each the nearest double. */
    private static final int LARGEST_POWER = 303;

    private static final double[] POWERS = powers();
    private static final int FIRST_PLAIN_EXPONENT = -5;

    private byte[] bytes = new byte[1024];
    private int length;

    public byte[] bytes() {
        return bytes;
    }

    public int length() {
        return length;
    }

    public LineBuffer clear() {
        length = 0;
        return this;
    }

    public LineBuffer add(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
        return this;
    }

    /** Characters below 128. */
    public LineBuffer add(String ascii) {
        int count = ascii.length();
        reserve(count);
        for (int i = 0; i < count; i++) {
            bytes[length++] = (byte) ascii.charAt(i);
        }
        return this;
    }

    public LineBuffer addUtf8(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        reserve(encoded.length);
        System.arraycopy(encoded, 0, bytes, length, encoded.length);
        length += encoded.length;
        return this;
    }

    public LineBuffer add(long number) {
        if (number < 0) {
            return add(Long.toString(number));
        }
        int count = 1;
        for (long rest = number / 10; rest > 0; rest /= 10) {
            count++;
        }
        reserve(count);
        long rest = number;
        for (int i = length + count - 1; i >= length; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += count;
        return this;
    }

    /** A finite number, so that it reads back as the same double. */
    public LineBuffer addExact(double number) {
        return add(Double.toString(number));
    }

    /** A finite number to six significant digits, without zeros at the end: {@code 0.0123457}, {@code 1.5e-7}. */
    public LineBuffer addRounded(double number) {
        double size = Math.abs(number);
        if (size < SMALLEST_SCALED) {
            return size == 0 ? add('0') : addExact(number);
        }
        if (number < 0) {
            add('-');
        }
        int exponent = (int) Math.floor(Math.log10(size));
        long mantissa = mantissa(size, exponent);
        if (mantissa < SMALLEST_MANTISSA) { // the logarithm was rounded up
            mantissa = mantissa(size, --exponent);
        } else if (mantissa >= 10 * SMALLEST_MANTISSA) {
            mantissa = mantissa(size, ++exponent);
        }
        int digits = DIGITS;
        while (digits > 1 && mantissa % 10 == 0) {
            mantissa /= 10;
            digits--;
        }
        return exponent < FIRST_PLAIN_EXPONENT || exponent >= DIGITS
                ? addScientific(mantissa, digits, exponent)
                : addPlain(mantissa, digits, exponent);
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static long mantissa(double size, int exponent) {
        return Math.round(size * POWERS[DIGITS - 1 - exponent + LARGEST_POWER]);
    }

    private LineBuffer addScientific(long mantissa, int digits, int exponent) {
        addPlain(mantissa, digits, 0).add('e');
        return (exponent < 0 ? add('-') : this).add(Math.abs((long) exponent));
    }

    /** The digits with the point behind the one of that exponent. */
    private LineBuffer addPlain(long mantissa, int digits, int exponent) {
        if (exponent < 0) {
            add("0.");
            for (int i = -1; i > exponent; i--) {
                add('0');
            }
            return add(mantissa);
        }
        int start = length;
        add(mantissa);
        for (int i = digits; i <= exponent; i++) {
            add('0');
        }
        int whole = start + exponent + 1;
        if (whole < length) {
            reserve(1);
            System.arraycopy(bytes, whole, bytes, whole + 1, length - whole);
            bytes[whole] = '.';
            length++;
        }
        return this;
    }

    private void reserve(int count) {
        if (length + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + count));
        }
    }

    private static double[] powers() {
        double[] powers = new double[2 * LARGEST_POWER + 1];
        for (int i = 0; i < powers.length; i++) {
            powers[i] = Double.parseDouble("1e" + (i - LARGEST_POWER));
        }
        return powers;
    }
}
