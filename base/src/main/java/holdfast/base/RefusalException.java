package holdfast.base;

/// A request that the present state does not allow: the caller's to mend, nothing was changed.
///
/// The message says what was asked, what was found and what to do next, in words fit for the user
/// who asked.
public final class RefusalException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;

    /// @param code stable, machine-readable, in the form `unknown-server`
    public RefusalException(String code, String message) {
        super(message);
        this.code = code;
    }

    public String code() {
        return code;
    }
}
