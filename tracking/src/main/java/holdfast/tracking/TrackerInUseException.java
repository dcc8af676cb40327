package holdfast.tracking;

import java.util.Locale;

/// Another living process tracks under the same name.
public final class TrackerInUseException extends TrackerException {
    private static final long serialVersionUID = 1L;

    public TrackerInUseException(String name) {
        super(
                String.format(
                        Locale.ROOT,
                        "tracker '%s' is in use by another running agent of this machine",
                        name));
    }
}
