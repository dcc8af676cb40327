package holdfast.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// Objects kept open for reading, so that a read costs one system call and not three. The least
/// recently used are closed beyond a limit, but never under a reader. Safe for any thread.
final class OpenObjects implements AutoCloseable {
    /// However many objects there are. Where nobody set more, a process may have 1024 descriptors,
    /// most of which connections need. Readers at work may go beyond it by one each.
    static final int OPEN_MAX = 128;

    private final StagingStorage storage;
    private final LinkedHashMap<String, Lease> open = new LinkedHashMap<>(16, 0.75f, true);

    /// Of what is open, and who uses it.
    private final ReentrantLock lock = new ReentrantLock();

    private boolean closed;

    OpenObjects(StagingStorage storage) {
        this.storage = storage;
    }

    /// Reads an object that is open.
    @FunctionalInterface
    private interface Reading<T> {
        T from(StagingStorage.StoredObject object) throws IOException;
    }

    /// An object in use; closing gives it back.
    ///
    /// A thread that is interrupted while it reads a file closes it for all others
    /// ([java.nio.channels.InterruptibleChannel]); they open it again.
    final class Lease implements StagingStorage.ReadableObject, AutoCloseable {
        private final String name;
        private StagingStorage.StoredObject object;
        private int users;
        private boolean forgotten;

        private Lease(String name) throws IOException {
            this.name = name;
            this.object = storage.open(name);
        }

        @Override
        public int read(ByteBuffer target, long offsetBytes) throws IOException {
            var start = target.position();
            return reading(object -> object.read(target.position(start), offsetBytes));
        }

        @Override
        public long sizeBytes() throws IOException {
            return reading(StagingStorage.StoredObject::sizeBytes);
        }

        private <T> T reading(Reading<T> how) throws IOException {
            while (true) {
                var current = current();
                try {
                    return how.from(current);
                } catch (ClosedByInterruptException e) {
                    throw e;
                } catch (ClosedChannelException e) {
                    openAgain(current, e);
                }
            }
        }

        private StagingStorage.StoredObject current() {
            lock.lock();
            try {
                return object;
            } finally {
                lock.unlock();
            }
        }

        private void openAgain(StagingStorage.StoredObject broken, IOException why)
                throws IOException {
            lock.lock();
            try {
                if (closed) {
                    throw why;
                }
                if (object.equals(broken)) {
                    object = storage.open(name);
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            StagingStorage.StoredObject last;
            lock.lock();
            try {
                users--;
                if (users > 0 || !forgotten) {
                    return;
                }
                last = object;
            } finally {
                lock.unlock();
            }
            last.close();
        }
    }

    Lease use(String name) throws IOException {
        var surplus = new ArrayList<StagingStorage.StoredObject>();
        Lease lease;
        lock.lock();
        try {
            var known = open.get(name);
            if (known == null) {
                known = new Lease(name);
                open.put(name, known);
            }
            known.users++;
            lease = known;
            var eldest = open.values().iterator();
            while (open.size() > OPEN_MAX && eldest.hasNext()) {
                var candidate = eldest.next();
                if (candidate.users == 0) {
                    eldest.remove();
                    surplus.add(candidate.object);
                }
            }
        } finally {
            lock.unlock();
        }
        for (var closing : surplus) {
            closing.close();
        }
        return lease;
    }

    /// Closes the object as soon as nobody uses it; a later [#use] opens it afresh.
    void forget(String name) throws IOException {
        StagingStorage.StoredObject last;
        lock.lock();
        try {
            var lease = open.remove(name);
            if (lease == null) {
                return;
            }
            lease.forgotten = true;
            if (lease.users > 0) {
                return;
            }
            last = lease.object;
        } finally {
            lock.unlock();
        }
        last.close();
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            closed = true;
            for (var lease : open.values()) {
                lease.object.close();
            }
            open.clear();
        } finally {
            lock.unlock();
        }
    }
}
