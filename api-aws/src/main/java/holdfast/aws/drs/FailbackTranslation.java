package holdfast.aws.drs;

import holdfast.aws.drs.model.FailbackReplicationError;
import holdfast.aws.drs.model.FailbackState;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationError;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationInfo;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationInfoReplicatedDisk;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationInitiation;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationInitiationStep;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationInitiationStepName;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationInitiationStepStatus;
import holdfast.aws.drs.model.RecoveryInstanceDataReplicationState;
import holdfast.aws.drs.model.RecoveryInstanceFailback;
import holdfast.control.Failback;
import holdfast.control.FailbackView;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How the failback of a recovery instance stands.
final class FailbackTranslation {
    private FailbackTranslation() {}

    /// @param reversed whether a source server is made of the instance, from which it can be
    ///   recovered elsewhere as with a failback
    /// @param agentSeenAt of the agent on an instance that runs elsewhere
    static RecoveryInstanceFailback failback(
            Optional<FailbackView> view, boolean reversed, Optional<Instant> agentSeenAt) {
        var failback = view.map(FailbackView::failback);
        var translated =
                RecoveryInstanceFailback.builder()
                        .state(
                                failback.map(Failback::state)
                                        .map(FailbackTranslation::state)
                                        .filter(state ->
                                                !reversed
                                                        || state
                                                                != FailbackState
                                                                        .FAILBACK_NOT_STARTED)
                                        .orElse(
                                                reversed
                                                        ? FailbackState.FAILBACK_READY_FOR_LAUNCH
                                                        : FailbackState.FAILBACK_NOT_STARTED));
        failback.flatMap(Failback::job).ifPresent(job -> translated.failbackJobID(Ids.job(job)));
        failback.flatMap(Failback::client)
                .ifPresent(client ->
                        translated
                                .failbackClientID(client.id())
                                .failbackToOriginalServer(client.original())
                                .failbackInitiationTime(Times.text(client.pairedAt()))
                                .elapsedReplicationDuration(elapsed(failback.get(), client)));
        view.flatMap(FailbackView::clientSeenAt)
                .ifPresent(
                        at -> translated.failbackClientLastSeenByServiceDateTime(Times.text(at)));
        agentSeenAt.ifPresent(at -> translated.agentLastSeenByServiceDateTime(Times.text(at)));
        return translated.build();
    }

    /// Until the failback was last in another state.
    private static @Nullable String elapsed(Failback failback, Failback.Client client) {
        var elapsed = Duration.between(client.pairedAt(), failback.stateSince());
        return elapsed.isNegative() ? null : Times.duration(elapsed);
    }

    private static FailbackState state(holdfast.control.FailbackState state) {
        return switch (state) {
            case NOT_STARTED, DISCONNECTED -> FailbackState.FAILBACK_NOT_STARTED;
            case IN_PROGRESS -> FailbackState.FAILBACK_IN_PROGRESS;
            case READY, FINISHING -> FailbackState.FAILBACK_READY_FOR_LAUNCH;
            case COMPLETED -> FailbackState.FAILBACK_COMPLETED;
            case ERROR -> FailbackState.FAILBACK_ERROR;
        };
    }

    static RecoveryInstanceDataReplicationInfo replication(Optional<FailbackView> view) {
        var state = view.map(FailbackTranslation::replicationState);
        return RecoveryInstanceDataReplicationInfo.builder()
                .dataReplicationState(
                        state.orElse(RecoveryInstanceDataReplicationState.NOT_STARTED))
                .replicatedDisks(view.map(FailbackTranslation::disks).orElse(List.of()))
                .dataReplicationInitiation(view.map(FailbackTranslation::initiation).orElse(null))
                .dataReplicationError(view.map(FailbackTranslation::error).orElse(null))
                .build();
    }

