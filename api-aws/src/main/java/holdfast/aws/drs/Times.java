package holdfast.aws.drs;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Times as the service writes them: ISO 8601 in UTC, and ISO 8601 durations.
final class Times {
    private static final DateTimeFormatter TEXT =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private Times() {}

    static String text(Instant instant) {
        return TEXT.format(instant);
    }

    static String duration(Duration duration) {
        return duration.toString();
    }

    /// @param member whose text it is
    static @Nullable Instant parse(String member, @Nullable String text) {
        try {
            return text == null ? null : Instant.parse(text);
        } catch (DateTimeException _) {
            throw DrsRules.invalid(member, member + " is not a time: " + text);
        }
    }
}
