package holdfast.failback.firmware;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The folders of a FAT file system, read without mounting it: it is somebody else's content, and
/// the kernel need not parse it. FAT12, FAT16 and FAT32 with long names (Microsoft's FAT
/// specification 1.03). Bounded, whatever the file system says.
final class FatFilesystem {
    private static final int ENTRY_BYTES = 32;
    private static final int FOLDER_BYTES_MAX = 1 << 20;
    private static final int FOLDER = 0x10;
    private static final int LABEL = 0x08;
    private static final int LONG_NAME = 0x0f;
    private static final int DELETED = 0xe5;
    private static final int LOWER_NAME = 0x08;
    private static final int LOWER_EXTENSION = 0x10;
    private static final int LAST_OF_NAME = 0x40;
    private static final int NAME_PARTS_MAX = 20;

    /// Where a part of a long name has its characters.
    private static final int[] CHARACTERS_AT = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

    private final DiskContent partition;
    private final int clusterBytes;
    private final long fatAt;
    private final long dataAt;
    private final int bits;
    private final long clusterCount;
    private final Folder root;

    /// @param cluster its first; 0 if it lies at `at` and is as long as `bytes` say
    private record Folder(long cluster, long at, int bytes) {}

    /// @param cluster its first
    record Entry(String name, boolean folder, long cluster) {}

    private FatFilesystem(DiskContent partition, ByteBuffer parameters) {
        this.partition = partition;
        var sector = parameters.getShort(11) & 0xffff;
        this.clusterBytes = sector * (parameters.get(13) & 0xff);
        this.fatAt = (long) (parameters.getShort(14) & 0xffff) * sector;
        var rootBytes = (parameters.getShort(17) & 0xffff) * ENTRY_BYTES;
        var smallFat = parameters.getShort(22) & 0xffff;
        var fatSectors = smallFat != 0 ? smallFat : parameters.getInt(36) & 0xffffffffL;
        var smallTotal = parameters.getShort(19) & 0xffff;
        var total = smallTotal != 0 ? smallTotal : parameters.getInt(32) & 0xffffffffL;
        var rootAt = fatAt + (parameters.get(16) & 0xff) * fatSectors * sector;
        this.dataAt = rootAt + (rootBytes + sector - 1L) / sector * sector;
        this.clusterCount = (total * sector - dataAt) / clusterBytes;
        this.bits = clusterCount < 4085 ? 12 : clusterCount < 65525 ? 16 : 32;
        this.root =
                bits == 32
                        ? new Folder(parameters.getInt(44) & 0x0fffffffL, 0, 0)
                        : new Folder(0, rootAt, rootBytes);
    }

    /// @return empty if there is no such file system
    static Optional<FatFilesystem> in(DiskContent partition) throws IOException {
        var parameters = partition.at(0, 512);
        var sector = parameters.getShort(11) & 0xffff;
        var perCluster = parameters.get(13) & 0xff;
        return parameters.getShort(510) == (short) 0xaa55
                        && Integer.bitCount(sector) == 1
                        && sector >= 512
                        && sector <= 4096
                        && Integer.bitCount(perCluster) == 1
                ? Optional.of(new FatFilesystem(partition, parameters))
                : Optional.empty();
    }

    /// What lies in a folder, by its names from the root on, in the order of the disk.
    ///
    /// @return empty if there is no such folder
    List<Entry> list(String... path) throws IOException {
        var entries = entries(content(root));
        for (var name : path) {
            var next =
                    entries.stream()
                            .filter(entry -> entry.folder() && entry.name().equalsIgnoreCase(name))
                            .findFirst();
            if (next.isEmpty()) {
                return List.of();
            }
            entries = entries(content(new Folder(next.get().cluster(), 0, 0)));
        }
        return entries;
    }

    private ByteBuffer content(Folder folder) throws IOException {
        if (folder.cluster() == 0) {
            return partition.at(folder.at(), folder.bytes());
        }
        var all = ByteBuffer.allocate(FOLDER_BYTES_MAX);
        var cluster = folder.cluster();
        while (cluster >= 2 && cluster < clusterCount + 2 && all.remaining() >= clusterBytes) {
            all.put(partition.at(dataAt + (cluster - 2) * clusterBytes, clusterBytes));
            cluster = next(cluster);
        }
        return all.flip().order(ByteOrder.LITTLE_ENDIAN);
    }

    private long next(long cluster) throws IOException {
        return switch (bits) {
            case 12 -> {
                var pair = partition.at(fatAt + cluster * 3 / 2, 2).getShort() & 0xffff;
                yield cluster % 2 == 0 ? pair & 0xfff : pair >> 4;
            }
            case 16 -> partition.at(fatAt + cluster * 2, 2).getShort() & 0xffff;
            default -> partition.at(fatAt + cluster * 4, 4).getInt() & 0x0fffffffL;
        };
    }

    private static List<Entry> entries(ByteBuffer folder) {
        var found = new ArrayList<Entry>();
        var longName = new StringBuilder();
        for (var at = 0; at + ENTRY_BYTES <= folder.limit(); at += ENTRY_BYTES) {
            var entry = folder.slice(at, ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            var first = entry.get(0) & 0xff;
            var attributes = entry.get(11) & 0xff;
            if (first == 0) {
                break;
            }
            if (first != DELETED && attributes == LONG_NAME) {
                if ((first & LAST_OF_NAME) != 0 || (first & 0x3f) > NAME_PARTS_MAX) {
                    longName.setLength(0);
                }
                longName.insert(0, part(entry));
                continue;
            }
            if (first != DELETED && (attributes & LABEL) == 0) {
                var name = longName.isEmpty() ? shortName(entry) : longName.toString();
                var cluster =
                        ((entry.getShort(20) & 0xffffL) << 16) | (entry.getShort(26) & 0xffff);
                found.add(new Entry(name, (attributes & FOLDER) != 0, cluster));
            }
            longName.setLength(0);
        }
        return found;
    }

    private static String part(ByteBuffer entry) {
        var part = new StringBuilder();
        for (var at : CHARACTERS_AT) {
            var character = entry.getChar(at);
            if (character == 0) {
                break;
            }
            part.append(character);
        }
        return part.toString();
    }

    private static String shortName(ByteBuffer entry) {
        var bytes = new byte[11];
        entry.get(0, bytes);
        var text = new String(bytes, StandardCharsets.US_ASCII);
        // written by Windows NT and later where a name has one case only
        var name = cased(text.substring(0, 8), (entry.get(12) & LOWER_NAME) != 0);
        var extension = cased(text.substring(8), (entry.get(12) & LOWER_EXTENSION) != 0);
        return extension.isEmpty() ? name : name + "." + extension;
    }

    private static String cased(String padded, boolean lower) {
        var text = padded.strip();
        return lower ? text.toLowerCase(Locale.ROOT) : text;
    }
}
