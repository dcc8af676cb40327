package holdfast.failback.firmware;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;

/// A partition that UEFI firmware looks for boot loaders on, as a GUID partition table names it
/// (UEFI 2.10 §5.3).
///
/// @param number as in device names, from 1
/// @param guid of this partition, in the bytes that it has on the disk, in hexadecimal
record EfiSystemPartition(
        int number, String guid, long firstBlock, long blockCount, int blockBytes) {
    private static final byte[] SIGNATURE = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};
    private static final String TYPE = "28732ac11ff8d211ba4b00a0c93ec93b";
    private static final int HEADER_BYTES = 92;
    private static final int ENTRY_BYTES_MIN = 128;
    private static final int ENTRY_BYTES_MAX = 4096;
    private static final int ENTRIES_MAX = 1024;
    private static final int CRC_AT = 16;

    /// @return empty if the disk has no such table, or no such partition in it
    static List<EfiSystemPartition> on(DiskContent disk) throws IOException {
        for (var blockBytes : List.of(512, 4096)) {
            var header = disk.at(blockBytes, HEADER_BYTES);
            if (isWhole(header)) {
                return entries(disk, header, blockBytes);
            }
        }
        return List.of();
    }

    private static boolean isWhole(ByteBuffer header) {
        var bytes = new byte[HEADER_BYTES];
        header.get(0, bytes);
        ByteBuffer.wrap(bytes).putInt(CRC_AT, 0);
        var sum = new CRC32();
        sum.update(bytes);
        return header.slice(0, SIGNATURE.length).equals(ByteBuffer.wrap(SIGNATURE))
                && header.getInt(12) == HEADER_BYTES
                && header.getInt(CRC_AT) == (int) sum.getValue();
    }

    private static List<EfiSystemPartition> entries(
            DiskContent disk, ByteBuffer header, int blockBytes) throws IOException {
        var count = header.getInt(80);
        var bytes = header.getInt(84);
        if (count < 0
                || count > ENTRIES_MAX
                || bytes < ENTRY_BYTES_MIN
                || bytes > ENTRY_BYTES_MAX) {
            return List.of();
        }
        var table = disk.at(header.getLong(72) * blockBytes, count * bytes);
        var found = new ArrayList<EfiSystemPartition>();
        for (var i = 0; i < count; i++) {
            var entry = table.slice(i * bytes, bytes).order(ByteOrder.LITTLE_ENDIAN);
            var first = entry.getLong(32);
            var last = entry.getLong(40);
            if (hex(entry, 0).equals(TYPE) && first > 0 && last >= first) {
                found.add(
                        new EfiSystemPartition(
                                i + 1, hex(entry, 16), first, last - first + 1, blockBytes));
            }
        }
        return found;
    }

    private static String hex(ByteBuffer entry, int at) {
        var bytes = new byte[16];
        entry.get(at, bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /// What the partition holds.
    DiskContent content(DiskContent disk) {
        return (offset, target) -> disk.read(firstBlock * blockBytes + offset, target);
    }
}
