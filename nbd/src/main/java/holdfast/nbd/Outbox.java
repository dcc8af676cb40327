package holdfast.nbd;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;

/// Sends replies, each whole, in the order given. There is no sending thread: whoever comes first
/// sends for all who come meanwhile, so a reply alone costs no handover and many small ones cost
/// one system call.
///
/// Takes replies from any thread. What waits here is bounded by the connection's [Allowance], which
/// each reply holds until it is sent.
final class Outbox {
    private static final int GATHER_BYTES = 64 << 10;

    /// Larger ones go out by themselves: copying them costs more than a call.
    private static final int GATHERED_BYTES_MAX = 16 << 10;

    private final OutputStream out;
    private final Runnable onFailure;
    private final byte[] gathered = new byte[GATHER_BYTES];
    private final ReentrantLock lock = new ReentrantLock();
    private ArrayDeque<Reply> waiting = new ArrayDeque<>();
    private ArrayDeque<Reply> taken = new ArrayDeque<>();
    private boolean sending;
    private boolean failed;

    /// @param sent runs once the bytes are sent, or never will be, and are free for other use
    record Reply(byte[] bytes, int length, Runnable sent) {}

    /// @param onFailure runs once if the peer can no longer be reached
    Outbox(OutputStream out, Runnable onFailure) {
        this.out = out;
        this.onFailure = onFailure;
    }

    void send(Reply reply) {
        lock.lock();
        try {
            waiting.add(reply);
            if (sending) {
                return;
            }
            sending = true;
        } finally {
            lock.unlock();
        }
        while (takeWaiting()) {
            sendTaken();
        }
    }

    private boolean takeWaiting() {
        lock.lock();
        try {
            var batch = waiting;
            waiting = taken;
            taken = batch;
            sending = !taken.isEmpty();
            return sending;
        } finally {
            lock.unlock();
        }
    }

    private void sendTaken() {
        try {
            if (!failed) {
                write();
            }
        } catch (IOException | RuntimeException _) {
            failed = true;
            onFailure.run();
        } finally {
            taken.forEach(reply -> reply.sent().run());
            taken.clear();
        }
    }

    private void write() throws IOException {
        if (taken.size() == 1) {
            var only = taken.getFirst();
            out.write(only.bytes(), 0, only.length());
            return;
        }
        var count = 0;
        for (var reply : taken) {
            var gather = reply.length() <= GATHERED_BYTES_MAX;
            if (!gather || reply.length() > GATHER_BYTES - count) {
                out.write(gathered, 0, count);
                count = 0;
            }
            if (gather) {
                System.arraycopy(reply.bytes(), 0, gathered, count, reply.length());
                count += reply.length();
            } else {
                out.write(reply.bytes(), 0, reply.length());
            }
        }
        out.write(gathered, 0, count);
    }
}
