package holdfast.simulation;

import holdfast.base.BlockSet;
import holdfast.base.TimeSource;
import holdfast.tracking.Flip;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.Tracker;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// The tracker over a simulated machine's bitmaps: what it keeps outlives the agent.
final class SimTracker implements Tracker {
    private final Scheduler scheduler;
    private final SourceMachine machine;
    private final TimeSource time;
    private final SourceMachine.KernelBits bits;

    SimTracker(Scheduler scheduler, SourceMachine machine, TimeSource time) {
        this.scheduler = scheduler;
        this.machine = machine;
        this.time = time;
        this.bits = machine.bits;
    }

    @Override
    public Kind kind() {
        return Kind.EBPF;
    }

    @Override
    public String explanation() {
        return "simulated";
    }

    @Override
    public List<TrackedDisk> disks() {
        return IntStream.range(0, machine.device.length).mapToObj(machine::tracked).toList();
    }

    @Override
    public BlockSet pending(int disk) {
        return bits.pending[disk];
    }

    @Override
    public BlockSet changed(int disk) {
        return bits.changed[disk];
    }

    @Override
    public long changedSinceFlip(int disk) {
        var changed = bits.completed[disk].copy();
        changed.removeAll(bits.pending[disk]);
        return changed.size();
    }

    @Override
    public Optional<String> distrust(int disk) {
        return Optional.ofNullable(bits.distrust[disk]);
    }

    @Override
    @SuppressWarnings("NullAway") // null is the fake's own mark of trust
    public void trust(int disk) {
        bits.distrust[disk] = null;
    }

    @Override
    public byte[] memo() {
        return bits.memo.clone();
    }

    @Override
    public void memo(byte[] note) {
        pass();
        bits.memo = note.clone();
        pass();
    }

    /// A moment in which the agent may be killed.
    private void pass() {
        scheduler.sleepThroughInterrupts(5_000);
    }

    /// No two flips of a machine within a millisecond, so that the instant tells them apart.
    @Override
    public Flip flip() {
        scheduler.sleepThroughInterrupts(1_100_000);
        var instant = time.now();
        var nanos = time.nanoTime();
        machine.cuts
                .computeIfAbsent(instant.toEpochMilli(), _ -> new ArrayList<>())
                .add(machine.flip());
        var number = bits.flips;
        pass();
        return new SimFlip(instant, nanos, number);
    }

    private final class SimFlip implements Flip {
        private final Instant instant;
        private final long nanos;
        private final int number;

        SimFlip(Instant instant, long nanos, int number) {
            this.instant = instant;
            this.nanos = nanos;
            this.number = number;
        }

        @Override
        public Instant instant() {
            return instant;
        }

        @Override
        public long nanoTime() {
            return nanos;
        }

        @Override
        public BitSet writtenSince(int disk, long firstBlock, int blockCount) {
            if (number != bits.flips) {
                throw new IllegalStateException("asked of a flip that is over");
            }
            var written = new BitSet();
            for (var i = 0; i < blockCount; i++) {
                written.set(i, bits.issued[disk].contains(firstBlock + i));
            }
            return written;
        }

        @Override
        public boolean isProven(int disk) {
            pass();
            return bits.distrust[disk] == null;
        }
    }

    @Override
    public void discard() {}

    @Override
    public void close() {}
}
