package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LossAuditTest {
    /// A disk on which writes complete while its sums are read: at each read a few steps pass, each
    /// of which begins a completion (program, then statistics) or ends one that was in between.
    private static final class BusyDisk implements LossAudit.Counts {
        private final SplittableRandom random;
        private final double load;
        private long recorded;
        private long accounted = 1_000_000;
        private long between;
        private boolean statistics = true;

        BusyDisk(SplittableRandom random, double load) {
            this.random = random;
            this.load = load;
        }

        private void pass() {
            if (between > 0) {
                accounted += statistics ? between : 0;
                between = 0;
            }
            if (random.nextDouble() < load) {
                between = 1 + random.nextLong(64);
                recorded += between;
            }
        }

        void lose(long sectors) {
            accounted += sectors;
        }

        void calm() {
            accounted += statistics ? between : 0;
            between = 0;
        }

        @Override
        public long recorded() {
            pass();
            return recorded;
        }

        @Override
        public long accounted() {
            pass();
            return accounted;
        }
    }

    @ParameterizedTest(name = "load {0}")
    @ValueSource(doubles = {0, 0.01, 0.1, 0.3, 0.6, 0.95})
    void noLoadRaisesAFalseAlarm(double load) throws Exception {
        for (var seed = 0; seed < 200; seed++) {
            var disk = new BusyDisk(new SplittableRandom(seed), load);
            var audit = new LossAudit(disk);
            var baseline = audit.begin(() -> disk.pass());
            for (var round = 0; round < 100; round++) {
                var finding = audit.check(baseline);
                assertThat(finding.lost()).as("seed %d round %d", seed, round).isNotPositive();
                baseline = finding.baseline();
            }
        }
    }

    @ParameterizedTest(name = "load {0}")
    @ValueSource(doubles = {0, 0.01, 0.1, 0.3})
    void aLossShowsAtTheNextCheck(double load) throws Exception {
        for (var seed = 0; seed < 200; seed++) {
            var random = new SplittableRandom(seed);
            var disk = new BusyDisk(random, load);
            var audit = new LossAudit(disk);
            var baseline = audit.begin(() -> disk.pass());
            for (var round = random.nextInt(10); round > 0; round--) {
                baseline = audit.check(baseline).baseline();
            }
            var sectors = 1 + random.nextLong(64);
            disk.lose(sectors);
            assertThat(audit.check(baseline).lost()).as("seed %d", seed).isPositive();
        }
    }

    @ParameterizedTest(name = "load {0}")
    @ValueSource(doubles = {0.6, 0.95})
    void aLossOnADiskThatIsNeverCalmShowsWhenItIs(double load) throws Exception {
        for (var seed = 0; seed < 200; seed++) {
            var disk = new BusyDisk(new SplittableRandom(seed), load);
            var audit = new LossAudit(disk);
            var baseline = audit.begin(() -> disk.pass());
            for (var round = 0; round < 50; round++) {
                baseline = audit.check(baseline).baseline();
            }
            // as long as no look was calm, the floor may lie below the constant by what completes
            // during one
            disk.lose(2 * 64);
            disk.calm();
            var calm = new BusyDisk(new SplittableRandom(seed), 0);
            calm.recorded = disk.recorded;
            calm.accounted = disk.accounted;
            assertThat(new LossAudit(calm).check(baseline).lost()).as("seed %d", seed).isPositive();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void lossesShowAgainAfterStatisticsWereSwitchedOff(long seed) throws Exception {
        var disk = new BusyDisk(new SplittableRandom(seed), 0.3);
        var audit = new LossAudit(disk);
        var baseline = audit.begin(() -> disk.pass());
        disk.calm();
        disk.statistics = false;
        for (var round = 0; round < 50; round++) {
            baseline = audit.check(baseline).baseline();
        }
        disk.calm();
        disk.statistics = true;
        for (var round = 0; round < 200; round++) {
            baseline = audit.check(baseline).baseline();
        }
        disk.lose(1);
        assertThat(audit.check(baseline).lost()).isPositive();
    }
}
