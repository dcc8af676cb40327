package holdfast.agent;

/// The operator disconnected this server: it is protected no more, and its agent is to go.
final class DisconnectedException extends Exception {
    private static final long serialVersionUID = 1L;

    DisconnectedException(String message, Throwable cause) {
        super(message, cause);
    }
}
