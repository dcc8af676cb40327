package holdfast.agent;

/// The last round was made, and the replicator has recorded it: there is nothing left to do.
final class FinishedException extends Exception {
    private static final long serialVersionUID = 1L;

    FinishedException(String message) {
        super(message);
    }
}
