package holdfast.agent;

import holdfast.base.TimeSource;
import holdfast.replication.SessionControl;
import holdfast.replication.SessionEndedException;
import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The end of a recovery instance that ran where Holdfast does not launch machines and is failed
/// back: its file systems are brought to rest, what is left is sent, and once the replicator has
/// recorded that, the machine is powered off, still at rest. So nothing is acknowledged to anyone
/// that is not brought home.
///
/// If the word does not come in time the file systems go on: the machine is not to hang because a
/// server does.
///
/// @param freezer holds back writes
/// @param ending what is done then
/// @param root where `/proc` is
/// @param budget for how long file systems are at rest at most without the word
record LastRound(Freezer freezer, AgentSettings.Ending ending, Path root, Duration budget) {
    /// Enough for the round, its acknowledgement and the word.
    static final Duration BUDGET = Duration.ofSeconds(60);

    /// For devices to be shut down, before which the power stays on.
    private static final Duration POWER_OFF_MAX = Duration.ofSeconds(30);

    private static final System.Logger LOG = System.getLogger(LastRound.class.getName());

    /// Writes out what file systems hold in memory. Empty if there is none that can be brought to
    /// rest; then the last point is one instant all the same, and what is written behind it is
    /// lost.
    Optional<Freezer.Prepared> prepare(List<TrackedDisk> disks) {
        try {
            return Optional.of(freezer.prepare(disks, budget.plus(POWER_OFF_MAX)));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "last-round=unfrozen ({0})", e.getMessage());
            return Optional.empty();
        }
    }

    /// @throws IOException if the file systems cannot be brought to rest
    Freezer.Frozen freeze(Optional<Freezer.Prepared> prepared) throws IOException {
        return prepared.isPresent() ? prepared.get().freeze() : () -> {};
    }

    /// Whether an agent of that name may be asked for a last round: a recovery instance's, and
    /// never a source server's, which nothing that comes over the network is to stop.
    static boolean concerns(String name) {
        return name.startsWith("i-");
    }

    /// Whether the replicator has recorded the last round, by what ended the link.
    static boolean isRecorded(IOException ended) {
        return SessionEndedException.in(ended)
                .filter(word -> word.code().equals(SessionControl.FINISHED))
                .isPresent();
    }

    /// The kernel powers off at once, without writing anything (proc(5), `sysrq-trigger`), but in a
    /// thread of its own, and shuts devices down first. So this returns only if the machine goes on
    /// nonetheless: whoever holds file systems at rest is not to let them go on before it is off.
    void end(TimeSource time) throws IOException, InterruptedException {
        switch (ending) {
            case LEAVE -> {}
            case POWER_OFF -> {
                Files.writeString(root.resolve("proc/sysrq-trigger"), "o");
                time.sleep(POWER_OFF_MAX);
            }
        }
    }
}
