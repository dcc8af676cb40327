package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/// What a map must hold, block by block; slow and plain.
final class MapModel {
    private final TreeMap<Long, Long> locations = new TreeMap<>();

    record Mapped(long block, long location) {}

    MapModel copy() {
        var copy = new MapModel();
        copy.locations.putAll(locations);
        return copy;
    }

    void put(long firstBlock, int blockCount, long location) {
        for (var i = 0; i < blockCount; i++) {
            locations.put(firstBlock + i, location + i);
        }
    }

    void clear(long firstBlock, long blockCount) {
        locations.subMap(firstBlock, firstBlock + blockCount).clear();
    }

    long size() {
        return locations.size();
    }

    /// Runs ascend without overlap, within the range, and hold what they should.
    void check(VolumeMap map, long from, long to) throws IOException {
        var found = new ArrayList<Mapped>();
        map.lookup(
                from,
                to,
                (first, count, location) -> {
                    assertThat(count).isBetween(1, 64);
                    for (var i = 0; i < count; i++) {
                        found.add(new Mapped(first + i, BlockLocation.plus(location, i)));
                    }
                    return true;
                });
        assertThat(found).isEqualTo(expected(from, to));
    }

    /// What is told page by page is each block that the two map differently, and no other.
    void checkDifference(VolumeMap map, VolumeMap otherMap, MapModel other) throws IOException {
        var differing = new TreeSet<Long>();
        for (var block : locations.keySet()) {
            if (!locations.get(block).equals(other.locations.get(block))) {
                differing.add(block);
            }
        }
        for (var block : other.locations.keySet()) {
            if (!locations.containsKey(block)) {
                differing.add(block);
            }
        }
        var found = new TreeSet<Long>();
        var from = 0L;
        while (true) {
            var runs = map.difference(otherMap, from, 50);
            for (var run : runs) {
                assertThat(run.firstBlock()).isGreaterThanOrEqualTo(from);
                for (var block = run.firstBlock(); block < run.endBlock(); block++) {
                    found.add(block);
                }
                from = run.endBlock();
            }
            if (runs.size() < 50) {
                break;
            }
        }
        assertThat(found).isEqualTo(differing);
    }

    private List<Mapped> expected(long from, long to) {
        return locations.subMap(from, to).entrySet().stream()
                .map(entry -> new Mapped(entry.getKey(), entry.getValue()))
                .toList();
    }

    void check(VolumeMap map) throws IOException {
        check(map, 0, VolumeMap.BLOCKS_END);
        assertThat(map.mappedBlocks()).isEqualTo(size());
    }
}
