package holdfast.tracking.device;

import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.tracking.TrackerException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/// What changed a disk since the machine started, as the kernel counts it at each request's
/// completion: `/sys/block/X/stat` (the kernel's `Documentation/block/stat.rst`).
///
/// Kept open, because it is read often and in haste: what happens during a read blurs the result.
/// For one thread; whoever opened it closes it.
public final class StatisticsFile implements AutoCloseable {
    private static final int BYTES_MAX = 1024;
    private static final int FIELDS_MIN = 15;
    private static final int IN_FLIGHT_FIELD = 8;

    private final LinuxFile file;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment line = arena.allocate(BYTES_MAX);

    StatisticsFile(Path path) throws TrackerException {
        try {
            file = LinuxFile.open(path, LinuxFile.Mode.READ);
        } catch (LinuxException e) {
            throw new TrackerException(e);
        }
    }

    /// @param writes requests that wrote
    /// @param sectorsWritten by them
    /// @param discards requests that gave blocks back
    /// @param sectorsDiscarded by them
    public record Changes(long writes, long sectorsWritten, long discards, long sectorsDiscarded) {
        /// Sectors that were written or given back.
        public long sectors() {
            return sectorsWritten + sectorsDiscarded;
        }

        static Changes parse(String line) throws TrackerException {
            var fields = line.strip().split(" +", -1);
            if (fields.length < FIELDS_MIN) {
                throw new TrackerException(
                        String.format(
                                Locale.ROOT,
                                "disk statistics of %d fields, %d are needed (Linux 4.18 or later)",
                                fields.length,
                                FIELDS_MIN));
            }
            return new Changes(
                    Long.parseLong(fields[4]),
                    Long.parseLong(fields[6]),
                    Long.parseLong(fields[11]),
                    Long.parseLong(fields[13]));
        }
    }

    /// Reads anew.
    public Changes read() throws TrackerException {
        return Changes.parse(text());
    }

    /// Whether no request is under way: none is between two steps of its completion either.
    public boolean isIdle() throws TrackerException {
        var fields = text().strip().split(" +", -1);
        return fields.length > IN_FLIGHT_FIELD && fields[IN_FLIGHT_FIELD].equals("0");
    }

    private String text() throws TrackerException {
        try {
            var bytes = line.asSlice(0, file.read(line, 0)).toArray(ValueLayout.JAVA_BYTE);
            return new String(bytes, StandardCharsets.US_ASCII);
        } catch (LinuxException e) {
            throw new TrackerException(e);
        }
    }

    @Override
    public void close() {
        file.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
