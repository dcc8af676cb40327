package holdfast.cli;

import java.io.IOException;

/// No server answered: it does not run, is elsewhere, or is not the one whose authority we know.
final class UnreachableException extends IOException {
    private static final long serialVersionUID = 1L;

    UnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}
