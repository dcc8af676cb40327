package holdfast.control;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One row as read, its checksum verified. Values are text, 64-bit integers or null: the types that
/// every SQL database has.
///
/// @param positions of the columns' values
record Row(Map<String, Integer> positions, @Nullable Object[] values) {
    String text(String column) {
        return (String) present(column);
    }

    long number(String column) {
        return (Long) present(column);
    }

    boolean flag(String column) {
        return number(column) != 0;
    }

    /// Stored as milliseconds since 1970-01-01 UTC.
    Instant instant(String column) {
        return Instant.ofEpochMilli(number(column));
    }

    Optional<String> optionalText(String column) {
        return Optional.ofNullable((String) value(column));
    }

    Optional<Long> optionalNumber(String column) {
        return Optional.ofNullable((Long) value(column));
    }

    Optional<Instant> optionalInstant(String column) {
        return Optional.ofNullable((Long) value(column)).map(Instant::ofEpochMilli);
    }

    private Object present(String column) {
        var value = value(column);
        if (value == null) {
            throw new IllegalStateException("column " + column + " is null");
        }
        return value;
    }

    private @Nullable Object value(String column) {
        var position = positions.get(column);
        if (position == null) {
            throw new IllegalStateException("column " + column + " is not selected");
        }
        return values[position];
    }
}
