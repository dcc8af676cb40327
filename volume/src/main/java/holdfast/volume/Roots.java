package holdfast.volume;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// Where the maps of all volumes begin, as of one sequence.
///
/// @param sequence every record up to it is in the maps
/// @param byVolume by volume number
record Roots(long sequence, Map<Integer, Root> byVolume) {
    Roots {
        // sorted, so that the same roots are the same bytes
        byVolume = Collections.unmodifiableMap(new TreeMap<>(byVolume));
    }

    /// @param reference of the root page; zero if nothing is mapped
    /// @param mappedBlocks how many blocks the map maps
    record Root(long reference, long mappedBlocks) {}

    void writeTo(DataOutputStream out) throws IOException {
        out.writeLong(sequence);
        out.writeInt(byVolume.size());
        for (var entry : byVolume.entrySet()) {
            out.writeInt(entry.getKey());
            out.writeLong(entry.getValue().reference());
            out.writeLong(entry.getValue().mappedBlocks());
        }
    }

    static Roots readFrom(DataInputStream in) throws IOException {
        var sequence = in.readLong();
        var count = in.readInt();
        var roots = new HashMap<Integer, Root>();
        for (var i = 0; i < count; i++) {
            roots.put(in.readInt(), new Root(in.readLong(), in.readLong()));
        }
        return new Roots(sequence, roots);
    }
}
