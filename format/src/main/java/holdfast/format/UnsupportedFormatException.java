package holdfast.format;

import java.io.IOException;

/// Sound bytes of a format that is newer than this program.
public final class UnsupportedFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    public UnsupportedFormatException(String what, int known, int found) {
        super(
                what
                        + " has format version "
                        + found
                        + ", this program knows up to "
                        + known
                        + ": use a newer Holdfast");
    }
}
