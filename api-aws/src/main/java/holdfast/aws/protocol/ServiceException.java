package holdfast.aws.protocol;

import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// An error as a client's SDK knows it by type.
@SuppressWarnings("serial") // never serialised by Java
public abstract class ServiceException extends RuntimeException implements Structure {
    private final String type;
    private final int status;

    /// No stack trace: it is an answer, and not a fault.
    protected ServiceException(String type, int status, @Nullable String message) {
        super(message, null, false, false);
        this.type = type;
        this.status = status;
    }

    /// The name that clients map to their exception.
    public final String type() {
        return type;
    }

    public final int status() {
        return status;
    }

    /// Members that travel as headers.
    public void headers(BiConsumer<String, String> to) {}
}
