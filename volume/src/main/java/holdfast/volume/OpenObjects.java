package holdfast.volume;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;

/// Objects kept open for reading, so that a read costs one system call and not three. The least
/// recently used are closed beyond a limit, but never under a reader. Safe for any thread.
final class OpenObjects implements AutoCloseable {
    private static final int OPEN_MAX = 128;

    private final StagingStorage storage;
    private final LinkedHashMap<String, Lease> open = new LinkedHashMap<>(16, 0.75f, true);

    OpenObjects(StagingStorage storage) {
        this.storage = storage;
    }

    /// An object in use; closing gives it back.
    final class Lease implements AutoCloseable {
        private final StagingStorage.StoredObject object;
        private int users;
        private boolean forgotten;

        private Lease(StagingStorage.StoredObject object) {
            this.object = object;
        }

        StagingStorage.StoredObject object() {
            return object;
        }

        @Override
        public void close() throws IOException {
            synchronized (open) {
                users--;
                if (users > 0 || !forgotten) {
                    return;
                }
            }
            object.close();
        }
    }

    Lease use(String name) throws IOException {
        var surplus = new ArrayList<Lease>();
        Lease lease;
        synchronized (open) {
            var known = open.get(name);
            if (known == null) {
                known = new Lease(storage.open(name));
                open.put(name, known);
            }
            known.users++;
            lease = known;
            var eldest = open.values().iterator();
            while (open.size() > OPEN_MAX && eldest.hasNext()) {
                var candidate = eldest.next();
                if (candidate.users == 0) {
                    eldest.remove();
                    surplus.add(candidate);
                }
            }
        }
        for (var closing : surplus) {
            closing.object.close();
        }
        return lease;
    }

    /// Closes the object as soon as nobody uses it; a later [#use] opens it afresh.
    void forget(String name) throws IOException {
        Lease lease;
        synchronized (open) {
            lease = open.remove(name);
            if (lease == null) {
                return;
            }
            lease.forgotten = true;
            if (lease.users > 0) {
                return;
            }
        }
        lease.object.close();
    }

    @Override
    public void close() throws IOException {
        synchronized (open) {
            for (var lease : open.values()) {
                lease.object.close();
            }
            open.clear();
        }
    }
}
