package holdfast.recovery;

import holdfast.base.Network;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/// Lines of text over a Unix socket to a peer that may be slow, hung or hostile.
///
/// Reads of a Unix socket cannot be bounded in time, and neither can connecting to a peer whose
/// queue is full. So one virtual thread, owned by this object, connects and reads; callers poll.
/// What the peer sends is held up to a fixed number of lines of bounded length; a peer that sends
/// more is not read on. Polled, written and closed by one thread.
final class LineChannel implements AutoCloseable {
    private static final int LINES_MAX = 64;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);

    private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(LINES_MAX);
    private final int lineBytesMax;
    private final Path socket;
    private final Thread reader;
    private volatile Network.@Nullable Connection connection;
    private volatile @Nullable IOException failure;
    private volatile boolean closed;

    private LineChannel(Network network, Path socket, int lineBytesMax) {
        this.socket = socket;
        this.lineBytesMax = lineBytesMax;
        this.reader =
                Thread.ofVirtual()
                        .name("lines of " + socket.getFileName())
                        .unstarted(() -> run(network));
    }

    /// Returns at once; [#connected] tells when lines can be sent.
    static LineChannel open(Network network, Path socket, int lineBytesMax) {
        var channel = new LineChannel(network, socket, lineBytesMax);
        channel.reader.start();
        return channel;
    }

    boolean connected() {
        return connection != null;
    }

    /// Sends these bytes as they are; small ones, which the socket holds if the peer does not read.
    ///
    /// @throws IOException if the peer is gone, or not yet connected
    void send(byte[] bytes) throws IOException {
        var connected = connection;
        if (connected == null) {
            throw new IOException(socket + ": not connected");
        }
        connected.output().write(bytes);
        connected.output().flush();
    }

    /// The next line if one has come, without its end.
    ///
    /// @throws IOException if the peer is gone, or broke the bounds, and all lines were read
    Optional<String> poll() throws IOException {
        var ended = failure; // before the queue, so that a line before the end is not missed
        var line = lines.poll();
        if (line == null && ended != null) {
            throw new IOException(ended.getMessage(), ended);
        }
        return Optional.ofNullable(line);
    }

    @Override
    public void close() {
        closed = true;
        reader.interrupt();
        closeConnection();
        try {
            reader.join(CLOSE_TIMEOUT);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(Network network) {
        try (var opened = network.connect(UnixDomainSocketAddress.of(socket), CONNECT_TIMEOUT)) {
            connection = opened;
            if (!closed) {
                read(opened.input());
            }
        } catch (IOException e) {
            failure = e;
        } catch (InterruptedException _) {
            failure = new IOException(socket + ": closed");
        }
    }

    private void read(InputStream input) throws IOException, InterruptedException {
        var buffer = new byte[8192];
        var line = new ByteArrayOutputStream();
        for (var count = input.read(buffer); count >= 0; count = input.read(buffer)) {
            for (var i = 0; i < count; i++) {
                if (buffer[i] == '\n') {
                    lines.put(line.toString(StandardCharsets.UTF_8).strip());
                    line.reset();
                } else if (line.size() < lineBytesMax) {
                    line.write(buffer[i]);
                } else {
                    throw new IOException(
                            socket + ": sent a line of more than " + lineBytesMax + " bytes");
                }
            }
        }
        throw new IOException(socket + ": closed by the peer");
    }

    private void closeConnection() {
        var opened = connection;
        if (opened != null) {
            try {
                opened.close();
            } catch (IOException _) {
                // the reader's own close says no more
            }
        }
    }
}
