package holdfast.control;

import java.io.IOException;

/// The control database cannot do what was asked because of the world: disk, room, damage. Nothing
/// of the transaction was kept.
public class DatabaseException extends IOException {
    private static final long serialVersionUID = 1L;

    DatabaseException(String message) {
        super(message);
    }

    DatabaseException(String message, Throwable cause) {
        super(message, cause);
    }
}
