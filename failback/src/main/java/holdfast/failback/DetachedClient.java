package holdfast.failback;

import holdfast.base.Network;
import holdfast.base.RefusalException;
import holdfast.base.linux.LinuxKernel;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/// A client in a process and a session of its own, which the end of the terminal that it was
/// started from does not reach.
public final class DetachedClient {
    private static final System.Logger LOG = System.getLogger(DetachedClient.class.getName());

    private DetachedClient() {}

    /// Runs to the end of the client, and tells those who look.
    ///
    /// @param settings read to its end, and then not needed
    /// @param events of whoever started it; may break at any time
    /// @param version of this program
    /// @param words what a failure is called, and the status to end with
    public static ClientEvent.Ended run(
            InputStream settings,
            OutputStream events,
            String version,
            Function<Exception, ClientEvent.GaveUp> words)
            throws IOException {
        LinuxKernel.newSession();
        var asked = SettingsText.parse(new String(settings.readAllBytes(), StandardCharsets.UTF_8));
        try (var viewers = ClientViewers.open(Network.system(), asked.state(), new Nobody())) {
            viewers.add(events);
            var ended = work(asked, viewers, version, words);
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

    private static ClientEvent.Ended work(
            FailbackSettings settings,
            Operator operator,
            String version,
            Function<Exception, ClientEvent.GaveUp> words) {
        try {
            return switch (new FailbackClient(settings, operator, version).run()) {
                case Outcome.Completed completed -> new ClientEvent.Done(completed);
                case Outcome.Dry _ ->
                        throw new IllegalStateException("a dry run has nothing to survive");
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return words.apply(e);
        } catch (Exception e) {
            return words.apply(e);
        }
    }

    /// Its log is all that a client by itself has.
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
