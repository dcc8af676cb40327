package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The end of the journal is damaged beyond knowing what it held, after a power cut.
class GapTest {
    private static final int BLOCKS = 16;
    private static final int BATCH_MAGIC = 0x48464254; // HFBT

    private final TestStore test = new TestStore(1);
    private final List<ConsistencyPoint> points = new ArrayList<>();
    private long version;
    private long openings;

    @Test
    void pointsBehindAGapAreNotOfferedUntilAllWasSentAgain() throws Exception {
        test.settings =
                new StoreSettings(
                        Duration.ofHours(1),
                        Optional.empty(),
                        16 << 20,
                        16 << 20,
                        4 << 20,
                        256 << 10,
                        256 << 10,
                        1L << 40); // a checkpoint would have what the gap hides
        var store = test.open();
        var id = store.create("s-0", "/dev/sda", BLOCKS * 4096L).id();
        var other = store.create("s-1", "/dev/sda", BLOCKS * 4096L).id();
        var branch = Optional.<VolumeId>empty();
        for (var i = 0; i < 6; i++) {
            write(store, id);
            write(store, other);
            points.add(point(store, "s-0"));
            point(store, "s-1");
            if (i == 0) {
                branch =
                        Optional.of(
                                store.branch(id, points.getFirst().sequence(), "i-0", "/dev/sda")
                                        .id());
            }
        }
        var behindId = store.branch(id, points.getLast().sequence(), "i-1", "/dev/sda").id();
        var identity = store.identity("s");
        test.files.crash();
        var files = FaultyFilesystem.of(withGap(test.files.contents()), 2);

        var damaged = open(files);
        var offered = damaged.newestPoint("s-0").orElseThrow();
        assertThat(offered.sequence()).isLessThan(points.getLast().sequence());
        assertThat(damaged.identity("s")).isNotEqualTo(identity);
        assertHidden(damaged, id, offered);
        var branchId = branch.orElseThrow();
        assertThatThrownBy(() -> damaged.openBranch(branchId))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("writes to it may be missing");
        assertThatThrownBy(() -> damaged.openBranch(behindId)).isInstanceOf(StoreException.class);
        damaged.close(); // which makes a checkpoint: nobody else waits for a branch that is lost

        var again = open(files);
        assertThat(again.newestPoint("s-0")).contains(offered);
        assertThat(again.identity("s")).isEqualTo(damaged.identity("s"));
        assertHidden(again, id, offered);
        assertThatThrownBy(() -> again.openBranch(behindId))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("delete it and branch again");
        again.delete(behindId);
        var versions = write(again, id);
        var whole = point(again, "s-0");
        assertThat(again.newestPoint("s-0").orElseThrow().sequence()).isEqualTo(whole.sequence());
        assertThat(again.newestPoint("s-1").orElseThrow().sequence())
                .as("the other server has not sent anything yet")
                .isLessThan(points.getLast().sequence());
        assertHidden(again, id, offered);
        assertReads(again, id, whole, versions);
        again.close();

        try (var last = open(files)) {
            assertThat(last.identity("s")).isEqualTo(damaged.identity("s"));
            assertThat(last.newestPoint("s-0").orElseThrow().sequence())
                    .isEqualTo(whole.sequence());
            assertReads(last, id, whole, versions);
            assertHidden(last, id, offered);
            assertThat(last.points("s-0", Instant.MIN, Instant.MAX, 100))
                    .extracting(ConsistencyPoint::sequence)
                    .containsExactlyElementsOf(
                            Stream.concat(
                                            points.stream().map(ConsistencyPoint::sequence),
                                            Stream.of(whole.sequence()))
                                    .filter(sequence ->
                                            sequence <= offered.sequence()
                                                    || sequence == whole.sequence())
                                    .toList());
        }
    }

    private VolumeStore open(FaultyFilesystem files) throws Exception {
        return VolumeStores.open(
                test.settings,
                files.mount(),
                TestStore.DIRECTORY,
                test.time,
                new SplittableRandom(++openings)::nextBytes);
    }

    private void assertHidden(VolumeStore store, VolumeId id, ConsistencyPoint offered)
            throws Exception {
        for (var point : points) {
            if (point.sequence() <= offered.sequence()) {
                store.view(id, point.sequence()).close();
                continue;
            }
            assertThat(store.point("s-0", point.sequence())).isEmpty();
            assertThatThrownBy(() -> store.view(id, point.sequence()))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("damaged beyond knowing");
        }
    }

    private static void assertReads(
            VolumeStore store, VolumeId id, ConsistencyPoint point, long[] versions)
            throws Exception {
        try (var view = store.view(id, point.sequence())) {
            assertThat(TestStore.versions(view, id)).isEqualTo(versions);
        }
    }

    /// The whole volume, as after a comparison.
    ///
    /// @return the versions of its blocks
    private long[] write(VolumeStore store, VolumeId id) throws Exception {
        version++;
        store.append(id, List.of(test.extent(id, 0, BLOCKS, version))).get();
        var versions = new long[BLOCKS];
        Arrays.fill(versions, version);
        return versions;
    }

    private ConsistencyPoint point(VolumeStore store, String owner) throws Exception {
        test.time.advance(Duration.ofSeconds(1));
        return store.appendPoint(new NewPoint(owner, test.time.now(), 0, version, false)).get();
    }

    /// Two batches in the middle of the segment that the power cut left open are gone.
    private static Map<Path, byte[]> withGap(Map<Path, byte[]> contents) {
        var segment =
                contents.keySet().stream()
                        .filter(path -> path.toString().endsWith(".seg"))
                        .max(Path::compareTo)
                        .orElseThrow();
        var bytes = contents.get(segment);
        var batches = new ArrayList<Integer>();
        for (var at = 0; at + 4 <= bytes.length; at += 8) {
            if (ByteBuffer.wrap(bytes).getInt(at) == BATCH_MAGIC) {
                batches.add(at);
            }
        }
        assertThat(batches.size()).as("batches in %s", segment).isGreaterThan(12);
        Arrays.fill(bytes, batches.get(6), batches.get(9), (byte) 0);
        return contents;
    }
}
