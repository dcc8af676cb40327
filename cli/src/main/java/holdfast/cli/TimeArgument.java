package holdfast.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Times as people type them, and times as people are shown them; what is shown can be typed.
///
/// | form | means |
/// | --- | --- |
/// | `2026-11-21T08:15:30.250Z`, `...+01:00` | that instant |
/// | `2026-11-21T08:15:30`, `2026-11-21 08:15` | that time in the local zone |
/// | `08:15`, `08:15:30.5` | that time today, in the local zone |
/// | `-5m`, `-1h30m`, `-2d`, `-0.5s` | that long before now |
final class TimeArgument {
    private static final Pattern RELATIVE =
            Pattern.compile(
                    "-(?:(\\d{1,5})d)?(?:(\\d{1,6})h)?(?:(\\d{1,8})m)?(?:(\\d{1,9})(?:\\.(\\d{1,3}))?s)?");
    private static final DateTimeFormatter SHOWN =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS", Locale.ROOT);

    private static final DateTimeFormatter MICROS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS", Locale.ROOT);

    private static final DateTimeFormatter NANOS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSSSSS", Locale.ROOT);

    /// Clocks of client and server may differ; further ahead than this is a slip of the hand.
    private static final Duration AHEAD_MAX = Duration.ofMinutes(1);

    private TimeArgument() {}

    /// @throws UsageException saying what is wrong with the text and what would be right
    static Instant parse(String text, Instant now, ZoneId zone) {
        if (text.startsWith("-")) {
            return now.minus(span(text));
        }
        var local = LocalDateTime.ofInstant(now, zone);
        if (text.length() >= 5 && text.charAt(2) == ':') {
            var today = inZone(text, local.toLocalDate().atTime(timeOfDay(text)), zone);
            if (today.isAfter(now.plus(AHEAD_MAX))) {
                var yesterday = local.toLocalDate().minusDays(1);
                throw new UsageException(
                        String.format(
                                Locale.ROOT,
                                "%s today is still to come (it is %s); for yesterday write %sT%s",
                                text,
                                shown(now, zone),
                                yesterday,
                                text));
            }
            return today;
        }
        var instant = dateAndTime(text, zone);
        if (instant.isAfter(now.plus(AHEAD_MAX))) {
            throw new UsageException(
                    String.format(
                            Locale.ROOT,
                            "%s lies in the future (it is %s)",
                            text,
                            shown(now, zone)));
        }
        return instant;
    }

    /// The instant in the given zone, to the millisecond: `2026-11-21 08:15:30.250`.
    static String shown(Instant instant, ZoneId zone) {
        return SHOWN.format(instant.atZone(zone));
    }

    /// `1h30m`, `2d`, `0s`.
    static Optional<Duration> duration(String text) {
        try {
            return Optional.of(span("-" + text));
        } catch (UsageException _) {
            return Optional.empty();
        }
    }

    private static Duration span(String text) {
        var match = RELATIVE.matcher(text);
        if (text.length() < 3 || !match.matches()) {
            throw notATime(text);
        }
        var millis = match.group(5) == null ? "" : match.group(5);
        return Duration.ofDays(number(match.group(1)))
                .plusHours(number(match.group(2)))
                .plusMinutes(number(match.group(3)))
                .plusSeconds(number(match.group(4)))
                .plusMillis(number(millis + "0".repeat(3 - millis.length())));
    }

    private static long number(String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }

    /// The same to the last digit there is, in threes: what is typed back with `--at` must not be
    /// before the point that was shown.
    static String exact(Instant instant, ZoneId zone) {
        var micros = instant.equals(instant.truncatedTo(ChronoUnit.MICROS)) ? MICROS : NANOS;
        var form = instant.equals(instant.truncatedTo(ChronoUnit.MILLIS)) ? SHOWN : micros;
        return form.format(instant.atZone(zone));
    }

    private static LocalTime timeOfDay(String text) {
        try {
            return LocalTime.parse(text);
        } catch (DateTimeParseException _) {
            throw notATime(text);
        }
    }

    private static Instant dateAndTime(String text, ZoneId zone) {
        var spelled =
                text.length() > 10 && text.charAt(10) == ' ' ? text.replaceFirst(" ", "T") : text;
        try {
            var parsed =
                    DateTimeFormatter.ISO_DATE_TIME.parseBest(
                            spelled, OffsetDateTime::from, LocalDateTime::from);
            return switch (parsed) {
                case OffsetDateTime exact -> exact.toInstant();
                case LocalDateTime local -> inZone(text, local, zone);
                default -> throw notATime(text);
            };
        } catch (DateTimeParseException _) {
            throw notATime(text);
        }
    }

    private static Instant inZone(String text, LocalDateTime local, ZoneId zone) {
        var offsets = zone.getRules().getValidOffsets(local);
        return switch (offsets.size()) {
            case 1 -> local.toInstant(offsets.getFirst());
            case 0 ->
                    throw new UsageException(
                            String.format(
                                    Locale.ROOT,
                                    "%s does not exist in %s: the clocks were set forward over it",
                                    text,
                                    zone));
            default ->
                    throw new UsageException(
                            String.format(
                                    Locale.ROOT,
                                    "%s happened twice in %s: say which by adding %s or %s",
                                    text,
                                    zone,
                                    offsets.getFirst(),
                                    offsets.getLast()));
        };
    }

    private static UsageException notATime(String text) {
        return new UsageException(
                String.format(
                        Locale.ROOT,
                        "'%s' is no time: write 2026-11-21T08:15:30Z, 2026-11-21 08:15:30 or 08:15:30 (local zone), or -5m",
                        text));
    }
}
