package holdfast.aws.drs;

import holdfast.aws.drs.model.DescribeRecoverySnapshotsRequest;
import holdfast.aws.drs.model.DescribeRecoverySnapshotsResponse;
import holdfast.aws.drs.model.RecoverySnapshot;
import holdfast.aws.drs.model.RecoverySnapshotsOrder;
import holdfast.control.Controller;
import holdfast.volume.ConsistencyPoint;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Recovery snapshots: the consistency points that the snapshot policy keeps, and the newest point.
/// Any other point inside the journal window can be recovered from as well, by its id.
final class Snapshots {
    /// More than a journal window of a day holds, and the snapshots beyond it.
    private static final int POINTS_MAX = 1_000_000;

    /// Before and after every instant that a source's clock may give.
    private static final Instant EARLIEST = Instant.parse("0000-01-01T00:00:00Z");

    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999Z");

    private Snapshots() {}

    static DescribeRecoverySnapshotsResponse describe(
            Controller controller, DescribeRecoverySnapshotsRequest request) throws IOException {
        var filters = request.filters();
        var from =
                filters == null
                        ? null
                        : Times.parse("filters.fromDateTime", filters.fromDateTime());
        var to = filters == null ? null : Times.parse("filters.toDateTime", filters.toDateTime());
        var page =
                Page.of(
                        kept(
                                controller,
                                request.sourceServerID(),
                                from == null ? EARLIEST : from,
                                to == null ? LATEST : to),
                        point -> Page.key(point.sequence()),
                        request.order() != RecoverySnapshotsOrder.ASC,
                        request.maxResults(),
                        request.nextToken());
        return DescribeRecoverySnapshotsResponse.builder()
                .items(
                        page.items().stream()
                                .map(point -> snapshot(request.sourceServerID(), point))
                                .toList())
                .nextToken(page.nextToken())
                .build();
    }

    private static List<ConsistencyPoint> kept(
            Controller controller, String server, Instant from, Instant to) throws IOException {
        var newest = controller.servers().get(server).newestPoint().map(ConsistencyPoint::id);
        return controller.points(server, from, to, POINTS_MAX).stream()
                .filter(point -> point.snapshot() || newest.equals(Optional.of(point.id())))
                .toList();
    }

    /// @param server whose points were asked for, which may have them of another
    private static RecoverySnapshot snapshot(String server, ConsistencyPoint point) {
        return RecoverySnapshot.builder()
                .snapshotID(point.id())
                .sourceServerID(server)
                .timestamp(Times.text(point.instant()))
                .expectedTimestamp(Times.text(point.instant()))
                .ebsSnapshots(List.of())
                .build();
    }
}
