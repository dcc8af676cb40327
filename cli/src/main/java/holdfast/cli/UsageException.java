package holdfast.cli;

/// A command line that parses but makes no sense; the message says which part and what would.
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
