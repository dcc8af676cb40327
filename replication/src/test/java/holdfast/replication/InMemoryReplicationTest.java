package holdfast.replication;

import holdfast.base.Network;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/// Over a network without sockets: the seam holds all that the protocol needs.
class InMemoryReplicationTest extends ReplicationContract {
    private final Network network = new MemoryNetwork();

    @Override
    Network network() {
        return network;
    }

    @Override
    SocketAddress address() {
        return InetSocketAddress.createUnresolved("replicator", Replicator.PORT);
    }
}
