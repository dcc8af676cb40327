package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.recovery.NetworkHost;
import holdfast.recovery.NetworkSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Networks that outlive the controllers, and die with them at each call, before or after the
/// effect.
final class FakeNetworkHost implements NetworkHost {
    final Map<String, NetworkSpec> networks = new LinkedHashMap<>();
    boolean refusing;

    private final Crash.Fuse fuse;

    FakeNetworkHost(Crash.Fuse fuse) {
        this.fuse = fuse;
    }

    @Override
    public synchronized void apply(NetworkSpec spec) {
        fuse.step();
        if (refusing) {
            throw new RefusalException("network-not-permitted", "Holdfast does not run as root");
        }
        networks.put(spec.id(), spec);
        fuse.step();
    }

    @Override
    public synchronized boolean isUp(String id) {
        return networks.containsKey(id);
    }

    @Override
    public synchronized List<String> networks() {
        return List.copyOf(networks.keySet());
    }

    @Override
    public synchronized void remove(String id) {
        networks.remove(id);
    }
}
