package holdfast.control;

import holdfast.volume.SnapshotPolicy;
import java.time.Duration;

/// What an operator may set of the control plane.
///
/// @param snapshotPolicy for every server
/// @param bootTimeout how long a recovery instance may take to prove that it booted
/// @param stopTimeout how long a recovery instance that is failed back may take to shut down
/// @param agentSilence an agent that says nothing for so long counts as lost
/// @param scrubEvery how often everything stored is read and checked
/// @param reclaimEvery how often unreachable data is dropped
/// @param quotas how much there may be
public record ControlSettings(
        SnapshotPolicy snapshotPolicy,
        Duration bootTimeout,
        Duration stopTimeout,
        Duration agentSilence,
        Duration scrubEvery,
        Duration reclaimEvery,
        Quotas quotas) {
    public static final ControlSettings DEFAULT =
            new ControlSettings(
                    SnapshotPolicy.DEFAULT,
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(2),
                    Duration.ofSeconds(20),
                    Duration.ofDays(7),
                    Duration.ofMinutes(1),
                    Quotas.NONE);
}
