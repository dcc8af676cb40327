package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.BlockSet;
import holdfast.tracking.ebpf.ChangeProgram.Ranges;
import holdfast.tracking.ebpf.FakeKernel.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ChangeProgramTest {
    /// Not a multiple of a block: the last one is partial.
    private static final long DISK_BYTES = (6L << 30) + 512;

    private static final long SECTORS = DISK_BYTES / 512;

    /// Up to this a range is recorded block by block.
    private static final long FINE_SECTORS_MAX = 64 * 64 * 8;

    private FakeKernel kernel;

    @BeforeEach
    void open() throws Exception {
        kernel = new FakeKernel(DISK_BYTES);
    }

    @AfterEach
    void close() {
        if (kernel != null) {
            kernel.close();
        }
    }

    @ParameterizedTest
    @EnumSource(Planes.Event.class)
    void everyRangeIsRecordedAndLittleElse(Planes.Event event) throws Exception {
        var program = kernel.load(event, Ranges.ALL);
        var random = new SplittableRandom(1);
        for (var i = 0; i < 300; i++) {
            var sectors = 1 + random.nextLong(1L << (1 + random.nextInt(22)));
            var range = new Range(random.nextLong(SECTORS - sectors + 1), sectors);
            kernel.run(program, event, FakeKernel.WRITE, List.of(range));
            assertRecorded(event, List.of(range), range.sectors() <= FINE_SECTORS_MAX);
        }
        assertThat(kernel.control.losses(0, 0)).isEqualTo(new ControlPage.Losses(0, 0, 0, 0));
        assertThat(kernel.running()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Planes.Event.class)
    void everyRangeOfADiscardIsRecorded(Planes.Event event) throws Exception {
        var single = kernel.load(event, Ranges.SINGLE);
        var several = kernel.load(event, Ranges.MULTIPLE);
        var discard = kernel.layout.discard();
        var random = new SplittableRandom(2);
        for (var i = 0; i < 60; i++) {
            var ranges = new ArrayList<Range>();
            var count = i == 0 ? 256 : 1 + random.nextInt(256);
            for (var k = 0; k < count; k++) {
                // together less than the 4 GiB that a request's length can say
                var sectors = random.nextLong(1L << (1 + random.nextInt(14)));
                ranges.add(new Range(random.nextLong(SECTORS - sectors), sectors));
            }
            kernel.run(single, event, discard, ranges);
            kernel.run(several, event, discard, ranges);
            assertRecorded(event, ranges, false);
        }
        assertThat(kernel.control.losses(0, 0)).isEqualTo(new ControlPage.Losses(0, 0, 0, 0));
    }

    @Test
    void oneOfTheTwoProgramsTakesEachRequest() throws Exception {
        var single = kernel.load(Planes.Event.COMPLETED, Ranges.SINGLE);
        var several = kernel.load(Planes.Event.COMPLETED, Ranges.MULTIPLE);
        var two = List.of(new Range(0, 8), new Range(80, 8));
        for (var program : List.of(single, several)) {
            kernel.run(program, Planes.Event.COMPLETED, kernel.layout.discard(), two);
            kernel.run(program, Planes.Event.COMPLETED, kernel.layout.discard(), two.subList(0, 1));
            kernel.run(program, Planes.Event.COMPLETED, FakeKernel.WRITE, two.subList(0, 1));
        }
        assertThat(kernel.control.completedSectors(0)).isEqualTo(16 + 8 + 8);
    }

    @Test
    void readsAndOtherDisksAreIgnored() throws Exception {
        var program = kernel.load(Planes.Event.COMPLETED, Ranges.ALL);
        var range = List.of(new Range(8, 8));
        kernel.run(program, Planes.Event.COMPLETED, 0, range);
        kernel.writeDisk(FakeKernel.MAJOR, FakeKernel.MINOR + 1);
        kernel.run(program, Planes.Event.COMPLETED, FakeKernel.WRITE, range);
        kernel.writeDisk(FakeKernel.MAJOR + 1, FakeKernel.MINOR);
        kernel.run(program, Planes.Event.COMPLETED, FakeKernel.WRITE, range);
        assertThat(kernel.recorded(Planes.Event.COMPLETED).isEmpty()).isTrue();
        assertThat(kernel.control.completedSectors(0)).isZero();
    }

    @Test
    void aFlushWithoutDataChangesNothing() throws Exception {
        var program = kernel.load(Planes.Event.COMPLETED, Ranges.ALL);
        kernel.run(
                program, Planes.Event.COMPLETED, FakeKernel.WRITE, List.of(new Range(SECTORS, 0)));
        assertThat(kernel.recorded(Planes.Event.COMPLETED).isEmpty()).isTrue();
        assertThat(kernel.control.losses(0, 0)).isEqualTo(new ControlPage.Losses(0, 0, 0, 0));
    }

    @Test
    void whatIsNotRecordedIsCounted() throws Exception {
        var program = kernel.load(Planes.Event.COMPLETED, Ranges.ALL);
        var several = kernel.load(Planes.Event.COMPLETED, Ranges.MULTIPLE);
        var event = Planes.Event.COMPLETED;
        kernel.run(program, event, FakeKernel.WRITE, List.of(new Range(SECTORS - 4, 5)));
        assertThat(kernel.control.losses(0, 0)).isEqualTo(new ControlPage.Losses(1, 0, 0, 0));
        var passedThrough = kernel.layout.firstPassThrough() | 1;
        kernel.run(program, event, passedThrough, List.of(new Range(0, 8)));
        assertThat(kernel.control.losses(0, 0)).isEqualTo(new ControlPage.Losses(1, 0, 1, 0));
        var ranges = new ArrayList<Range>();
        for (var i = 0; i < 1600; i++) {
            ranges.add(new Range(80L * i, 8));
        }
        kernel.run(several, event, kernel.layout.discard(), ranges);
        assertThat(kernel.control.losses(0, 0)).isEqualTo(new ControlPage.Losses(1, 1, 1, 0));
        assertThat(kernel.running()).isZero();
    }

    @Test
    void whatIsGivenBackIsNotCountedAsIssued() throws Exception {
        var issued = kernel.load(Planes.Event.ISSUED, Ranges.ALL);
        var requeued = kernel.loadRequeue();
        var range = List.of(new Range(8, 24));
        kernel.run(issued, Planes.Event.ISSUED, FakeKernel.WRITE, range);
        assertThat(kernel.control.issuedSectors(0)).isEqualTo(24);
        kernel.run(requeued, kernel.layout.requeue(), FakeKernel.WRITE, range);
        kernel.run(requeued, kernel.layout.requeue(), 0, range);
        var passedThrough = kernel.layout.firstPassThrough() | 1;
        kernel.run(requeued, kernel.layout.requeue(), passedThrough, range);
        assertThat(kernel.control.issuedSectors(0)).isZero();
        kernel.writeDisk(FakeKernel.MAJOR, FakeKernel.MINOR + 1);
        kernel.run(requeued, kernel.layout.requeue(), FakeKernel.WRITE, range);
        assertThat(kernel.control.issuedSectors(0)).isZero();
    }

    @Test
    void theActiveIndexChoosesThePlane() throws Exception {
        var program = kernel.load(Planes.Event.COMPLETED, Ranges.ALL);
        kernel.control.activate(1);
        kernel.run(program, Planes.Event.COMPLETED, FakeKernel.WRITE, List.of(new Range(8, 8)));
        assertThat(kernel.recorded(Planes.Event.COMPLETED).isEmpty()).isTrue();
    }

    private void assertRecorded(Planes.Event event, List<Range> ranges, boolean exactly)
            throws Exception {
        var least = new BlockSet(kernel.planes.blockCount());
        var most = new BlockSet(kernel.planes.blockCount());
        for (var range : ranges) {
            if (range.sectors() > 0) {
                var first = range.sector() / 8;
                var end = (range.sector() + range.sectors() + 7) / 8;
                least.add(first, end);
                most.add(
                        first / Planes.COARSE_BLOCKS * Planes.COARSE_BLOCKS,
                        Math.min(
                                most.blockCount(),
                                (end + Planes.COARSE_BLOCKS - 1)
                                        / Planes.COARSE_BLOCKS
                                        * Planes.COARSE_BLOCKS));
            }
        }
        var recorded = kernel.recorded(event);
        var tooMuch = recorded.copy();
        tooMuch.removeAll(exactly ? least : most);
        assertThat(tooMuch.next(0)).as("recorded beyond %s", ranges).isEqualTo(-1);
        least.removeAll(recorded);
        assertThat(least.next(0)).as("not recorded of %s", ranges).isEqualTo(-1);
    }
}
