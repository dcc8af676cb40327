package holdfast.failback;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;

/// Lets others look at a client: whoever connects to the socket in its folder is told what was said
/// last, then everything that is said, as [ClientEvent]s. Nobody has to look, and who looks slowly
/// holds nothing up. Owns a thread for accepting and one for each viewer. Who may connect is
/// decided by the folder, which only its owner can enter.
public final class ClientViewers implements Operator, AutoCloseable {
    static final String SOCKET = "client.sock";

    private static final System.Logger LOG = System.getLogger(ClientViewers.class.getName());
    private static final int LINES_KEPT = 100;

    /// Events that wait for a viewer: one who leaves more is told no more.
    private static final int WAITING_MAX = 1000;

    /// How long the last words may take to be read.
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final Operator operator;
    private final Network.Listener listener;
    private final ClientEvent.Hello hello = new ClientEvent.Hello(ProcessHandle.current().pid());
    private final ArrayDeque<ClientEvent> lines = new ArrayDeque<>();
    private final List<Viewer> viewers = new ArrayList<>();
    private Optional<ClientEvent> standing = Optional.empty();
    private Optional<ClientEvent> ended = Optional.empty();
    private volatile boolean closing;

    private ClientViewers(Operator operator, Network.Listener listener) {
        this.operator = operator;
        this.listener = listener;
    }

    /// @param state the client's folder
    /// @param operator asked, and told everything as well
    /// @throws RefusalException if a client runs on that folder
    public static ClientViewers open(Network network, Path state, Operator operator)
            throws IOException {
        Filesystem.local().createDirectories(state);
        var path = state.resolve(SOCKET);
        try {
            var opened =
                    new ClientViewers(operator, network.listen(UnixDomainSocketAddress.of(path)));
            Thread.ofVirtual().name("failback-viewers").start(opened::accept);
            return opened;
        } catch (BindException _) {
            throw new RefusalException(
                    FailbackDirectory.LOCKED,
                    "a failback client runs on "
                            + state
                            + " already: look at it with `holdfast failback attach`");
        } catch (IOException e) {
            throw new IOException("socket " + path + ": " + e.getMessage(), e);
        }
    }

    /// Someone who need not connect: told everything, until writing fails.
    public void add(OutputStream output) {
        begin(new Viewer(output, output));
    }

    private void accept() {
        while (!closing) {
            try {
                var connection = listener.accept();
                begin(new Viewer(connection.output(), connection));
            } catch (IOException e) {
                if (!closing) {
                    LOG.log(System.Logger.Level.WARNING, "event=accept-failed", e);
                }
            }
        }
    }

    private synchronized void begin(Viewer viewer) {
        viewer.offer(hello);
        lines.forEach(viewer::offer);
        standing.ifPresent(viewer::offer);
        ended.ifPresent(viewer::offer);
        viewers.add(viewer);
        viewer.thread.start();
    }

    private synchronized void tell(ClientEvent event) {
        viewers.removeIf(viewer -> !viewer.offer(event));
    }

    @Override
    public String ask(String question, boolean secret) throws IOException {
        return operator.ask(question, secret);
    }

    @Override
    public void tell(String line) {
        operator.tell(line);
        synchronized (this) {
            var event = new ClientEvent.Told(line);
            lines.add(event);
            if (lines.size() > LINES_KEPT) {
                lines.remove();
            }
            tell(event);
        }
    }

    @Override
    public void progress(Progress progress) {
        operator.progress(progress);
        synchronized (this) {
            var event = new ClientEvent.Standing(progress);
            standing = Optional.of(event);
            tell(event);
        }
    }

    /// How the client ended: nothing is said after it.
    public synchronized void end(ClientEvent.Ended event) {
        ended = Optional.of(event);
        tell(event);
    }

    /// Returns once all who look have been told the end, or after some seconds.
    @Override
    public void close() throws IOException {
        closing = true;
        listener.close();
        List<Viewer> left;
        synchronized (this) {
            left = List.copyOf(viewers);
        }
        try {
            for (var viewer : left) {
                viewer.thread.join(FAREWELL);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        for (var viewer : left) {
            viewer.end();
        }
    }

    /// One who looks.
    private static final class Viewer {
        private final LinkedBlockingQueue<ClientEvent> waiting =
                new LinkedBlockingQueue<>(WAITING_MAX);
        private final OutputStream output;
        private final AutoCloseable connection;
        private final Thread thread;

        Viewer(OutputStream output, AutoCloseable connection) {
            this.output = output;
            this.connection = connection;
            this.thread = Thread.ofVirtual().name("failback-viewer").unstarted(this::write);
        }

        /// Whether it still looks.
        boolean offer(ClientEvent event) {
            return thread.getState() != Thread.State.TERMINATED && waiting.offer(event);
        }

        private void write() {
            try {
                while (true) {
                    var event = waiting.take();
                    output.write((event.text() + "\n").getBytes(StandardCharsets.UTF_8));
                    output.flush();
                    if (event instanceof ClientEvent.Ended) {
                        return;
                    }
                }
            } catch (IOException | InterruptedException _) {
                // it has gone, as it may
            } finally {
                end();
            }
        }

        void end() {
            try {
                connection.close();
            } catch (Exception e) {
                LOG.log(System.Logger.Level.DEBUG, "event=viewer-left ({0})", e.getMessage());
            }
        }
    }
}
