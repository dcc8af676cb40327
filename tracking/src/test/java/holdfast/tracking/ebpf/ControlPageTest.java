package holdfast.tracking.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.tracking.Tracker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlPageTest {
    private final MemorySegment memory = Arena.ofAuto().allocate(ControlPage.bytes(2), 8);
    private final ControlPage page = new ControlPage(memory);

    @Test
    void aPageCountsOnlyOnceItIsReady() {
        assertThat(page.isReady()).isFalse();
        page.describe("boot-1", List.of(identity(1), identity(2)));
        assertThat(page.isReady()).isFalse();
        page.setReady();
        assertThat(page.isReady()).isTrue();
        assertThat(page.bootId()).isEqualTo("boot-1");
        assertThat(page.diskCount()).isEqualTo(2);
        assertThat(page.identity(1)).isEqualTo(identity(2));
    }

    @Test
    void memosReplaceEachOtherWhole() {
        assertThat(page.memo()).isEmpty();
        for (var size : List.of(3, Tracker.MEMO_BYTES_MAX, 0, 17)) {
            var memo = new byte[size];
            Arrays.fill(memo, (byte) size.intValue());
            page.memo(memo);
            assertThat(page.memo()).isEqualTo(memo);
        }
    }

    @Test
    void trustKeepsTheCountersAndTheBaseline() {
        assertThat(page.isTrusted(1)).isFalse();
        var losses = new ControlPage.Losses(1, 2, 3, 4);
        var baseline = new LossAudit.Baseline(-77, 88, true, 9);
        page.trust(1, losses, baseline);
        assertThat(page.isTrusted(1)).isTrue();
        assertThat(page.isTrusted(0)).isFalse();
        assertThat(page.trustedLosses(1)).isEqualTo(losses);
        assertThat(page.baseline(1)).isEqualTo(baseline);
        page.doubt(1, ControlPage.Doubt.LOST);
        assertThat(page.doubt(1)).isEqualTo(ControlPage.Doubt.LOST);
        assertThat(page.doubt(0)).isEqualTo(ControlPage.Doubt.NONE);
        page.trust(1, losses, baseline);
        assertThat(page.doubt(1)).isEqualTo(ControlPage.Doubt.NONE);
    }

    @Test
    void aLongReasonIsCutAndDisturbsNoOtherDisk() {
        page.distrust(1, "second");
        page.distrust(0, "x".repeat(5000));
        assertThat(page.distrustReason(0)).hasSize(600).containsOnlyOnce("x".repeat(600));
        assertThat(page.distrustReason(1)).isEqualTo("second");
        assertThat(page.isTrusted(0)).isFalse();
    }

    private static ControlPage.Identity identity(int number) {
        return new ControlPage.Identity(7, number, 1L << 30, 10 + number);
    }
}
