package holdfast.aws.drs;

import holdfast.aws.drs.model.DataReplicationError;
import holdfast.aws.drs.model.DataReplicationErrorString;
import holdfast.aws.drs.model.DataReplicationInfo;
import holdfast.aws.drs.model.DataReplicationInfoReplicatedDisk;
import holdfast.aws.drs.model.DataReplicationInitiation;
import holdfast.aws.drs.model.DataReplicationInitiationStep;
import holdfast.aws.drs.model.DataReplicationInitiationStepName;
import holdfast.aws.drs.model.DataReplicationInitiationStepStatus;
import holdfast.aws.drs.model.DataReplicationState;
import holdfast.base.TimeSource;
import holdfast.control.ReplicationState;
import holdfast.control.ServerView;
import holdfast.replication.AgentReport;
import holdfast.replication.SessionControl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How a server's replication stands.
record ReplicationTranslation(TimeSource time) {
    /// Estimates beyond this are no estimates.
    private static final Duration ETA_MAX = Duration.ofDays(365);

    /// A backlog that lasts longer is told as an error.
    private static final Duration CONVERGING_WITHIN = Duration.ofMinutes(10);

    DataReplicationInfo info(ServerView view) {
        return DataReplicationInfo.builder()
                .dataReplicationState(state(view.server().state()))
                .lagDuration(lag(view))
                .etaDateTime(eta(view))
                .replicatedDisks(disks(view))
                .dataReplicationError(error(view))
                .dataReplicationInitiation(initiation(view))
                .build();
    }

    private static DataReplicationState state(ReplicationState state) {
        return switch (state) {
            case ReplicationState.Initiating() -> DataReplicationState.INITIATING;
            case ReplicationState.InitialSync() -> DataReplicationState.INITIAL_SYNC;
            case ReplicationState.Rescan() -> DataReplicationState.RESCAN;
            case ReplicationState.CreatingSnapshot() -> DataReplicationState.CREATING_SNAPSHOT;
            case ReplicationState.Continuous() -> DataReplicationState.CONTINUOUS;
            case ReplicationState.Backlog() -> DataReplicationState.BACKLOG;
            case ReplicationState.Stalled(_) -> DataReplicationState.STALLED;
            case ReplicationState.Stopped() -> DataReplicationState.STOPPED;
            case ReplicationState.Disconnected(), ReplicationState.Deleted() ->
                    DataReplicationState.DISCONNECTED;
        };
    }

    private static @Nullable String lag(ServerView view) {
        return view.lagMillis()
                .map(millis -> Times.duration(Duration.ofMillis(millis)))
                .orElse(null);
    }

    /// Only while there is something to work off, and a rate to tell by.
    private @Nullable String eta(ServerView view) {
        var report = view.report();
        var left =
                switch (view.server().state()) {
                    case ReplicationState.InitialSync() -> left(view, true);
                    case ReplicationState.Rescan() -> left(view, false);
                    case ReplicationState.Backlog() -> view.backlogBytes();
                    case ReplicationState.Initiating(),
                            ReplicationState.CreatingSnapshot(),
                            ReplicationState.Continuous(),
                            ReplicationState.Stalled(_),
                            ReplicationState.Stopped(),
                            ReplicationState.Disconnected(),
                            ReplicationState.Deleted() ->
                            0L;
                };
        if (left <= 0 || report.isEmpty() || report.get().bytesPerSecond() <= 0) {
            return null;
        }
        var seconds = left / report.get().bytesPerSecond();
        return seconds > ETA_MAX.toSeconds() ? null : Times.text(time.now().plusSeconds(seconds));
    }

    private static long left(ServerView view, boolean firstCopy) {
        return view.report().stream()
                .flatMap(report -> report.disks().stream())
                .mapToLong(disk ->
                        disk.totalBytes()
                                - (firstCopy ? disk.replicatedBytes() : disk.rescannedBytes()))
                .sum();
    }

    private static List<DataReplicationInfoReplicatedDisk> disks(ServerView view) {
        var gone = view.server().state() instanceof ReplicationState.Disconnected;
        // what a recovery instance has is here before it knows that it was written
        var here = !gone && view.reversal().isPresent();
        return view.server().disks().stream()
                .map(disk -> {
                    var said = reported(view, disk.name());
                    return DataReplicationInfoReplicatedDisk.builder()
                            .deviceName(disk.name())
                            .totalStorageBytes(gone ? 0 : disk.sizeBytes())
                            .replicatedStorageBytes(
                                    said.map(AgentReport.Disk::replicatedBytes)
                                            .orElse(here ? disk.sizeBytes() : 0L))
                            .rescannedStorageBytes(
                                    said.map(AgentReport.Disk::rescannedBytes).orElse(0L))
                            .backloggedStorageBytes(
                                    said.map(AgentReport.Disk::backlogBytes).orElse(0L))
                            .build();
                })
                .toList();
    }

