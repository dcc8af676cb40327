package holdfast.nbd;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What one connection may hold at a time: requests in work, and bytes of payload. Both block when
/// used up, which leaves what comes next in the client's socket.
///
/// No thread asks for bytes while it holds some that only itself can give back, so none waits for
/// ever on another of the same connection. Safe for any thread.
final class Allowance {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Condition idle = lock.newCondition();
    private final int requestsMax;
    private final int bytesMax;
    private final Buffers buffers;
    private int requests;
    private int bytes;

    Allowance(NbdLimits limits, Buffers buffers) {
        this.requestsMax = limits.requestsInFlightMax();
        this.bytesMax = limits.bytesInFlightMax();
        this.buffers = buffers;
    }

    /// Takes up one more request; [#finish] ends it.
    void begin() {
        lock.lock();
        try {
            while (requests == requestsMax) {
                changed.awaitUninterruptibly();
            }
            requests++;
        } finally {
            lock.unlock();
        }
    }

    void finish() {
        lock.lock();
        try {
            requests--;
            changed.signalAll();
            if (requests == 0) {
                idle.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// @param wanted at most the limit on bytes in flight
    Loan lend(int wanted) {
        var capacity = Buffers.capacityFor(wanted);
        lock.lock();
        try {
            while (bytes > bytesMax - capacity) {
                changed.awaitUninterruptibly();
            }
            bytes += capacity;
        } finally {
            lock.unlock();
        }
        return new Loan(buffers.take(wanted));
    }

    /// Returns once no request is in work. More may come; whoever waits here has seen to that.
    void awaitIdle() {
        lock.lock();
        try {
            while (requests > 0) {
                idle.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Bytes on loan; closed once, by whoever holds it last.
    final class Loan implements AutoCloseable {
        private final byte[] array;

        private Loan(byte[] array) {
            this.array = array;
        }

        byte[] array() {
            return array;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                bytes -= array.length;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            buffers.give(array);
        }
    }
}
