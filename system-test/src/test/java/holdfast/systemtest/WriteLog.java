package holdfast.systemtest;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/// All writes of a disk in the order in which they were complete, as the kernel's `log-writes`
/// target recorded them (Linux `Documentation/admin-guide/device-mapper/log-writes.rst`; sizes and
/// flags from `drivers/md/dm-log-writes.c`), to find the moment at which a disk looked like an
/// image.
///
/// A write is recorded once a flush that began after its completion is complete. So the order
/// between two flushes says nothing, and the order of two writes with a flush between them is that
/// of the disk.
final class WriteLog {
    static final int SECTOR_BYTES = 512;
    private static final long MAGIC = 0x6a736677736872L;
    private static final long FLUSH = 1;
    private static final long DISCARD = 4;
    private static final long MARK = 8;

    /// What each sector held, by sector; each begins with what it held before the first write.
    private final TreeMap<Long, List<Version>> written = new TreeMap<>();

    /// Numbers of the entries at which all before was on the disk, ascending.
    private final List<Integer> flushes = new ArrayList<>();

    private int entries;

    /// @param from number of the entry that wrote it, counted from 1; 0 for what was there before
    /// @param sum of its bytes
    private record Version(int from, long sum) {}

    /// @param before the disk as it was before the first write
    static WriteLog read(Path log, Path before) throws IOException {
        var read = new WriteLog();
        try (var file = new RandomAccessFile(log.toFile(), "r");
                var disk = new RandomAccessFile(before.toFile(), "r")) {
            var header = sector(file, 0);
            if (header.getLong() != MAGIC || header.getLong() != 1) {
                throw new IOException(log + ": not a log of writes");
            }
            var count = header.getLong();
            var sectorBytes = header.getInt();
            if (sectorBytes != SECTOR_BYTES) {
                throw new IOException(log + ": sectors of " + sectorBytes + " bytes");
            }
            var at = 1L;
            for (var i = 0L; i < count; i++) {
                at = read.entry(file, at, disk);
            }
        }
        return read;
    }

    /// @return the sector of the next one
    private long entry(RandomAccessFile log, long at, RandomAccessFile disk) throws IOException {
        var entry = sector(log, at);
        var first = entry.getLong();
        var count = entry.getLong();
        var flags = entry.getLong();
        if ((flags & DISCARD) != 0) {
            throw new IOException("a discard, after which anything may be read");
        }
        entries++;
        if ((flags & MARK) == 0) {
            for (var i = 0; i < count; i++) {
                add(first + i, sector(log, at + 1 + i), disk);
            }
            if ((flags & FLUSH) != 0) {
                flushes.add(count == 0 ? entries : entries - 1);
            }
        }
        return at + 1 + ((flags & MARK) == 0 ? count : 0);
    }

    private void add(long sector, ByteBuffer content, RandomAccessFile disk) throws IOException {
        if (!written.containsKey(sector)) {
            var before = new ArrayList<Version>();
            before.add(new Version(0, sum(sector(disk, sector))));
            written.put(sector, before);
        }
        written.get(sector).add(new Version(entries, sum(content)));
    }

    int entries() {
        return entries;
    }

    int flushes() {
        return flushes.size();
    }

    /// What is wrong with an image as what the disk could hold at one moment: nothing may be
    /// missing of what was complete before the last flush, nothing there that was written after the
    /// next but one, for what is under way at a moment is complete by then.
    Verdict check(Path image) throws IOException {
        var holds = new int[entries + 2]; // how many more sectors fit after this entry
        var sums = new TreeMap<Long, Long>();
        try (var file = new RandomAccessFile(image.toFile(), "r")) {
            for (var sector : written.keySet()) {
                sums.put(sector, sum(sector(file, sector)));
            }
        }
        written.forEach((sector, versions) -> {
            for (var i = 0; i < versions.size(); i++) {
                if (versions.get(i).sum() == sums.get(sector)) {
                    holds[versions.get(i).from()]++;
                    holds[i + 1 < versions.size() ? versions.get(i + 1).from() : entries + 1]--;
                }
            }
        });
        Arrays.parallelPrefix(holds, Integer::sum);
        var most = Arrays.stream(holds).max().orElseThrow();
        return IntStream.iterate(entries, i -> i >= 0, i -> i - 1)
                .filter(i -> holds[i] == most)
                .mapToObj(i -> verdict(i, sums))
                .reduce((best, next) -> best.faults().isEmpty() ? best : next)
                .orElseThrow();
    }

    /// @param moment after the entry of this number
    /// @param underWay sectors of writes that were under way then
    /// @param faults empty if the image is one moment's
    record Verdict(int moment, int underWay, List<String> faults) {}

    private Verdict verdict(int moment, TreeMap<Long, Long> sums) {
        var earliest = flushes.stream().filter(f -> f <= moment).reduce(0, (_, last) -> last);
        var later = flushes.stream().filter(f -> f > moment).limit(2).toList();
        var latest = later.size() < 2 ? entries : later.getLast();
        var faults = new ArrayList<String>();
        var underWay = 0;
        for (var sector : written.keySet()) {
            var sum = sums.get(sector);
            var versions = written.get(sector);
            if (at(versions, moment).sum() == sum) {
                continue;
            }
            underWay++;
            var possible =
                    versions.stream()
                            .filter(version -> version.sum() == sum)
                            .anyMatch(version ->
                                    version.from() <= latest
                                            && version.from() >= at(versions, earliest).from());
            if (!possible) {
                faults.add(
                        String.format(
                                Locale.ROOT,
                                "sector %d is of entries %s, and the image of entry %d, between the flushes %d and %d",
                                sector,
                                versions.stream()
                                        .filter(version -> version.sum() == sum)
                                        .map(Version::from)
                                        .toList(),
                                moment,
                                earliest,
                                latest));
            }
        }
        return new Verdict(moment, underWay, faults);
    }

    private static Version at(List<Version> versions, int moment) {
        return versions.stream()
                .filter(version -> version.from() <= moment)
                .reduce(versions.getFirst(), (_, last) -> last);
    }

    private static ByteBuffer sector(RandomAccessFile file, long sector) throws IOException {
        var bytes = new byte[SECTOR_BYTES];
        file.seek(sector * SECTOR_BYTES);
        file.readFully(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static long sum(ByteBuffer content) {
        var crc = new CRC32C();
        crc.update(content.array());
        return crc.getValue() << 32 | Arrays.hashCode(content.array()) & 0xffff_ffffL;
    }
}
