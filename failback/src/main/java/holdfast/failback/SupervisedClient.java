package holdfast.failback;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;

/// The client of a [Supervisor], which alone hears what it says.
public final class SupervisedClient {
    private SupervisedClient() {}

    /// Runs to the end of the client.
    ///
    /// @param input the settings in a line; its end is that of the supervisor
    /// @param events read by the supervisor
    /// @param version of this program
    /// @param words what a failure is called, and the status to end with
    /// @param abandoned called by another thread when the supervisor has ended
    public static ClientEvent.Ended run(
            InputStream input,
            OutputStream events,
            String version,
            Function<Exception, ClientEvent.GaveUp> words,
            Runnable abandoned)
            throws IOException {
        var reader = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8));
        var line =
                Optional.ofNullable(reader.readLine())
                        .orElseThrow(() -> new EOFException("no settings came"));
        Thread.ofPlatform()
                .daemon()
                .name("failback-supervisor")
                .start(() -> awaitEnd(reader, abandoned));
        var told = new Told(events);
        var ended = work(SettingsText.parse(line), told, version, words);
        told.say(ended);
        return ended;
    }

    private static void awaitEnd(BufferedReader reader, Runnable abandoned) {
        try {
            while (reader.read() >= 0) {
                // nothing is said there
            }
        } catch (IOException _) {
            // the same
        }
        abandoned.run();
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

    /// Tells the supervisor. Several threads may.
    private record Told(OutputStream events) implements Operator {
        @Override
        public String ask(String question, boolean secret) throws IOException {
            throw new EOFException("nobody is there to answer: " + question.strip());
        }

        @Override
        public void tell(String line) {
            say(new ClientEvent.Told(line));
        }

        @Override
        public void progress(Progress progress) {
            say(new ClientEvent.Standing(progress));
        }

        private void say(ClientEvent event) {
            try {
                synchronized (events) {
                    events.write((event.text() + "\n").getBytes(StandardCharsets.UTF_8));
                    events.flush();
                }
            } catch (IOException _) {
                // the supervisor has ended, which another thread sees
            }
        }
    }
}
