package holdfast.cli;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// Sizes and spans as people read them. JSON output never passes through here: it stays exact.
final class Units {
    private static final List<String> BINARY =
            List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB");

    private Units() {}

    /// `512 B`, `1.5 GiB`: one decimal above bytes, binary units.
    static String bytes(long bytes) {
        var value = (double) bytes;
        var unit = 0;
        // 1023.95 and not 1024: what would be rounded to "1024.0 KiB" is already "1.0 MiB".
        while (value >= 1023.95 && unit < BINARY.size() - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0
                ? bytes + " B"
                : String.format(Locale.ROOT, "%.1f %s", value, BINARY.get(unit));
    }

    /// `850 ms`, `12.3 s`, `3 min 20 s`, `5 h 02 min`, `3 d 04 h`: two figures that matter.
    static String span(Duration span) {
        var millis = span.toMillis();
        if (millis < 1000) {
            return millis + " ms";
        }
        if (millis < 59_950) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
        }
        var rounded = span.plusMillis(500);
        if (rounded.toHours() < 1) {
            return String.format(
                    Locale.ROOT, "%d min %02d s", rounded.toMinutes(), rounded.toSecondsPart());
        }
        if (rounded.toDays() < 1) {
            return String.format(
                    Locale.ROOT, "%d h %02d min", rounded.toHours(), rounded.toMinutesPart());
        }
        return String.format(Locale.ROOT, "%d d %02d h", rounded.toDays(), rounded.toHoursPart());
    }

    /// `42.0%`; never `100.0%` before the last byte is there.
    static String percent(long part, long whole) {
        if (whole <= 0) {
            return "-";
        }
        var share = part >= whole ? 100.0 : Math.min(99.9, 100.0 * part / whole);
        return String.format(Locale.ROOT, "%.1f%%", share);
    }
}
