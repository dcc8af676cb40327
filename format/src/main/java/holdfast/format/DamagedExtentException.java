package holdfast.format;

import java.io.IOException;
import java.util.Locale;

/// The bytes of an extent are not those that its sender packed.
public final class DamagedExtentException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedExtentException(PackedExtent extent, String what) {
        super(
                String.format(
                        Locale.ROOT,
                        "blocks %d to %d: %s",
                        extent.firstBlock(),
                        extent.endBlock() - 1,
                        what));
    }
}
