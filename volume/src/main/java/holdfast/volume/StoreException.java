package holdfast.volume;

import java.io.IOException;

/// The staging area cannot do what was asked because of the world: disk, damage, room. Base of the
/// module's checked exceptions.
public class StoreException extends IOException {
    private static final long serialVersionUID = 1L;

    public StoreException(String message) {
        super(message);
    }

    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
