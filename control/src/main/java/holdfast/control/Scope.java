package holdfast.control;

import java.util.Optional;

/// As which account something is done: nothing is there to it but what that account has, and what
/// it makes is that account's. Without one everything is there, as to the jobs' engine and to an
/// operator of the whole installation.
///
/// Bound to the thread that does it and its transactions. Threads that it starts do not have it.
///
/// @param further the account; empty for the home account
record Scope(Optional<String> further) {
    static final Scope HOME = new Scope(Optional.empty());

    private static final ScopedValue<Scope> CURRENT = ScopedValue.newInstance();

    static Optional<Scope> current() {
        return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
    }

    <R, X extends Throwable> R call(ScopedValue.CallableOp<R, X> work) throws X {
        return ScopedValue.where(CURRENT, this).call(work);
    }
}
