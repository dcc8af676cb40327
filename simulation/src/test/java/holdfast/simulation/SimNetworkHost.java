package holdfast.simulation;

import holdfast.recovery.NetworkHost;
import holdfast.recovery.NetworkSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The networks of the launch host; nothing is sent in them.
final class SimNetworkHost implements NetworkHost {
    private final Map<String, NetworkSpec> networks = new LinkedHashMap<>();

    @Override
    public void apply(NetworkSpec spec) {
        networks.put(spec.id(), spec);
    }

    @Override
    public boolean isUp(String id) {
        return networks.containsKey(id);
    }

    @Override
    public List<String> networks() {
        return List.copyOf(networks.keySet());
    }

    @Override
    public void remove(String id) {
        networks.remove(id);
    }
}
