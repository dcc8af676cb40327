package holdfast.volume;

/// The state at a sequence was given up, or records that it needs are missing: no later attempt
/// finds it.
final class GoneException extends StoreException {
    private static final long serialVersionUID = 1L;

    GoneException(String message) {
        super(message);
    }
}
