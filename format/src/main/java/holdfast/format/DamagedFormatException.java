package holdfast.format;

import java.io.IOException;
import java.util.Locale;

/// Bytes that are not what our format says: damage, or not ours at all.
public final class DamagedFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    public DamagedFormatException(String message) {
        super(message);
    }

    /// @throws DamagedFormatException if the two differ
    public static void check(String what, long expected, long found) throws DamagedFormatException {
        if (found != expected) {
            throw new DamagedFormatException(
                    String.format(Locale.ROOT, "%s is %x, expected %x", what, found, expected));
        }
    }
}
