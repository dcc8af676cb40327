package holdfast.volume;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// Objects kept open for reading, so that a read costs one system call and not three. The least
/// recently used are closed beyond a limit, but never under a reader. Safe for any thread.
final class OpenObjects implements AutoCloseable {
    private static final int OPEN_MAX = 128;

    private final StagingStorage storage;
    private final LinkedHashMap<String, Lease> open = new LinkedHashMap<>(16, 0.75f, true);

    /// Of what is open, and who uses it.
    private final ReentrantLock lock = new ReentrantLock();

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
            lock.lock();
            try {
                users--;
                if (users > 0 || !forgotten) {
                    return;
                }
            } finally {
                lock.unlock();
            }
            object.close();
        }
    }

    Lease use(String name) throws IOException {
        var surplus = new ArrayList<Lease>();
        Lease lease;
        lock.lock();
        try {
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
        } finally {
            lock.unlock();
        }
        for (var closing : surplus) {
            closing.object.close();
        }
        return lease;
    }

    /// Closes the object as soon as nobody uses it; a later [#use] opens it afresh.
    void forget(String name) throws IOException {
        Lease lease;
        lock.lock();
        try {
            lease = open.remove(name);
            if (lease == null) {
                return;
            }
            lease.forgotten = true;
            if (lease.users > 0) {
                return;
            }
        } finally {
            lock.unlock();
        }
        lease.object.close();
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            for (var lease : open.values()) {
                lease.object.close();
            }
            open.clear();
        } finally {
            lock.unlock();
        }
    }
}
