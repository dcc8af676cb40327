package holdfast.nbd;

import holdfast.volume.NoRoomException;
import holdfast.volume.StoreException;
import java.io.IOException;
import java.util.Objects;

/// Why a request is not carried out, for its client.
record Failure(ErrorCode error, String message) {
    /// Damage, and all else that goes wrong below, is an I/O error. A full staging area is not, so
    /// that a virtual machine may pause until there is room. The store's own messages are meant for
    /// users; others may name what is none of a client's business.
    static Failure of(Throwable thrown) {
        return switch (thrown) {
            case NoRoomException e -> new Failure(ErrorCode.ENOSPC, text(e));
            case StoreException e -> new Failure(ErrorCode.EIO, text(e));
            default -> new Failure(ErrorCode.EIO, "input/output error, see the server's log");
        };
    }

    private static String text(IOException e) {
        return Objects.requireNonNullElse(e.getMessage(), "no reason given");
    }
}
