package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.BlockSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DiskBitsTest {
    /// 1300 blocks: two coarse units and a part of a third.
    private final Planes planes = new Planes(1300L * 4096);

    private final MemorySegment map =
            Arena.ofAuto().allocate(planes.words() * Long.BYTES, Long.BYTES);
    private final DiskBits bits = new DiskBits(planes, map, new BlockSet(planes.blockCount()));

    @Test
    void fineAndCoarseBitsBecomePendingAndLeaveThePlane() {
        fine(Planes.Event.COMPLETED, 1, 70);
        fine(Planes.Event.COMPLETED, 1, 1299);
        set(planes.coarseAt(Planes.Event.COMPLETED, 1), 2);
        bits.pending().add(5, 6);
        bits.moveToPending(1);
        var expected = new BlockSet(1300);
        expected.add(5, 6);
        expected.add(70, 71);
        expected.add(1024, 1300); // the unit ends with the disk
        assertSame(bits.pending(), expected);
        bits.pending().clear();
        bits.moveToPending(1);
        assertThat(bits.pending().isEmpty()).isTrue();
    }

    @Test
    void whatChangedSinceTheFlipIsCountedOnceAndNotIfPending() {
        fine(Planes.Event.COMPLETED, 1, 70);
        fine(Planes.Event.COMPLETED, 1, 71);
        fine(Planes.Event.COMPLETED, 1, 1030);
        set(planes.coarseAt(Planes.Event.COMPLETED, 1), 2);
        fine(Planes.Event.COMPLETED, 0, 3);
        fine(Planes.Event.ISSUED, 1, 4);
        bits.pending().add(71, 72);
        bits.pending().add(1299, 1300);
        assertThat(bits.completedNotPending(1)).isEqualTo(1 + 1300 - 1024 - 1);
        bits.moveToPending(1);
        assertThat(bits.completedNotPending(1)).isZero();
    }

    @Test
    void theOtherPlanesAreLeftAlone() {
        fine(Planes.Event.COMPLETED, 0, 1);
        fine(Planes.Event.ISSUED, 0, 2);
        set(planes.coarseAt(Planes.Event.ISSUED, 1), 0);
        bits.moveToPending(1);
        assertThat(bits.pending().isEmpty()).isTrue();
        bits.moveToOutstanding(1);
        assertThat(bits.issuedAmong(0, 1300, 1).isEmpty()).isTrue();
        assertThat(bits.issuedAmong(0, 1300, 0).stream()).containsExactly(2);
        bits.moveToPending(0);
        assertThat(bits.pending().size()).isOne();
    }

    @Test
    void conflictsAreWhatWasReadAndIssued() {
        fine(Planes.Event.ISSUED, 0, 10);
        fine(Planes.Event.ISSUED, 0, 11);
        set(planes.coarseAt(Planes.Event.ISSUED, 0), 1);
        assertThat(bits.issuedAmong(11, 2, 0).stream()).containsExactly(0);
        assertThat(bits.issuedAmong(500, 20, 0).stream())
                .containsExactly(IntStream.range(12, 20).boxed().toArray(Integer[]::new));
        assertThat(bits.issuedAmong(12, 500, 0).isEmpty()).isTrue();
    }

    @Test
    void whatBecamePendingIsKnownUntilItIsForgotten() {
        fine(Planes.Event.COMPLETED, 0, 70);
        set(planes.coarseAt(Planes.Event.COMPLETED, 0), 2);
        bits.pending().add(5, 6);
        bits.pending().add(70, 71);
        bits.moveToPending(0);
        fine(Planes.Event.ISSUED, 1, 80);
        bits.doubtOutstanding(1);
        var expected = new BlockSet(1300);
        expected.add(70, 71);
        expected.add(80, 81);
        expected.add(1024, 1300);
        assertSame(bits.changed(), expected);
        bits.forgetChanged();
        assertThat(bits.changed().isEmpty()).isTrue();
        assertThat(bits.pending().size()).isEqualTo(3 + 1300 - 1024);
    }

    @Test
    void whatIsOutstandingOrIssuedCanBeDoubted() {
        fine(Planes.Event.ISSUED, 0, 3);
        set(planes.coarseAt(Planes.Event.ISSUED, 0), 2);
        bits.moveToOutstanding(0);
        fine(Planes.Event.ISSUED, 1, 70);
        fine(Planes.Event.COMPLETED, 1, 90);
        bits.doubtOutstanding(1);
        var expected = new BlockSet(1300);
        expected.add(3, 4);
        expected.add(70, 71);
        expected.add(1024, 1300);
        assertSame(bits.pending(), expected);
        bits.moveToOutstanding(1);
        assertSame(bits.outstanding(), expected);
    }

    private void fine(Planes.Event event, int index, int block) {
        set(planes.fineAt(event, index), block);
        set(planes.summaryAt(event, index), block / 64 >> Planes.SUMMARY_SHIFT);
    }

    private void set(long planeAt, int bit) {
        var at = (planeAt + bit / 64) * Long.BYTES;
        map.set(ValueLayout.JAVA_LONG, at, map.get(ValueLayout.JAVA_LONG, at) | 1L << bit);
    }

    private static void assertSame(BlockSet actual, BlockSet expected) {
        var more = actual.copy();
        more.removeAll(expected);
        assertThat(more.next(0)).as("too many").isEqualTo(-1);
        var less = expected.copy();
        less.removeAll(actual);
        assertThat(less.next(0)).as("too few").isEqualTo(-1);
    }
}
