package holdfast.systemtest;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/// Passes TCP connections on and counts their bytes: what a process that was killed has sent and
/// received, it cannot say itself. Owns its threads; the opener closes it.
final class CountingRelay implements AutoCloseable {
    private static final int CHUNK_BYTES = 64 << 10;

    private final ServerSocket listener = new ServerSocket();
    private final InetSocketAddress target;
    private final ConcurrentLinkedQueue<Socket> passing = new ConcurrentLinkedQueue<>();
    private final AtomicLong toTarget = new AtomicLong();
    private final AtomicLong fromTarget = new AtomicLong();

    private CountingRelay(InetSocketAddress target) throws IOException {
        this.target = target;
    }

    /// @param address of its own; the port is the target's
    static CountingRelay open(String address, InetSocketAddress target) throws IOException {
        var relay = new CountingRelay(target);
        relay.listener.bind(new InetSocketAddress(address, target.getPort()));
        Thread.ofVirtual().name("relay").start(relay::accept);
        return relay;
    }

    long toTargetBytes() {
        return toTarget.get();
    }

    long fromTargetBytes() {
        return fromTarget.get();
    }

    /// Ends the connections that there are; neither end has asked for it.
    void cut() throws IOException {
        for (var from = passing.poll(); from != null; from = passing.poll()) {
            from.close();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                pass(listener.accept());
            } catch (IOException _) {
                // closed, or the target is away: so are we
            }
        }
    }

    private void pass(Socket from) throws IOException {
        try {
            var to = new Socket(target.getAddress(), target.getPort());
            passing.add(from);
            Thread.ofVirtual().start(() -> pass(from, to, toTarget));
            Thread.ofVirtual().start(() -> pass(to, from, fromTarget));
        } catch (IOException e) {
            from.close();
            throw e;
        }
    }

    private static void pass(Socket from, Socket to, AtomicLong passed) {
        var buffer = new byte[CHUNK_BYTES];
        try (from;
                to) {
            while (true) {
                var count = from.getInputStream().read(buffer);
                if (count < 0) {
                    return;
                }
                to.getOutputStream().write(buffer, 0, count);
                passed.addAndGet(count);
            }
        } catch (IOException _) {
            // one side is gone, so the other goes
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
