package holdfast.volume;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeMap;

/// The records that maps reach: by segment number, the offsets of records, in units of 8 bytes.
/// Takes 4 to 8 bytes for each record, since there may be hundreds of millions. Filled by one
/// thread, then read by one.
final class Reached {
    private final TreeMap<Long, Offsets> bySegment = new TreeMap<>();

    void add(long location) {
        bySegment
                .computeIfAbsent(
                        Integer.toUnsignedLong(BlockLocation.segment(location)), _ -> new Offsets())
                .add((int) (BlockLocation.offsetBytes(location) / BlockLocation.OFFSET_UNIT_BYTES));
    }

    /// Numbers from first to last, both among them, of segments of which something is reached.
    Set<Long> numbers(long first, long last) {
        return bySegment.subMap(first, true, last, true).keySet();
    }

    /// Offsets in units of 8 bytes, ascending; each once. Not to be changed.
    int[] in(long segmentNumber) {
        var offsets = bySegment.get(segmentNumber);
        return offsets == null ? new int[0] : offsets.sorted();
    }

    /// Many runs lie in one record, so what is gathered is thinned before it takes more room.
    private static final class Offsets {
        private int[] units = new int[16];
        private int count;

        void add(int unit) {
            if (count > 0 && units[count - 1] == unit) {
                return;
            }
            if (count == units.length) {
                thin();
                if (count > units.length / 2) {
                    units = Arrays.copyOf(units, units.length * 2);
                }
            }
            units[count++] = unit;
        }

        private void thin() {
            Arrays.sort(units, 0, count);
            var kept = 0;
            for (var i = 0; i < count; i++) {
                if (kept == 0 || units[kept - 1] != units[i]) {
                    units[kept++] = units[i];
                }
            }
            count = kept;
        }

        int[] sorted() {
            thin();
            if (count < units.length) {
                units = Arrays.copyOf(units, count);
            }
            return units;
        }
    }
}
