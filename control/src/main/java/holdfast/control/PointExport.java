package holdfast.control;

import holdfast.volume.ConsistencyPoint;
import java.time.Instant;

/// A point of one disk, served read-only over NBD under the export's id until it is deleted.
///
/// @param id `export-` and 17 hex digits
public record PointExport(
        String id,
        String server,
        String disk,
        String volume,
        Instant createdAt,
        ConsistencyPoint point) {}
