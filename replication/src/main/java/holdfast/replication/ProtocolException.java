package holdfast.replication;

import java.io.IOException;

/// The peer does not keep to docs/formats/wire.md. The connection is of no more use.
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
        super(message);
    }

    ProtocolException(String message, Throwable cause) {
        super(message, cause);
    }
}
