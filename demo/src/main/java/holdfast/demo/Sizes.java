package holdfast.demo;

import java.util.List;
import java.util.Locale;

/// Sizes for people.
final class Sizes {
    private static final List<String> UNITS = List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB");

    private Sizes() {}

    /// Such as `512 B`, `1.5 MiB`.
    static String text(long bytes) {
        var unit = 0;
        var value = (double) bytes;
        while (value >= 1024 && unit < UNITS.size() - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0
                ? bytes + " B"
                : String.format(Locale.ROOT, "%.1f %s", value, UNITS.get(unit));
    }
}
