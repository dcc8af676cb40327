package holdfast.server;

import holdfast.base.Network;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.Locale;

/// An address that the operator wants a part of the server to listen on.
///
/// @param part whose it is, as the operator knows it
/// @param option by which another one is chosen
record ListenAddress(String part, String option, InetSocketAddress address) {
    static ListenAddress api(ServerSettings settings) {
        return new ListenAddress("the API", "--listen", settings.listen());
    }

    static ListenAddress replication(ServerSettings settings) {
        return new ListenAddress(
                "replication", "--replication-listen", settings.replicationListen());
    }

    /// Tries it out.
    ///
    /// @throws BindException if it is taken or not this machine's; says what to do
    void requireFree(Network network) throws IOException {
        try {
            network.listen(address).close();
        } catch (BindException e) {
            throw taken(e);
        }
    }

    BindException taken(BindException e) {
        return new BindException(
                String.format(
                        Locale.ROOT,
                        "%s cannot listen on %s (%s): stop what listens there, or choose another address with %s",
                        part,
                        ServerSettings.text(address),
                        e.getMessage(),
                        option));
    }
}