    private static Optional<AgentReport.Disk> reported(ServerView view, String disk) {
        return view.report().stream()
                .flatMap(report -> report.disks().stream())
                .filter(known -> known.name().equals(disk))
                .findFirst();
    }

    private @Nullable DataReplicationError error(ServerView view) {
        var server = view.server();
        return switch (server.state()) {
            case ReplicationState.Stalled(var code) when isOfConnection(code) ->
                    view.networkUnstable()
                            ? unstable(view)
                            : error(
                                    DataReplicationErrorString.AGENT_NOT_SEEN,
                                    code + ": " + server.reason());
            case ReplicationState.Stalled(var code) ->
                    error(
                            isOfStagingArea(code)
                                    ? DataReplicationErrorString.SNAPSHOTS_FAILURE
                                    : DataReplicationErrorString.AGENT_NOT_SEEN,
                            code + ": " + server.reason());
            case ReplicationState.Backlog(), ReplicationState.Rescan()
                    when view.networkUnstable() ->
                    unstable(view);
            case ReplicationState.Backlog()
                    when server.stateSince().plus(CONVERGING_WITHIN).isBefore(time.now()) ->
                    error(
                            DataReplicationErrorString.NOT_CONVERGING,
                            "changes come faster than they travel since "
                                    + server.stateSince()
                                    + ": "
                                    + server.reason());
            case ReplicationState.Initiating(),
                    ReplicationState.InitialSync(),
                    ReplicationState.Rescan(),
                    ReplicationState.CreatingSnapshot(),
                    ReplicationState.Continuous(),
                    ReplicationState.Backlog(),
                    ReplicationState.Stopped(),
                    ReplicationState.Disconnected(),
                    ReplicationState.Deleted() ->
                    null;
        };
    }

    private static boolean isOfConnection(String code) {
        return code.equals("agent-disconnected") || code.equals("agent-not-seen");
    }

    private static boolean isOfStagingArea(String code) {
        return code.startsWith("staging-") || code.equals(SessionControl.KEY_MISSING);
    }

    private static DataReplicationError unstable(ServerView view) {
        return error(
                DataReplicationErrorString.UNSTABLE_NETWORK,
                String.format(
                        Locale.ROOT,
                        "the agent lost its connection %d times within %d minutes and went on: look at the network between it and this server; %s",
                        view.lostConnections(),
                        ServerView.LOSSES_WITHIN.toMinutes(),
                        view.server().reason()));
    }

    private static DataReplicationError error(DataReplicationErrorString error, String raw) {
        return DataReplicationError.builder().error(error).rawError(raw).build();
    }

    /// The steps that there are here, by what is known to have happened; there is no replication
    /// server to be launched for a source server, so those steps are skipped.
    private static @Nullable DataReplicationInitiation initiation(ServerView view) {
        if (view.server().state().idle()) {
            return null;
        }
        var session = view.server().machine().isPresent();
        var disks = !view.server().disks().isEmpty();
        var reported = view.report().isPresent() || view.reversal().isPresent();
        // by the names of the steps; those not named here are skipped
        var done =
                Map.of(
                        DataReplicationInitiationStepName.AUTHENTICATE_WITH_SERVICE, true,
                        DataReplicationInitiationStepName.PAIR_REPLICATION_SERVER_WITH_AGENT, true,
                        DataReplicationInitiationStepName.CONNECT_AGENT_TO_REPLICATION_SERVER,
                                session,
                        DataReplicationInitiationStepName.CREATE_STAGING_DISKS, disks,
                        DataReplicationInitiationStepName.START_DATA_TRANSFER, reported);
        var steps = new ArrayList<DataReplicationInitiationStep>();
        var underWay = false;
        for (var name : DataReplicationInitiationStepName.values()) {
            DataReplicationInitiationStepStatus status;
            if (!done.containsKey(name)) {
                status = DataReplicationInitiationStepStatus.SKIPPED;
            } else if (Boolean.TRUE.equals(done.get(name))) {
                status = DataReplicationInitiationStepStatus.SUCCEEDED;
            } else {
                status =
                        underWay
                                ? DataReplicationInitiationStepStatus.NOT_STARTED
                                : DataReplicationInitiationStepStatus.IN_PROGRESS;
                underWay = true;
            }
            steps.add(DataReplicationInitiationStep.builder().name(name).status(status).build());
        }
        return DataReplicationInitiation.builder()
                .startDateTime(Times.text(view.server().enrolledAt()))
                .steps(steps)
                .build();
    }
}
