package holdfast.replication;

import java.io.IOException;
import java.time.Duration;

/// The replicator ended the session, or would not begin one, and said why.
public final class SessionEndedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final Duration retryAfter;

    SessionEndedException(Frame.Failure failure) {
        super(failure.message());
        this.code = failure.code();
        this.retryAfter = Duration.ofMillis(failure.retryAfterMillis());
    }

    /// Stable and machine-readable: those of docs/formats/wire.md, and the controller's own.
    public String code() {
        return code;
    }

    /// When trying again may help.
    public Duration retryAfter() {
        return retryAfter;
    }
}
