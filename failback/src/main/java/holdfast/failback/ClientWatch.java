package holdfast.failback;

import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.RefusalException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// Looks at a client that runs in a session of its own. The client goes on whether anyone looks or
/// not. Used by one thread, which closes it.
public final class ClientWatch implements AutoCloseable {
    private static final Duration DIAL_TIMEOUT = Duration.ofSeconds(5);
    private static final String LOG = "client.log";

    private final BufferedReader events;
    private final AutoCloseable connection;
    private final Path state;

    private ClientWatch(InputStream events, AutoCloseable connection, Path state) {
        this.events = new BufferedReader(new InputStreamReader(events, StandardCharsets.UTF_8));
        this.connection = connection;
        this.state = state;
    }

    /// Starts a client, which is told what to do on its standard input: arguments are seen by
    /// everybody on the machine.
    ///
    /// @param command that runs a [Supervisor]
    public static ClientWatch start(
            Processes processes, List<String> command, FailbackSettings settings)
            throws IOException {
        Filesystem.local().createDirectories(settings.state());
        var log = settings.state().resolve(LOG).toFile();
        var process =
                processes.start(
                        new ProcessBuilder(command)
                                .redirectError(ProcessBuilder.Redirect.appendTo(log)));
        try (var input = process.getOutputStream()) {
            input.write(SettingsText.of(settings).getBytes(StandardCharsets.UTF_8));
        }
        return new ClientWatch(
                process.getInputStream(), process.getInputStream(), settings.state());
    }

    /// @param state folder of the client
    /// @throws RefusalException if none runs there
    public static ClientWatch attach(Network network, Path state) throws IOException {
        var address = UnixDomainSocketAddress.of(state.resolve(ClientViewers.SOCKET));
        try {
            var connection = network.connect(address, DIAL_TIMEOUT);
            var watch = new ClientWatch(connection.input(), connection, state);
            if (watch.isAnswered()) {
                return watch;
            }
            watch.close(); // it was ending, and took nobody in any more
        } catch (IOException _) {
            // there is none
        }
        throw new RefusalException(
                "no-client",
                "no failback client runs on "
                        + state
                        + " ("
                        + FailbackDirectory.words(Filesystem.local(), state)
                        + "): `holdfast failback` starts one");
    }

    /// Waits for the client's greeting.
    private boolean isAnswered() throws IOException {
        events.mark(1);
        var answered = events.read() >= 0;
        events.reset();
        return answered;
    }

    /// Shows what the client says until it ends.
    ///
    /// @throws IOException if it ended without saying how
    public ClientEvent.Ended follow(Operator operator) throws IOException {
        var process = 0L;
        for (var line = events.readLine(); line != null; line = events.readLine()) {
            switch (ClientEvent.parse(line)) {
                case ClientEvent.Hello hello -> {
                    process = hello.process();
                    operator.tell(
                            "the client is process "
                                    + process
                                    + " and goes on without this terminal: `holdfast failback attach` shows it again");
                }
                case ClientEvent.Told told -> operator.tell(told.line());
                case ClientEvent.Standing standing -> operator.progress(standing.progress());
                case ClientEvent.Ended ended -> {
                    return ended;
                }
            }
        }
        throw new EOFException(
                "the failback client "
                        + (process > 0 ? "(process " + process + ") was ended" : "did not start")
                        + ": see the end of "
                        + state.resolve(LOG)
                        + "; `holdfast failback` goes on with what differs");
    }

    @Override
    public void close() throws IOException {
        try {
            connection.close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
