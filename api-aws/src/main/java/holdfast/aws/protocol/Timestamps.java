package holdfast.aws.protocol;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

/// How a model writes an instant.
public enum Timestamps {
    EPOCH_SECONDS,
    DATE_TIME,
    HTTP_DATE;

    /// Beyond it lies no date that a year of four digits names.
    private static final BigDecimal SECONDS_MAX = BigDecimal.valueOf(253_402_300_800L);

    static BigDecimal seconds(Instant instant) {
        return BigDecimal.valueOf(instant.toEpochMilli(), 3).stripTrailingZeros();
    }

    /// @throws DateTimeException if there is no such instant
    static Instant ofSeconds(BigDecimal seconds) {
        if (seconds.abs().compareTo(SECONDS_MAX) >= 0 || seconds.scale() > 9) {
            throw new DateTimeException("out of range");
        }
        return Instant.ofEpochMilli(seconds.movePointRight(3).toBigInteger().longValueExact());
    }

    String text(Instant instant) {
        return switch (this) {
            case DATE_TIME -> instant.toString();
            case HTTP_DATE ->
                    DateTimeFormatter.RFC_1123_DATE_TIME.format(instant.atOffset(ZoneOffset.UTC));
            case EPOCH_SECONDS -> seconds(instant).toPlainString();
        };
    }

    /// @throws DateTimeException if the text is none
    Instant parse(String text) {
        return switch (this) {
            case DATE_TIME -> OffsetDateTime.parse(text).toInstant();
            case HTTP_DATE ->
                    ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            case EPOCH_SECONDS -> throw new DateTimeException("a number is due");
        };
    }
}
