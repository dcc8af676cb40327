package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.linux.LinuxFile;
import holdfast.tracking.TrackerException;
import holdfast.tracking.device.LoopDevice;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every accepted point is a downward-closed cut, and without any one of the round's steps not.
///
/// `-Dtorture.seconds=N` sets how long each mode runs (3), `-Dtorture.seed=N` repeats one.
class TortureTest {
    private static final long SECONDS = Long.getLong("torture.seconds", 3);
    private static final long SEED = Long.getLong("torture.seed", System.nanoTime());
    private static final long MUTANT_SECONDS_MAX = 300;
    private static final long DISK_BYTES = 8 << 20;

    /// Calls that stretch a program from a tenth of a microsecond to some fifty, so that flips meet
    /// it in the middle often.
    private static final int STRETCHED = 2000;

    @ParameterizedTest
    @CsvSource({
        "DIRECT,TP_BTF,0,0",
        "DIRECT,TP_BTF,2000,0",
        "BUFFERED,TP_BTF,0,0",
        "DIRECT,RAW_TP,0,0",
        "DIRECT,TP_BTF,0,512",
        "BUFFERED,TP_BTF,0,512"
    })
    void everyPointIsACut(Torture.Writing writing, Bpf.Access access, int stretch, int lostOneIn)
            throws Exception {
        var result =
                torture(
                        SECONDS,
                        writing,
                        LinuxFile.Mode.READ_DIRECT,
                        TestTracker.only(access, stretch, lostOneIn),
                        EbpfTracker.Steps.PROVEN);
        assertThat(result.violation()).as("seed %d, %s", SEED, result).isNull();
        assertThat(result.points()).as("points of %s", result).isPositive();
    }

    @Test
    void withoutSettlingPointsAreWrong() throws Exception {
        var steps =
                new Mutant() {
                    @Override
                    public void settle(SettleCounters counters) {}
                };
        assertFails(steps, STRETCHED);
    }

    @Test
    void withoutLookingAtWhatWasIssuedPointsAreWrong() throws Exception {
        var steps =
                new Mutant() {
                    @Override
                    public BitSet issued(
                            DiskBits bits, long firstBlock, int blockCount, int active) {
                        return new BitSet();
                    }
                };
        assertFails(steps, 0);
    }

    @Test
    void clearingBeforeCollectingMakesPointsWrong() throws Exception {
        var steps =
                new Mutant() {
                    @Override
                    public void collect(DiskBits bits, int former) {
                        bits.moveToPending(former);
                        bits.pending().clear();
                        super.collect(bits, former);
                    }
                };
        assertFails(steps, 0);
    }

    @Test
    void withoutMakingLossesGoodPointsAreWrong() throws Exception {
        var steps =
                new Mutant() {
                    @Override
                    public void makeGood(DiskBits bits, int active) {}
                };
        assertFails(steps, 0, 512);
    }

    @Test
    void readingThroughThePageCacheMakesPointsWrong() throws Exception {
        var result =
                torture(
                        MUTANT_SECONDS_MAX,
                        Torture.Writing.BUFFERED,
                        LinuxFile.Mode.READ,
                        TestTracker.only(Bpf.Access.TP_BTF, 0, 0),
                        EbpfTracker.Steps.PROVEN);
        assertThat(result.violation()).as("seed %d, %s", SEED, result).isNotNull();
    }

    private static void assertFails(EbpfTracker.Steps steps, int stretch) throws Exception {
        assertFails(steps, stretch, 0);
    }

    private static void assertFails(EbpfTracker.Steps steps, int stretch, int lostOneIn)
            throws Exception {
        var result =
                torture(
                        MUTANT_SECONDS_MAX,
                        Torture.Writing.DIRECT,
                        LinuxFile.Mode.READ_DIRECT,
                        TestTracker.only(Bpf.Access.TP_BTF, stretch, lostOneIn),
                        steps);
        assertThat(result.violation()).as("seed %d, %s", SEED, result).isNotNull();
    }

    private static Torture.Result torture(
            long seconds,
            Torture.Writing writing,
            LinuxFile.Mode reading,
            KernelState.Tuning tuning,
            EbpfTracker.Steps steps)
            throws Exception {
        try (var one = LoopDevice.attach(DISK_BYTES);
                var two = LoopDevice.attach(DISK_BYTES);
                var tracker =
                        TestTracker.open(
                                TestTracker.uniqueName(),
                                List.of(one.disk(), two.disk()),
                                tuning,
                                steps)) {
            try (var torture = new Torture(tracker, writing, reading, SEED)) {
                return torture.run(seconds * 1_000_000_000L);
            } finally {
                tracker.discard();
            }
        }
    }

    /// The proven steps, for one of them to be replaced.
    private abstract static class Mutant implements EbpfTracker.Steps {
        @Override
        public void settle(SettleCounters counters) throws TrackerException {
            EbpfTracker.Steps.PROVEN.settle(counters);
        }

        @Override
        public void makeGood(DiskBits bits, int active) {
            EbpfTracker.Steps.PROVEN.makeGood(bits, active);
        }

        @Override
        public void collect(DiskBits bits, int former) {
            EbpfTracker.Steps.PROVEN.collect(bits, former);
        }

        @Override
        public BitSet issued(DiskBits bits, long firstBlock, int blockCount, int active) {
            return EbpfTracker.Steps.PROVEN.issued(bits, firstBlock, blockCount, active);
        }
    }
}
