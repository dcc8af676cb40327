package holdfast.recovery;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/// An IPv4 address.
///
/// @param bits in network order
public record Ipv4(int bits) implements Comparable<Ipv4> {
    private static final Pattern FORM =
            Pattern.compile("([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})");
    private static final int OCTET_MAX = 255;

    /// @throws IllegalArgumentException if this is none
    public static Ipv4 parse(String text) {
        var parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("not an IPv4 address: " + text);
        }
        var bits = 0;
        for (var group = 1; group <= parts.groupCount(); group++) {
            var octet = Integer.parseInt(parts.group(group));
            if (octet > OCTET_MAX) {
                throw new IllegalArgumentException("not an IPv4 address: " + text);
            }
            bits = bits << Byte.SIZE | octet;
        }
        return new Ipv4(bits);
    }

    /// @throws ArithmeticException beyond the last address
    public Ipv4 plus(long count) {
        var sum = Integer.toUnsignedLong(bits) + count;
        if (sum < 0 || sum > Integer.toUnsignedLong(-1)) {
            throw new ArithmeticException(this + " and " + count + " more");
        }
        return new Ipv4((int) sum);
    }

    public boolean isLoopback() {
        return bits >>> 24 == 127;
    }

    @Override
    public int compareTo(Ipv4 other) {
        return Integer.compareUnsigned(bits, other.bits);
    }

    /// Dotted.
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d.%d.%d.%d",
                Arrays.stream(new int[] {24, 16, 8, 0})
                        .mapToObj(shift -> bits >>> shift & OCTET_MAX)
                        .toArray());
    }
}
