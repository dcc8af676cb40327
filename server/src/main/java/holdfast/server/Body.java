package holdfast.server;

import io.helidon.http.media.ReadableEntity;
import io.helidon.webserver.CloseConnectionException;
import java.io.IOException;

/// The bytes of a request's body.
final class Body {
    private Body() {}

    /// One byte more than may be, if there is more.
    ///
    /// @throws CloseConnectionException if the sender hung up or fell silent: there is nobody left
    ///   to be told
    static byte[] read(ReadableEntity content, int bytesMax) {
        if (!content.hasEntity()) {
            return new byte[0];
        }
        try (var in = content.inputStream()) {
            return in.readNBytes(bytesMax + 1);
        } catch (IOException | RuntimeException e) {
            throw new CloseConnectionException("the body ended early", e);
        }
    }
}
