package holdfast.replication;

import holdfast.base.Network;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/// Over TCP on this machine.
class LoopbackReplicationTest extends ReplicationContract {
    @Override
    Network network() {
        return Network.system();
    }

    @Override
    SocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
}
