package holdfast.systemtest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Passes TCP connections on, each direction later by a constant time: the kernel here has no such
/// queueing discipline. A process of its own, since it has to live in a network namespace.
///
/// Holds at most a few hundred KiB for each direction, so that what is behind it is felt before it.
///
/// Usage: `<listen address> <port, there and of the target on loopback> <milliseconds>`; says
/// `relaying` when it listens.
final class DelayRelay {
    private static final int CHUNK_BYTES = 4096;

    /// With the chunk, 50 Mbit/s at 25 ms: above what the link gives.
    private static final int CHUNKS_MAX = 40;

    private DelayRelay() {}

    /// Empty for the end of the stream.
    private record Chunk(byte[] bytes, long dueNanos) {}

    public static void main(String[] arguments) throws IOException {
        var port = Integer.parseInt(arguments[1]);
        var delayNanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(arguments[2]));
        try (var listener = new ServerSocket()) {
            listener.bind(new InetSocketAddress(arguments[0], port));
            System.out.println("relaying");
            while (true) {
                relay(listener.accept(), port, delayNanos);
            }
        }
    }

    private static void relay(Socket from, int target, long delayNanos) throws IOException {
        var to = new Socket();
        try {
            to.connect(new InetSocketAddress("127.0.0.1", target));
        } catch (IOException _) { // the server is away: so are we
            from.close();
            return;
        }
        pass(from, to, delayNanos);
        pass(to, from, delayNanos);
    }

    private static void pass(Socket from, Socket to, long delayNanos) throws IOException {
        var in = from.getInputStream();
        var out = to.getOutputStream();
        var held = new ArrayBlockingQueue<Chunk>(CHUNKS_MAX);
        Thread.ofPlatform().daemon().start(() -> take(in, held, delayNanos));
        Thread.ofPlatform().daemon().start(() -> give(held, out, from, to));
    }

    private static void take(InputStream in, ArrayBlockingQueue<Chunk> held, long delayNanos) {
        var buffer = new byte[CHUNK_BYTES];
        try {
            int count;
            do {
                try {
                    count = Math.max(0, in.read(buffer));
                } catch (IOException _) {
                    count = 0;
                }
                held.put(new Chunk(Arrays.copyOf(buffer, count), System.nanoTime() + delayNanos));
            } while (count > 0);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void give(
            ArrayBlockingQueue<Chunk> held, OutputStream out, Socket from, Socket to) {
        try {
            while (true) {
                var chunk = held.take();
                TimeUnit.NANOSECONDS.sleep(chunk.dueNanos() - System.nanoTime());
                if (chunk.bytes().length == 0) {
                    to.shutdownOutput();
                    return;
                }
                out.write(chunk.bytes());
            }
        } catch (IOException _) { // one side is gone, so the other goes
            close(from);
            close(to);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // gone already
        }
    }
}
