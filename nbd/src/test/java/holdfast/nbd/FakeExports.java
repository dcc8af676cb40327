package holdfast.nbd;

import holdfast.volume.VolumeView;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// Exports a test sets up by name.
final class FakeExports implements Exports {
    interface Opener {
        VolumeView open() throws IOException;
    }

    private final Map<String, Opener> byName = new ConcurrentHashMap<>();

    FakeExports with(String name, Opener opener) {
        byName.put(name, opener);
        return this;
    }

    void remove(String name) {
        byName.remove(name);
    }

    @Override
    public List<String> names() {
        return List.copyOf(new TreeMap<>(byName).keySet());
    }

    @Override
    public Optional<VolumeView> open(String name) throws IOException {
        var opener = byName.get(name);
        return opener == null ? Optional.empty() : Optional.of(opener.open());
    }
}
