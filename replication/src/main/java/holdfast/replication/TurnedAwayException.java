package holdfast.replication;

/// An agent cannot have a session; it is to be told the failure.
final class TurnedAwayException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Frame.Failure failure;

    TurnedAwayException(Frame.Failure failure) {
        super(failure.code() + ": " + failure.message());
        this.failure = failure;
    }

    Frame.Failure failure() {
        return failure;
    }
}
