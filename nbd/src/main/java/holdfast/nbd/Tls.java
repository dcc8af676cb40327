package holdfast.nbd;

import holdfast.base.Network.Connection;
import java.io.IOException;

/// What a listener demands of its connections. How TLS is done, and whose certificates are
/// accepted, is the [Upgrade]'s matter; the module needs no TLS library of its own.
///
/// The names in brackets are those of the protocol (doc/proto.md, "TLS support").
public sealed interface Tls {
    /// No TLS (NOTLS): for Unix sockets, which the file system's permissions protect.
    record Off() implements Tls {}

    /// At the client's choice (SELECTIVETLS without exports of TLS only). Does not protect from a
    /// man in the middle unless the client insists.
    record Offered(Upgrade upgrade) implements Tls {}

    /// Nothing is answered without TLS (FORCEDTLS), not even the list of exports.
    record Required(Upgrade upgrade) implements Tls {}

    /// Turns an accepted connection into a protected one.
    @FunctionalInterface
    interface Upgrade {
        /// Runs the server's side of the TLS handshake and returns the protected connection, which
        /// owns the plain one. Bounded from outside: when the handshake takes too long the plain
        /// connection is closed under it.
        ///
        /// @throws IOException if the peer is not who it must be, or went away
        Connection accept(Connection plain) throws IOException;
    }
}
