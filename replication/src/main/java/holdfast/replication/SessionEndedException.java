package holdfast.replication;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// The replicator ended the session, or would not begin one, and said why.
public final class SessionEndedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final Duration retryAfter;

    public SessionEndedException(String code, String message, Duration retryAfter) {
        super(message);
        this.code = code;
        this.retryAfter = retryAfter;
    }

    SessionEndedException(Frame.Failure failure) {
        this(failure.code(), failure.message(), Duration.ofMillis(failure.retryAfterMillis()));
    }

    /// The word of the replicator, if that is what ended a link.
    ///
    /// @param failure of a call on that link
    public static Optional<SessionEndedException> in(IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SessionEndedException ended) {
                return Optional.of(ended);
            }
        }
        return Optional.empty();
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
