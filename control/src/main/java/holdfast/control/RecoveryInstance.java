package holdfast.control;

import holdfast.recovery.BootProof;
import holdfast.recovery.Machine;
import holdfast.volume.ConsistencyPoint;
import java.time.Instant;
import java.util.Optional;

/// A machine launched from a point of a server. Its branches are the volumes in the store whose
/// owner it is.
///
/// @param id `i-` and 17 hex digits
/// @param job that launches it; of one that is launched into, the last
/// @param reason of the last change of state
/// @param machine once launched
/// @param bootProof once decided
/// @param endedAt when it was terminated
public record RecoveryInstance(
        String id,
        String job,
        String server,
        boolean drill,
        InstanceState state,
        String reason,
        Instant createdAt,
        ConsistencyPoint point,
        Optional<Machine> machine,
        Optional<BootProof> bootProof,
        Optional<Instant> endedAt) {
    RecoveryInstance on(InstanceState.Event event, String why) {
        return new RecoveryInstance(
                id,
                job,
                server,
                drill,
                state.on(event),
                why,
                createdAt,
                point,
                machine,
                bootProof,
                endedAt);
    }

    RecoveryInstance with(Machine launched) {
        return new RecoveryInstance(
                id,
                job,
                server,
                drill,
                state,
                reason,
                createdAt,
                point,
                Optional.of(launched),
                bootProof,
                endedAt);
    }

    RecoveryInstance with(BootProof proof) {
        return new RecoveryInstance(
                id,
                job,
                server,
                drill,
                state,
                reason,
                createdAt,
                point,
                machine,
                Optional.of(proof),
                endedAt);
    }

    /// The same machine to be launched once more, by another job and from another point.
    RecoveryInstance launchedInto(String byJob, boolean asDrill, ConsistencyPoint from) {
        return new RecoveryInstance(
                id,
                byJob,
                server,
                asDrill,
                state.on(InstanceState.Event.LAUNCHED_INTO),
                LaunchTargets.taken(byJob),
                createdAt,
                from,
                Optional.empty(),
                Optional.empty(),
                endedAt);
    }

    RecoveryInstance endedAt(Instant now) {
        return new RecoveryInstance(
                id,
                job,
                server,
                drill,
                state,
                reason,
                createdAt,
                point,
                machine,
                bootProof,
                Optional.of(now));
    }
}
