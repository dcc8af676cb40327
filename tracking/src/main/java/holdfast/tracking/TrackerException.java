package holdfast.tracking;

import holdfast.base.linux.LinuxException;
import java.io.IOException;

/// Tracking cannot start or go on; says why and what would help.
public sealed class TrackerException extends IOException permits TrackerInUseException {
    private static final long serialVersionUID = 1L;

    public TrackerException(String message) {
        super(message);
    }

    public TrackerException(String message, Throwable cause) {
        super(message, cause);
    }

    /// A system call's refusal, in its own words.
    public TrackerException(LinuxException cause) {
        super(cause.getMessage(), cause);
    }
}
