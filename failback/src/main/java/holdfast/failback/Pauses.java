package holdfast.failback;

import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;

/// Waits between attempts to reach the server, each longer than the one before. Not safe for
/// concurrent use.
final class Pauses {
    private static final System.Logger LOG = System.getLogger(Pauses.class.getName());
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final TimeSource time;
    private final Operator operator;
    private Duration pause = FIRST;

    Pauses(TimeSource time, Operator operator) {
        this.time = time;
        this.operator = operator;
    }

    /// The next one is short again.
    void begin() {
        pause = FIRST;
    }

    /// Says why, and waits.
    void next(IOException reason) throws InterruptedException {
        LOG.log(System.Logger.Level.WARNING, "event=interrupted reason={0}", reason.getMessage());
        operator.tell(reason.getMessage() + "; trying again in " + pause.toSeconds() + " s");
        time.sleep(pause);
        var twice = pause.multipliedBy(2);
        pause = twice.compareTo(LONGEST) > 0 ? LONGEST : twice;
    }
}
