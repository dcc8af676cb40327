package holdfast.simulation;

/// A world in which something did not hold that must.
final class BrokenInvariantException extends RuntimeException {
    private static final long serialVersionUID = 1;

    final Invariant invariant;

    BrokenInvariantException(Invariant invariant, String what) {
        super(invariant + ": " + what);
        this.invariant = invariant;
    }

    BrokenInvariantException because(Throwable cause) {
        initCause(cause);
        return this;
    }
}
