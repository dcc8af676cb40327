package holdfast.failback;

import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Keeps a client at work: one that dies is started again and goes on with what differs, and those
/// who look stay. A client that says how it ended is at its end, but for one that found its folder
/// locked: others lock it for a while, who only look or are asked, and may do so between two
/// clients. When the supervisor dies, so does its client ([SupervisedClient]), so that one process
/// is all there is to be ended.
///
/// Used by one thread.
public final class Supervisor {
    private static final System.Logger LOG = System.getLogger(Supervisor.class.getName());

    /// Deaths in a row, after which it is not started again.
    static final int DEATHS_MAX = 5;

    /// A client that has lived that long was not broken from its start.
    private static final Duration LIVED = Duration.ofMinutes(1);

    /// More each time.
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /// What a shell adds to the number of the signal that a process died of.
    private static final int SIGNALLED = 128;

    private final Processes processes;
    private final TimeSource time;
    private final List<String> command;

    /// @param command that runs a [SupervisedClient]
    public Supervisor(Processes processes, TimeSource time, List<String> command) {
        this.processes = processes;
        this.time = time;
        this.command = List.copyOf(command);
    }

    /// Runs to the end of the client, and tells those who look.
    ///
    /// @param settings read to its end, and then not needed
    /// @param events of whoever started it; may break at any time
    /// @param words what a failure is called, and the status to end with
    public ClientEvent.Ended run(
            InputStream settings,
            OutputStream events,
            Function<Exception, ClientEvent.GaveUp> words)
            throws IOException {
        var asked = SettingsText.parse(new String(settings.readAllBytes(), StandardCharsets.UTF_8));
        try (var viewers = ClientViewers.open(Network.system(), asked.state(), new Nobody())) {
            viewers.add(events);
            var ended = supervise(asked, viewers, words);
            LOG.log(System.Logger.Level.INFO, "event=ended " + ended.text());
            viewers.end(ended);
            return ended;
        } catch (RefusalException e) {
            var ended = words.apply(e);
            events.write((ended.text() + "\n").getBytes(StandardCharsets.UTF_8));
            events.flush();
            return ended;
        }
    }

    private ClientEvent.Ended supervise(
            FailbackSettings settings,
            Operator viewers,
            Function<Exception, ClientEvent.GaveUp> words) {
        try {
            var deaths = 0;
            var lockedOut = false;
            while (true) {
                var begun = time.nanoTime();
                var client = processes.start(builder());
                try {
                    var ended = attend(client, settings, viewers);
                    if (ended.isPresent() && isLockedOut(ended.get())) {
                        if (!lockedOut) {
                            viewers.tell(
                                    "another `holdfast failback` has the folder open: the client starts when that is done");
                        }
                        lockedOut = true;
                        time.sleep(PAUSE);
                        continue;
                    }
                    if (ended.isPresent()) {
                        return ended.get();
                    }
                } finally {
                    client.destroyForcibly();
                }
                var status = client.waitFor();
                lockedOut = false;
                deaths = time.nanoTime() - begun > LIVED.toNanos() ? 1 : deaths + 1;
                LOG.log(
                        System.Logger.Level.WARNING,
                        "event=client-died process={0} status={1} in-a-row={2}",
                        Long.toString(client.pid()),
                        status,
                        deaths);
                if (deaths == DEATHS_MAX) {
                    throw new IOException(
                            "the client has "
                                    + cause(status)
                                    + ", "
                                    + DEATHS_MAX
                                    + " times in a row: see its log; `holdfast failback` goes on with what differs");
                }
                var pause = PAUSE.multipliedBy(deaths);
                viewers.tell(
                        "the client has "
                                + cause(status)
                                + "; it starts again in "
                                + pause.toSeconds()
                                + " s and goes on with what differs");
                time.sleep(pause);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return words.apply(e);
        } catch (IOException e) {
            return words.apply(e);
        }
    }

    private static boolean isLockedOut(ClientEvent.Ended ended) {
        return ended instanceof ClientEvent.GaveUp gaveUp
                && gaveUp.code().equals(FailbackDirectory.LOCKED);
    }

    private static String cause(int status) {
        return status > SIGNALLED
                ? "died of signal " + (status - SIGNALLED)
                : "ended with status " + status + " and without a word";
    }

    private ProcessBuilder builder() {
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    /// Hands on what the client says until it ends.
    ///
    /// @return how it ended, if it said so
    private static Optional<ClientEvent.Ended> attend(
            Process client, FailbackSettings settings, Operator viewers) {
        try (var input = client.getOutputStream();
                var output =
                        new BufferedReader(
                                new InputStreamReader(
                                        client.getInputStream(), StandardCharsets.UTF_8))) {
            input.write((SettingsText.of(settings) + "\n").getBytes(StandardCharsets.UTF_8));
            input.flush(); // and stays open: its end is our end
            for (var line = output.readLine(); line != null; line = output.readLine()) {
                switch (ClientEvent.parse(line)) {
                    case ClientEvent.Hello _ -> {} // those who look know the supervisor
                    case ClientEvent.Told told -> viewers.tell(told.line());
                    case ClientEvent.Standing standing -> viewers.progress(standing.progress());
                    case ClientEvent.Ended ended -> {
                        return Optional.of(ended);
                    }
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "event=client-cut-off",
                    e); // in the middle of a line
        }
        return Optional.empty();
    }

    /// Its log is all that a supervisor by itself has.
    private static final class Nobody implements Operator {
        @Override
        public String ask(String question, boolean secret) throws IOException {
            throw new EOFException("nobody is there to answer: " + question.strip());
        }

        @Override
        public void tell(String line) {
            LOG.log(System.Logger.Level.INFO, line);
        }

        @Override
        public void progress(Progress progress) {}
    }
}
