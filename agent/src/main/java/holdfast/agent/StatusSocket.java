package holdfast.agent;

import holdfast.base.Network;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Supplier;

/// Answers whoever connects to the socket in the state directory with the agent's status: one JSON
/// object, one line, and the end. Owns a thread for accepting and one for each answer. Who may
/// connect is decided by the directory, which only its owner can enter.
final class StatusSocket implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(StatusSocket.class.getName());
    private static final String NAME = "agent.sock";
    private static final Duration DIAL_TIMEOUT = Duration.ofSeconds(5);
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    private final Network.Listener listener;
    private final Supplier<String> status;
    private volatile boolean closing;

    private StatusSocket(Network.Listener listener, Supplier<String> status) {
        this.listener = listener;
        this.status = status;
    }

    /// @param status asked for each answer, on any thread
    static StatusSocket open(Network network, Path stateDirectory, Supplier<String> status)
            throws IOException {
        var path = stateDirectory.resolve(NAME);
        try {
            var socket = new StatusSocket(network.listen(UnixDomainSocketAddress.of(path)), status);
            Thread.ofVirtual().name("agent-status").start(socket::accept);
            return socket;
        } catch (IOException e) {
            throw new IOException("status socket " + path + ": " + e.getMessage(), e);
        }
    }

    /// Asks the agent that runs on a state directory.
    static String ask(Network network, Path stateDirectory) throws IOException {
        var path = stateDirectory.resolve(NAME);
        try (var connection = network.connect(UnixDomainSocketAddress.of(path), DIAL_TIMEOUT)) {
            var answer = connection.input().readNBytes(ANSWER_BYTES_MAX);
            return new String(answer, StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new IOException(
                    "no agent answers at "
                            + path
                            + " ("
                            + e.getMessage()
                            + "): is it running, with this --state, and are you its owner?",
                    e);
        }
    }

    private void accept() {
        while (!closing) {
            try {
                var connection = listener.accept();
                Thread.ofVirtual().name("agent-status-answer").start(() -> answer(connection));
            } catch (IOException e) {
                if (!closing) {
                    LOG.log(System.Logger.Level.WARNING, "status=accept-failed", e);
                }
            }
        }
    }

    private void answer(Network.Connection connection) {
        try (connection) {
            var line = status.get() + "\n";
            connection.output().write(line.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "status=answer-failed ({0})", e.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        closing = true;
        listener.close();
    }
}
