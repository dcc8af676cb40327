package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LossAuditTest {
    /// A disk that works while its sums are read: at each read some requests take a step. A request
    /// is issued, recorded as completed, accounted for, done.
    private static final class BusyDisk implements LossAudit.Counts {
        private static final int QUEUE_DEPTH = 32;

        private final SplittableRandom random;
        private final double load;
        private final ArrayDeque<Long> underWay = new ArrayDeque<>();
        private long issued = 5_000;
        private long completed = 3_000;
        private long accounted = 1_000_000;
        private boolean between;
        private boolean statistics = true;

        BusyDisk(SplittableRandom random, double load) {
            this.random = random;
            this.load = load;
        }

        private void pass() {
            if (between || (!underWay.isEmpty() && random.nextBoolean())) {
                complete(true);
            }
            if (underWay.size() < QUEUE_DEPTH && random.nextDouble() < load) {
                issue(true);
            }
        }

        private void issue(boolean seen) {
            var sectors = 1 + random.nextLong(64);
            underWay.add(sectors);
            issued += seen ? sectors : 0;
        }

        /// In two steps, so that a look can meet it in the middle.
        private void complete(boolean seen) {
            if (!between) {
                completed += seen ? underWay.getFirst() : 0;
                between = true;
            } else {
                accounted += statistics ? underWay.getFirst() : 0;
                underWay.removeFirst();
                between = false;
            }
        }

        void rest() {
            while (!underWay.isEmpty()) {
                complete(true);
            }
        }

        /// @return its sectors
        long write(boolean issueSeen, boolean completionSeen) {
            rest();
            issue(issueSeen);
            var sectors = underWay.getFirst();
            complete(completionSeen);
            complete(completionSeen);
            return sectors;
        }

        @Override
        public long completed() {
            pass();
            return completed;
        }

        @Override
        public long issued() {
            pass();
            return issued;
        }

        @Override
        public long accounted() {
            pass();
            return accounted;
        }

        @Override
        public boolean isIdle() {
            pass();
            return underWay.isEmpty();
        }
    }

    @ParameterizedTest(name = "load {0}")
    @ValueSource(doubles = {0, 0.01, 0.1, 0.3, 0.6, 0.95})
    void noLoadRaisesAFalseAlarm(double load) throws Exception {
        for (var seed = 0; seed < 200; seed++) {
            var disk = new BusyDisk(new SplittableRandom(seed), load);
            var audit = new LossAudit(disk);
            var baseline = audit.begin(0, disk::rest);
            for (var round = 0; round < 100; round++) {
                var finding = audit.check(baseline, 0);
                assertThat(finding.lostCompletions()).as("seed %d round %d", seed, round).isZero();
                assertThat(finding.lostIssues()).as("seed %d round %d", seed, round).isZero();
                assertThat(finding.certain()).isEqualTo(baseline.exact() || !finding.exact());
                baseline = finding.baseline();
            }
        }
    }

    @ParameterizedTest(name = "load {0}")
    @ValueSource(doubles = {0, 0.01, 0.1, 0.3})
    void aLostCompletionShowsAtTheNextCheck(double load) throws Exception {
        for (var seed = 0; seed < 200; seed++) {
            var random = new SplittableRandom(seed);
            var disk = new BusyDisk(random, load);
            var audit = new LossAudit(disk);
            var baseline = audit.begin(0, disk::rest);
            for (var round = random.nextInt(10); round > 0; round--) {
                baseline = audit.check(baseline, 0).baseline();
            }
            var sectors = disk.write(true, false);
            var finding = audit.check(baseline, 0);
            assertThat(finding.lostCompletions())
                    .as("seed %d", seed)
                    .isBetween(finding.exact() ? sectors : 1, sectors);
            assertThat(finding.lostIssues()).isZero();
            var rest = audit.check(finding.baseline(), 0).lostCompletions();
            assertThat(rest).isLessThanOrEqualTo(sectors - finding.lostCompletions());
        }
    }

    @ParameterizedTest(name = "load {0}")
    @ValueSource(doubles = {0, 0.01, 0.1, 0.2})
    void aLostIssueShowsAtTheNextExactLook(double load) throws Exception {
        for (var seed = 0; seed < 200; seed++) {
            var random = new SplittableRandom(seed);
            var disk = new BusyDisk(random, load);
            var audit = new LossAudit(disk);
            disk.rest();
            var baseline = new LossAudit(calm(disk)).begin(7, () -> {});
            var completionSeen = random.nextBoolean();
            var sectors = disk.write(false, completionSeen);
            LossAudit.Finding finding;
            var lost = 0L;
            do {
                finding = audit.check(baseline, 7);
                baseline = finding.baseline();
                lost += finding.lostCompletions();
            } while (!finding.exact());
            assertThat(finding.lostIssues()).as("seed %d", seed).isEqualTo(sectors);
            assertThat(lost).isEqualTo(completionSeen ? 0 : sectors);
        }
    }

    @Test
    void aDiskThatWasBusyFromTheBeginningIsUncertainUntilItRests() throws Exception {
        var random = new SplittableRandom(4);
        var disk = new BusyDisk(random, 0.95);
        for (var i = 0; i < 100; i++) {
            disk.issue(true);
        }
        var baseline = new LossAudit(disk).begin(0, () -> {});
        assertThat(baseline.exact()).isFalse();
        disk.rest();
        var finding = new LossAudit(calm(disk)).check(baseline, 0);
        assertThat(finding.exact()).isTrue();
        assertThat(finding.certain()).isFalse();
        assertThat(new LossAudit(calm(disk)).check(finding.baseline(), 0).certain()).isTrue();
    }

    @Test
    void statisticsThatWereOffLeaveUncertaintyAndThenLossesShowAgain() throws Exception {
        var disk = new BusyDisk(new SplittableRandom(1), 0);
        var audit = new LossAudit(disk);
        var baseline = audit.begin(0, () -> {});
        disk.statistics = false;
        disk.write(true, true);
        disk.statistics = true;
        var finding = audit.check(baseline, 0);
        assertThat(finding.certain()).isFalse();
        var sectors = disk.write(true, false);
        assertThat(audit.check(finding.baseline(), 0).lostCompletions()).isEqualTo(sectors);
    }

    /// The same disk, doing nothing.
    private static BusyDisk calm(BusyDisk disk) {
        var calm = new BusyDisk(new SplittableRandom(0), 0);
        calm.issued = disk.issued;
        calm.completed = disk.completed;
        calm.accounted = disk.accounted;
        return calm;
    }
}
