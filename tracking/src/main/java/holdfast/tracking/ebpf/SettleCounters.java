package holdfast.tracking.ebpf;

import holdfast.base.TimeSource;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.base.linux.LinuxKernel;
import holdfast.tracking.TrackerException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.time.Duration;

/// Knows when no program that may have read the former active index is running any more.
///
/// Each processor has two counters: programs entered and programs left. A program counts its entry
/// *before* it reads the index (a fetch-add, which orders the two), and its leaving after its last
/// bit. So, after the store of the new index and a full fence: read *left*, then *entered*. If they
/// are equal, then at the moment of the first read no program was between the two on that
/// processor, for neither counter ever falls and left never exceeds entered; and whoever entered
/// later reads the new index. This takes microseconds and no help of the kernel's.
///
/// Processors whose numbers differ by a multiple of the slot count share a slot; the argument holds
/// for the sums as well.
final class SettleCounters {
    static final int SLOT_SHIFT = 6; // a cache line each
    static final int ENTERED = 0;
    static final int EXITED = 8;

    private static final int SLOTS_MAX = 1024;
    private static final VarHandle COUNTER = ValueLayout.JAVA_LONG.varHandle();

    /// Longer than this a program runs only if something else took its processor away (a
    /// hypervisor, a storm of interrupts): then the kernel's own wait is better than spinning.
    private static final Duration SPIN_MAX = Duration.ofMillis(2);

    private final MemorySegment counters;
    private final TimeSource time;

    SettleCounters(MemorySegment counters, TimeSource time) {
        this.counters = counters;
        this.time = time;
    }

    /// Slots for that many processors.
    static int slots(int processorNumberEnd) {
        var power = Integer.highestOneBit(Math.max(1, processorNumberEnd - 1)) << 1;
        return Math.min(SLOTS_MAX, power);
    }

    static int bytes(int slots) {
        return Math.max(4096, slots << SLOT_SHIFT);
    }

    /// Returns when every program that was running when the index was stored has ended.
    void settle() throws TrackerException {
        var start = time.nanoTime();
        for (var slot = 0L; slot < counters.byteSize(); slot += 1L << SLOT_SHIFT) {
            while (isRunning(slot)) {
                if (time.nanoTime() - start > SPIN_MAX.toNanos()) {
                    waitForKernel();
                    return;
                }
                Thread.onSpinWait();
            }
        }
    }

    private boolean isRunning(long slot) {
        var exited = (long) COUNTER.getVolatile(counters, slot + EXITED);
        var entered = (long) COUNTER.getVolatile(counters, slot + ENTERED);
        return exited != entered;
    }

    /// A grace period: storing into a map of maps waits for running programs; where the kernel
    /// refuses such maps, membarrier does.
    static void waitForKernel() throws TrackerException {
        try (LinuxFile inner = Bpf.createPlainArray("hf_inner");
                LinuxFile outer = Bpf.createArrayOfMaps("hf_outer", inner)) {
            Bpf.storeMap(outer, inner);
        } catch (LinuxException noMapOfMaps) {
            try {
                LinuxKernel.memoryBarrier();
            } catch (LinuxException e) {
                e.addSuppressed(noMapOfMaps);
                throw new TrackerException(
                        "the kernel offers no way to wait for running programs: " + e.getMessage(),
                        e);
            }
        }
    }
}
