package holdfast.nbd;

import java.io.IOException;

/// The peer broke the protocol in a way that leaves no meaning to what follows in its stream; the
/// connection ends.
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
        super(message);
    }
}
