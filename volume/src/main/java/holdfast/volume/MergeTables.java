package holdfast.volume;

import java.io.IOException;
import java.util.LinkedHashMap;

/// Tables of merged segments that are in memory, those not used for longest given up first. Safe
/// for any thread; two threads that miss the same table may both read it.
///
/// A table takes 8 bytes for each record. Of a TiB of extents that take 128 KiB stored that is 64
/// MiB, of extents of one block that do not pack 2 GiB: too much to keep, and little to read again,
/// since a table is about as large as the extent that is looked for.
final class MergeTables {
    private static final long BYTES_MAX = 32L << 20;

    private final LinkedHashMap<String, MergeTable> byPath = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    /// @param object of that path, open
    /// @throws holdfast.format.DamagedFormatException if neither copy of it can be made out
    MergeTable of(String path, StagingStorage.ReadableObject object) throws IOException {
        synchronized (byPath) {
            var known = byPath.get(path);
            if (known != null) {
                return known;
            }
        }
        var table = MergeTable.read(object);
        synchronized (byPath) {
            forgetKnown(path);
            byPath.put(path, table);
            bytes += table.memoryBytes();
            var eldest = byPath.values().iterator();
            while (bytes > BYTES_MAX && eldest.hasNext()) {
                bytes -= eldest.next().memoryBytes();
                eldest.remove();
            }
        }
        return table;
    }

    void forget(String path) {
        synchronized (byPath) {
            forgetKnown(path);
        }
    }

    private void forgetKnown(String path) {
        var known = byPath.remove(path);
        if (known != null) {
            bytes -= known.memoryBytes();
        }
    }
}