    private static RecoveryInstanceDataReplicationState replicationState(FailbackView view) {
        return switch (view.failback().state()) {
            case NOT_STARTED -> RecoveryInstanceDataReplicationState.NOT_STARTED;
            case DISCONNECTED -> RecoveryInstanceDataReplicationState.DISCONNECTED;
            case COMPLETED -> RecoveryInstanceDataReplicationState.REPLICATION_STATE_NOT_AVAILABLE;
            case IN_PROGRESS, READY, FINISHING, ERROR -> {
                if (!view.connected()) {
                    yield RecoveryInstanceDataReplicationState.STALLED;
                }
                if (view.report().isEmpty()) {
                    yield RecoveryInstanceDataReplicationState.INITIATING;
                }
                yield switch (view.report().get().state()) {
                    case INITIAL_SYNC -> RecoveryInstanceDataReplicationState.INITIAL_SYNC;
                    case RESCAN -> RecoveryInstanceDataReplicationState.RESCAN;
                    case CREATING_SNAPSHOT ->
                            RecoveryInstanceDataReplicationState.CREATING_SNAPSHOT;
                    case CONTINUOUS -> RecoveryInstanceDataReplicationState.CONTINUOUS;
                    case BACKLOG -> RecoveryInstanceDataReplicationState.BACKLOG;
                };
            }
        };
    }

    private static List<RecoveryInstanceDataReplicationInfoReplicatedDisk> disks(
            FailbackView view) {
        return view.report().stream()
                .flatMap(report -> report.disks().stream())
                .map(disk ->
                        RecoveryInstanceDataReplicationInfoReplicatedDisk.builder()
                                .deviceName(disk.name())
                                .totalStorageBytes(disk.totalBytes())
                                .replicatedStorageBytes(disk.replicatedBytes())
                                .rescannedStorageBytes(disk.rescannedBytes())
                                .backloggedStorageBytes(disk.backlogBytes())
                                .build())
                .toList();
    }

    private static @Nullable RecoveryInstanceDataReplicationError error(FailbackView view) {
        var failback = view.failback();
        return switch (failback.state()) {
            case ERROR ->
                    RecoveryInstanceDataReplicationError.builder()
                            .error(FailbackReplicationError.NOT_CONVERGING)
                            .rawError(failback.reason())
                            .build();
            case IN_PROGRESS, READY, FINISHING ->
                    view.connected()
                            ? null
                            : RecoveryInstanceDataReplicationError.builder()
                                    .error(FailbackReplicationError.FAILBACK_CLIENT_NOT_SEEN)
                                    .rawError("the failback client is not connected")
                                    .build();
            case NOT_STARTED, COMPLETED, DISCONNECTED -> null;
        };
    }

    /// The steps that there are here, by what is known to have happened; the others are skipped.
    private static @Nullable RecoveryInstanceDataReplicationInitiation initiation(
            FailbackView view) {
        var client = view.failback().client();
        if (client.isEmpty()) {
            return null;
        }
        var begun = view.connected() || view.report().isPresent();
        return RecoveryInstanceDataReplicationInitiation.builder()
                .startDateTime(Times.text(client.get().pairedAt()))
                .steps(
                        Arrays.stream(RecoveryInstanceDataReplicationInitiationStepName.values())
                                .map(name ->
                                        RecoveryInstanceDataReplicationInitiationStep.builder()
                                                .name(name)
                                                .status(status(name.name(), begun))
                                                .build())
                                .toList())
                .build();
    }

    private static RecoveryInstanceDataReplicationInitiationStepStatus status(
            String step, boolean begun) {
        return switch (step) {
            case "LINK_FAILBACK_CLIENT_WITH_RECOVERY_INSTANCE", "COMPLETE_VOLUME_MAPPING" ->
                    RecoveryInstanceDataReplicationInitiationStepStatus.SUCCEEDED;
            case "ESTABLISH_RECOVERY_INSTANCE_COMMUNICATION",
                    "ESTABLISH_AGENT_REPLICATOR_SOFTWARE_COMMUNICATION" ->
                    begun
                            ? RecoveryInstanceDataReplicationInitiationStepStatus.SUCCEEDED
                            : RecoveryInstanceDataReplicationInitiationStepStatus.IN_PROGRESS;
            default -> RecoveryInstanceDataReplicationInitiationStepStatus.SKIPPED;
        };
    }
}
