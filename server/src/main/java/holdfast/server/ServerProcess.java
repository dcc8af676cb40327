package holdfast.server;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/// A server as a process of its own, for `holdfast server`.
public final class ServerProcess {
    private static final System.Logger LOG = System.getLogger("holdfast.server");

    private ServerProcess() {}

    /// Runs a server until the process is told to end (SIGTERM, SIGINT), which closes it in order.
    /// Does not return normally: the process ends when the server is closed.
    ///
    /// @param started told once, when the server answers
    /// @throws holdfast.base.RefusalException if the directory is in use, not writable or too small
    /// @throws IOException if an address is taken, or something that is kept is damaged
    public static void run(ServerSettings settings, Consumer<HoldfastServer> started)
            throws IOException, InterruptedException {
        var server = HoldfastServer.open(settings);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(server), "server-stop"));
        started.accept(server);
        new CountDownLatch(1).await();
    }

    private static void close(HoldfastServer server) {
        try {
            server.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, "not closed in order: {0}", e.getMessage());
        }
    }
}
