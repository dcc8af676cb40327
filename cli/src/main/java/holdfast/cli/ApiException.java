package holdfast.cli;

import java.io.IOException;

/// The server answered with an error. The message is the server's own.
final class ApiException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;

    /// @param status the HTTP status, 400 to 599
    /// @param code the API's stable code, such as `unknown-server`
    ApiException(int status, String code, String message) {
        super(message);
        this.status = status;
        this.code = code;
    }

    String code() {
        return code;
    }

    /// Whether the request was at fault, so that repeating it unchanged cannot help.
    boolean refused() {
        return status < 500;
    }
}
