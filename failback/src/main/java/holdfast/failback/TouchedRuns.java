package holdfast.failback;

import holdfast.base.BlockRun;
import holdfast.base.Filesystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Which blocks may have been written since the disks last equalled a point: noted before they are,
/// in the file `touched` of the client's folder.
///
/// What changed from that point to a later one does not tell: a block that was written and then
/// trimmed on the instance reads at the later point as it did at the older, while the local disk
/// may hold what it was in between.
///
/// Records of 20 bytes, big-endian: u32 place of the disk in the session, u64 first block, u64
/// blocks. Not synced: it has to outlive the process and not the machine, after whose next boot
/// everything is compared. Not safe for concurrent use.
final class TouchedRuns {
    private static final int RECORD_BYTES = 20;

    private final Filesystem files;
    private final Path path;

    TouchedRuns(Filesystem files, Path path) {
        this.files = files;
        this.path = path;
    }

    /// Notes that blocks are about to be written.
    ///
    /// @param anew whether what was noted before is over
    void add(int disk, List<BlockRun> runs, boolean anew) throws IOException {
        var bytes = ByteBuffer.allocate(runs.size() * RECORD_BYTES);
        for (var run : runs) {
            bytes.putInt(disk).putLong(run.firstBlock()).putLong(run.blockCount());
        }
        try (var file = files.openForWriting(path)) {
            if (anew) {
                file.truncate(0);
            }
            // a record that was cut off was followed by no write
            file.write(bytes.flip(), file.sizeBytes() / RECORD_BYTES * RECORD_BYTES);
        }
    }

    /// What was noted of one disk, in the order in which that was done.
    List<BlockRun> of(int disk) throws IOException {
        var found = new ArrayList<BlockRun>();
        if (!files.exists(path)) {
            return found;
        }
        try (var file = files.openForReading(path)) {
            var bytes = ByteBuffer.allocate(RECORD_BYTES * 4096);
            for (var at = 0L; ; at += bytes.limit()) {
                var whole = file.read(bytes.clear(), at) / RECORD_BYTES * RECORD_BYTES;
                bytes.flip().limit(whole);
                if (whole == 0) {
                    return found;
                }
                while (bytes.hasRemaining()) {
                    var of = bytes.getInt();
                    var run = new BlockRun(bytes.getLong(), bytes.getLong());
                    if (of == disk) {
                        found.add(run);
                    }
                }
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    path + " is damaged: delete the folder, and everything is compared anew", e);
        }
    }
}
