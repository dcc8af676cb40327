package holdfast.replication.certificates;

import java.security.KeyPair;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Supplier;

/// This process as a server of the installation: a key kept in memory only, and a certificate that
/// is issued anew when half of its life has passed, so that a server that runs for years needs
/// nobody's care. Safe for any thread.
final class ServerIdentity implements Supplier<Identity> {
    private static final List<String> OWN_NAMES = List.of("localhost", "127.0.0.1", "::1");

    private final CertificateAuthority authority;
    private final KeyPair keys;
    private final List<String> names;
    private Identity current;

    /// @param names host names and addresses by which clients reach it, besides the machine's own
    ///   names for itself
    ServerIdentity(CertificateAuthority authority, List<String> names) {
        this.authority = authority;
        this.keys = Keys.generate(authority.random());
        var all = new LinkedHashSet<>(OWN_NAMES);
        all.addAll(names);
        this.names = List.copyOf(all);
        this.current = authority.issueToServer(keys, this.names);
    }

    @Override
    public synchronized Identity get() {
        // "not yet valid" is what a clock that was ahead at the start and then set right leads to
        if (current.agedOrFuture(authority.time().now())) {
            current = authority.issueToServer(keys, names);
        }
        return current;
    }
}
