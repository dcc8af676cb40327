package holdfast.control;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/// Waits for a consistency point that is not older than a wish for one. Agents make points all the
/// time, so it is a matter of seconds, unless something is wrong.
final class FreshPoints {
    private static final Duration WITHIN = Duration.ofMinutes(1);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);

    private final Servers servers;
    private final TimeSource time;

    FreshPoints(Servers servers, TimeSource time) {
        this.servers = servers;
        this.time = time;
    }

    /// @param since by our clock
    /// @return the phase's detail, which begins with "failed" if none came
    String await(String server, Instant since) throws IOException, InterruptedException {
        var begun = time.nanoTime();
        while (true) {
            var view = servers.get(server);
            var now = time.now();
            if (view.lagMillis().isPresent()
                    && !now.minusMillis(view.lagMillis().get()).isBefore(since)) {
                return "as it is now";
            }
            if (!makesPoints(view.server().state())) {
                return String.format(
                        Locale.ROOT,
                        "failed: the server is %s: %s",
                        view.server().state().name(),
                        view.server().reason());
            }
            if (time.nanoTime() - begun > WITHIN.toNanos()) {
                return "failed: no new point came within " + WITHIN.toSeconds() + " s";
            }
            time.sleep(LOOK_EVERY);
        }
    }

    private static boolean makesPoints(ReplicationState state) {
        return switch (state) {
            case ReplicationState.Continuous(), ReplicationState.Backlog() -> true;
            case ReplicationState.Initiating(),
                    ReplicationState.InitialSync(),
                    ReplicationState.Rescan(),
                    ReplicationState.CreatingSnapshot(),
                    ReplicationState.Stalled(_),
                    ReplicationState.Stopped(),
                    ReplicationState.Disconnected(),
                    ReplicationState.Deleted() ->
                    false;
        };
    }
}
