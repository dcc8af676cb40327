package holdfast.volume;

import holdfast.base.TimeSource;
import java.time.Duration;

/// Whether the journal's disk takes what is written, and the patience with one that does not. Both
/// threads of the journal report here; anybody may look.
final class JournalHealth {
    private static final System.Logger LOG = System.getLogger(Journal.class.getName());
    private static final Duration RETRY_AFTER = Duration.ofMillis(500);

    private final TimeSource time;
    private volatile boolean impatient;
    private volatile boolean writingWaits;
    private volatile StoreStatus.State state = StoreStatus.State.WRITING;
    private volatile String reason = "";

    JournalHealth(TimeSource time) {
        this.time = time;
    }

    StoreStatus.State state() {
        return state;
    }

    /// Why nothing is acknowledged; empty when all is well.
    String reason() {
        return reason;
    }

    /// Whether the appender has something that it cannot write.
    void writingWaits(boolean waits) {
        writingWaits = waits;
    }

    /// Something is on stable storage. All is well again unless the appender waits with more.
    void acknowledged() {
        if (state != StoreStatus.State.WRITING && !writingWaits) {
            reason = "";
            change(StoreStatus.State.WRITING);
        }
    }

    void full(long usableBytes, long neededBytes) {
        if (state != StoreStatus.State.FULL) {
            reason =
                    "the staging area is full: "
                            + (usableBytes >> 20)
                            + " MiB are free, "
                            + (neededBytes >> 20)
                            + " MiB must stay free; free or add space";
            change(StoreStatus.State.FULL);
        }
    }

    void failing(String why) {
        reason = why;
        if (state != StoreStatus.State.FAILING) {
            change(StoreStatus.State.FAILING);
        }
    }

    private void change(StoreStatus.State to) {
        LOG.log(
                to == StoreStatus.State.WRITING
                        ? System.Logger.Level.INFO
                        : System.Logger.Level.WARNING,
                "journal state={0} -> {1} ({2})",
                state,
                to,
                to == StoreStatus.State.WRITING ? "writing works" : reason);
        state = to;
    }

    /// From now on a disk that fails or is full ends the journal: nobody waits for it to recover.
    void giveUpOnFailure() {
        impatient = true;
    }

    /// Waits before what failed is tried again.
    ///
    /// @throws InterruptedException if the store is being closed, since nobody waits for long then
    void pause() throws InterruptedException {
        if (impatient) {
            throw new InterruptedException("closing");
        }
        time.sleep(RETRY_AFTER);
    }
}
