package holdfast.recovery;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The other end of a Unix socket, speaking as a test says. It accepts one connection.
final class Peer implements AutoCloseable {
    /// What the peer does with its connection.
    interface Script {
        void run(BufferedReader in, OutputStream out) throws IOException, InterruptedException;
    }

    private final ServerSocketChannel server;
    private final Path socket;
    private final Thread thread;

    Peer(Path directory, Script script) throws IOException {
        socket = directory.resolve("peer.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        thread = Thread.ofVirtual().name("peer").start(() -> serve(script));
    }

    Path socket() {
        return socket;
    }

    static void say(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private void serve(Script script) {
        try (var connection = server.accept()) {
            script.run(
                    new BufferedReader(
                            new InputStreamReader(
                                    Channels.newInputStream(connection),
                                    StandardCharsets.ISO_8859_1)),
                    Channels.newOutputStream(connection));
        } catch (IOException | InterruptedException _) {
            // the test is over, or its subject hung up, which is its right
        }
    }

    @Override
    public void close() throws IOException {
        thread.interrupt();
        server.close();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
