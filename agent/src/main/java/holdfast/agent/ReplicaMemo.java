package holdfast.agent;

import holdfast.base.Checksums;
import holdfast.tracking.Tracker;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The agent's note that the tracker keeps beside the pending sets (docs/formats/agent-memo.md):
/// which replicas the sets belong to, and how far the work on them is.
///
/// ```
///  0  u32  magic "HFAM"             16  i64  round of the newest point; -1: none
///  4  u16  version, 1               24  i64  its instant, epoch millis; 0: none
///  6  u16  disks                    32  16 bytes a disk
///  8  i64  last round begun, or -1  ..  u32  CRC-32C of all before
///
/// a disk:  0  u64  replica          8  u64  bits 63-62 phase, 61 point made, 60-0 frontier
/// ```
///
/// @param lastRound number of the last round that was begun; -1 if none was
/// @param lastPointRound number of the round that made the newest acknowledged point; -1 if none
/// @param lastPointMillis instant of that point; 0 if there is none
/// @param disks in the tracker's order
record ReplicaMemo(
        long lastRound, long lastPointRound, long lastPointMillis, List<DiskMemo> disks) {
    /// Of a tracker that nothing was noted with yet.
    static final ReplicaMemo NONE = new ReplicaMemo(-1, -1, 0, List.of());

    /// As many as fit into the tracker's memo.
    static final int DISKS_MAX = 61;

    private static final int MAGIC = 0x4846414D;
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 32;
    private static final int DISK_BYTES = 16;
    private static final int PHASE_SHIFT = 62;
    private static final long POINT_MADE = 1L << 61;

    ReplicaMemo {
        disks = List.copyOf(disks);
        if (disks.size() > DISKS_MAX) {
            throw new IllegalArgumentException(disks.size() + " disks in a memo");
        }
    }

    byte[] encode() {
        var length = HEADER_BYTES + disks.size() * DISK_BYTES + Integer.BYTES;
        if (length > Tracker.MEMO_BYTES_MAX) {
            throw new IllegalStateException("memo of " + length + " bytes");
        }
        var out = ByteBuffer.allocate(length);
        out.putInt(MAGIC).putShort((short) VERSION).putShort((short) disks.size());
        out.putLong(lastRound).putLong(lastPointRound).putLong(lastPointMillis);
        for (var disk : disks) {
            var flag = disk.pointMade() ? POINT_MADE : 0;
            var work = (long) disk.phase().code() << PHASE_SHIFT | flag | disk.frontier();
            out.putLong(disk.replica()).putLong(work);
        }
        out.putInt(Checksums.crc32c(out.array(), 0, out.position()));
        return out.array();
    }

    /// Empty if the bytes are no intact memo of this version: a new tracker, or an agent of another
    /// version. Then everything is compared, which is always right.
    static Optional<ReplicaMemo> decode(byte[] bytes) {
        var in = ByteBuffer.wrap(bytes);
        if (bytes.length < HEADER_BYTES + Integer.BYTES
                || in.getInt() != MAGIC
                || in.getShort() != VERSION) {
            return Optional.empty();
        }
        var count = in.getShort();
        var crcAt = HEADER_BYTES + count * DISK_BYTES;
        if (count < 0
                || count > DISKS_MAX
                || bytes.length < crcAt + Integer.BYTES
                || in.getInt(crcAt) != Checksums.crc32c(bytes, 0, crcAt)) {
            return Optional.empty();
        }
        var lastRound = in.getLong();
        var lastPointRound = in.getLong();
        var lastPointMillis = in.getLong();
        var disks = new ArrayList<DiskMemo>();
        for (var i = 0; i < count; i++) {
            var replica = in.getLong();
            var work = in.getLong();
            var phaseCode = (int) (work >>> PHASE_SHIFT);
            if (phaseCode > Phase.CHANGES.code()) {
                return Optional.empty();
            }
            disks.add(
                    new DiskMemo(
                            replica,
                            Phase.ofCode(phaseCode),
                            work & (POINT_MADE - 1),
                            (work & POINT_MADE) != 0));
        }
        return Optional.of(new ReplicaMemo(lastRound, lastPointRound, lastPointMillis, disks));
    }
}
