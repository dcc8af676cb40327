package holdfast.agent;

import holdfast.tracking.Tracker;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What the operator asks of an agent.
///
/// @param stateDirectory where its identity is kept; see [#STATE_DIRECTORY]
/// @param disks to protect: whole block devices, or image files
/// @param server where to enrol, such as `https://recovery.example.com:8443`; not used once
///   enrolled
/// @param admission to enrol with; not used once enrolled
/// @param tracker to use; empty for the best that works
/// @param limitBytesPerSecond to send at most; empty for no limit
/// @param freezeBudget how long file systems may be frozen when no point can be had otherwise;
///   empty for never
/// @param ending what follows the last round, where the agent is asked for one
/// @param pace of the rounds
/// @param resources that the agent may take
public record AgentSettings(
        Path stateDirectory,
        List<Path> disks,
        Optional<URI> server,
        Optional<Admission> admission,
        Optional<Tracker.Kind> tracker,
        OptionalLong limitBytesPerSecond,
        Optional<Duration> freezeBudget,
        Ending ending,
        Pacing pace,
        Resources resources) {
    /// Where the state is kept unless told otherwise.
    public static final Path STATE_DIRECTORY = Path.of("/var/lib/holdfast-agent");

    public AgentSettings {
        disks = List.copyOf(disks);
    }

    /// Of an agent that leaves the machine alone after a last round.
    public AgentSettings(
            Path stateDirectory,
            List<Path> disks,
            Optional<URI> server,
            Optional<Admission> admission,
            Optional<Tracker.Kind> tracker,
            OptionalLong limitBytesPerSecond,
            Optional<Duration> freezeBudget,
            Pacing pace,
            Resources resources) {
        this(
                stateDirectory,
                disks,
                server,
                admission,
                tracker,
                limitBytesPerSecond,
                freezeBudget,
                Ending.LEAVE,
                pace,
                resources);
    }

    /// What happens to the machine of a recovery instance when it has been failed back.
    public enum Ending {
        /// At once, with its file systems at rest: nothing that it acknowledges later would be
        /// brought home.
        POWER_OFF,

        /// Nothing: whoever runs it sees to it.
        LEAVE
    }

    /// @param interval from round to round when there is little to do
    /// @param intervalMax how far it may stretch under load
    /// @param pointWithin a server without a point for longer has a backlog, and may be frozen
    public record Pacing(Duration interval, Duration intervalMax, Duration pointWithin) {
        public static final Pacing USUAL =
                new Pacing(Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(60));
    }

    /// @param readers threads that read disks: they wait for the disk more than they compute, and
    ///   random blocks come faster when several are asked for at a time
    /// @param packers threads that digest and compress
    /// @param heldBytesMax data held between reading and sending
    /// @param rememberedBlocks whose digests are kept, to find blocks rewritten with what they
    ///   held; a power of two, 24 bytes each
    public record Resources(int readers, int packers, long heldBytesMax, int rememberedBlocks) {
        public static final Resources USUAL = new Resources(4, 2, 64L << 20, 1 << 18);
    }
}
