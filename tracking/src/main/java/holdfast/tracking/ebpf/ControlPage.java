package holdfast.tracking.ebpf;

import holdfast.tracking.Tracker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// What the programs of all disks, the agent and the agent's successor share besides the bits: the
/// single value of a pinned array map, mapped into the agent. In the machine's byte order.
///
/// ```
///     0  u64  active index: 0 or 1, the one store that flips all disks
///    64  u64  magic                    72  u32  version     76  u32  disks
///    80  u64  1 once all is set up     88  36 bytes  boot id
///   128  u64  which of the two memos holds                136  u32  1 if raw_tp
///  1024  memo 0: u32 length, bytes   2560  memo 1
///  4096 + 1024 i, for disk i:
///     0  u64  sectors completed (programs add)
///    64  u64  events out of range      72  u64  events past the loop's bound
///    80  u64  pass-through commands
///   128  u32  major  132  u32  minor  136  u64  size in bytes  144  u64  medium sequence
///   160  5 × u64  tags of the programs, 0 where there is none
///   208  u64  sectors issued (programs add)     216  u64  sectors requeued (programs add)
///   256  u64  1 if trusted
///   264  4 × u64  the counters up to which all is known: 64, 72, 80, missed runs
///   320  4 × u64  audit: constant of completions, of issues, 1 if they are exact, missed issues
///   352  u64  audit: number of its [Doubt]
///   384  u32  length of the reason for distrust, then up to 600 bytes of it, UTF-8
/// ```
///
/// A process may die between any two stores, the machine may not (the page does not outlive it): so
/// a release store that publishes what was stored before is all the order that is needed.
final class ControlPage {
    static final int ACTIVE_INDEX = 0;

    /// From a disk's part on, for the programs.
    static final int COMPLETED_SECTORS = 0;

    static final int OUT_OF_RANGE = 64;
    static final int LOOP_BOUND = 72;
    static final int PASS_THROUGH = 80;
    static final int ISSUED_SECTORS = 208;
    static final int REQUEUED_SECTORS = 216;

    private static final long MAGIC = 0x484f4c4446415354L; // "HOLDFAST"
    private static final int VERSION = 3;
    private static final int HEADER_BYTES = 4096;
    private static final int DISK_BYTES = 1024;
    private static final int BOOT_ID_BYTES = 36;
    private static final int[] MEMOS = {1024, 2560};
    private static final int RAW_TP = 1;
    private static final int REASON_BYTES_MAX = 600;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final VarHandle WORD = LONG.varHandle();

    /// Which disk it is.
    record Identity(int major, int minor, long sizeBytes, long mediumSequence) {}

    /// Events of which bits may be missing, each kind counted since tracking began.
    ///
    /// @param missedRuns events at which a completion program could not run
    record Losses(long outOfRange, long loopBound, long passThrough, long missedRuns) {}

    /// What is known of a loss of completions.
    enum Doubt {
        /// None is known, or all was made good.
        NONE(0),
        /// What is outstanding has become pending; whether that is all, an exact look will tell.
        UNCONFIRMED(1),
        /// What is outstanding has yet to become pending.
        LOST(2);

        private final long number;

        Doubt(long number) {
            this.number = number;
        }
    }

    private final MemorySegment page;

    ControlPage(MemorySegment page) {
        this.page = page;
    }

    static int bytes(int disks) {
        return HEADER_BYTES + DISK_BYTES * disks;
    }

    /// Where a disk's part begins.
    static int diskAt(int disk) {
        return HEADER_BYTES + DISK_BYTES * disk;
    }

    int activeIndex() {
        return (int) (long) WORD.getVolatile(page, (long) ACTIVE_INDEX) & 1;
    }

    /// The store that is the instant of a round. Nothing before or after it moves across.
    void activate(int index) {
        WORD.setVolatile(page, (long) ACTIVE_INDEX, (long) index);
        VarHandle.fullFence();
    }

    /// Fills in a fresh page; [#setReady] makes it count.
    void describe(String bootId, List<Identity> disks) {
        page.set(LONG, 64, MAGIC);
        page.set(INT, 72, VERSION);
        page.set(INT, 76, disks.size());
        var boot = bootId.getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(
                MemorySegment.ofArray(boot), 0, page, 88, Math.min(boot.length, BOOT_ID_BYTES));
        for (var disk = 0; disk < disks.size(); disk++) {
            var identity = disks.get(disk);
            page.set(INT, diskAt(disk) + 128, identity.major);
            page.set(INT, diskAt(disk) + 132, identity.minor);
            page.set(LONG, diskAt(disk) + 136, identity.sizeBytes);
            page.set(LONG, diskAt(disk) + 144, identity.mediumSequence);
        }
    }

    void setReady() {
        WORD.setRelease(page, 80L, 1L);
    }

    /// Whether whoever made the page got as far as [#setReady], in this version.
    boolean isReady() {
        return page.get(LONG, 64) == MAGIC
                && page.get(INT, 72) == VERSION
                && (long) WORD.getAcquire(page, 80L) == 1
                && page.byteSize() >= bytes(diskCount());
    }

    int diskCount() {
        return page.get(INT, 76);
    }

    String bootId() {
        var bytes = page.asSlice(88, BOOT_ID_BYTES).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.US_ASCII).replace("\0", "");
    }

    Identity identity(int disk) {
        return new Identity(
                page.get(INT, diskAt(disk) + 128),
                page.get(INT, diskAt(disk) + 132),
                page.get(LONG, diskAt(disk) + 136),
                page.get(LONG, diskAt(disk) + 144));
    }

    /// How the programs reach the kernel's structs.
    Bpf.Access access() {
        return page.get(INT, 136) == RAW_TP ? Bpf.Access.RAW_TP : Bpf.Access.TP_BTF;
    }

    void access(Bpf.Access access) {
        page.set(
                INT,
                136,
                switch (access) {
                    case TP_BTF -> 0;
                    case RAW_TP -> RAW_TP;
                });
    }

    /// The tags of a disk's programs.
    DiskPrograms.Tags tags(int disk) {
        return new DiskPrograms.Tags() {
            @Override
            public long get(int program) {
                return page.get(LONG, diskAt(disk) + 160 + Long.BYTES * program);
            }

            @Override
            public void set(int program, long tag) {
                page.set(LONG, diskAt(disk) + 160 + Long.BYTES * program, tag);
            }
        };
    }

    byte[] memo() {
        var at = MEMOS[(int) page.get(LONG, 128) & 1];
        var length = Math.clamp(page.get(INT, at), 0, Tracker.MEMO_BYTES_MAX);
        return page.asSlice(at + Integer.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
    }

    /// Into the memo that does not hold, which then does: a death in between keeps the old one.
    void memo(byte[] note) {
        var other = ~page.get(LONG, 128) & 1;
        var at = MEMOS[(int) other];
        page.set(INT, at, note.length);
        MemorySegment.copy(MemorySegment.ofArray(note), 0, page, at + Integer.BYTES, note.length);
        WORD.setRelease(page, 128L, other);
    }

    long completedSectors(int disk) {
        return (long) WORD.getVolatile(page, (long) diskAt(disk) + COMPLETED_SECTORS);
    }

    /// Without those that were issued again.
    long issuedSectors(int disk) {
        // In this order: a request that is requeued in between counts too much and not too little.
        var requeued = (long) WORD.getVolatile(page, (long) diskAt(disk) + REQUEUED_SECTORS);
        return (long) WORD.getVolatile(page, (long) diskAt(disk) + ISSUED_SECTORS) - requeued;
    }

    /// The counters as they stand.
    Losses losses(int disk, long missedRuns) {
        return new Losses(
                (long) WORD.getVolatile(page, (long) diskAt(disk) + OUT_OF_RANGE),
                (long) WORD.getVolatile(page, (long) diskAt(disk) + LOOP_BOUND),
                (long) WORD.getVolatile(page, (long) diskAt(disk) + PASS_THROUGH),
                missedRuns);
    }

    boolean isTrusted(int disk) {
        return (long) WORD.getAcquire(page, (long) diskAt(disk) + 256) == 1;
    }

    /// The counters as they stood when trust began, or as of the last loss that was made good.
    Losses trustedLosses(int disk) {
        var at = diskAt(disk) + 264;
        return new Losses(
                page.get(LONG, at),
                page.get(LONG, at + 8),
                page.get(LONG, at + 16),
                page.get(LONG, at + 24));
    }

    /// As much is known, and made good.
    void trustedLosses(int disk, Losses losses) {
        var at = diskAt(disk) + 264;
        page.set(LONG, at, losses.outOfRange);
        page.set(LONG, at + 8, losses.loopBound);
        page.set(LONG, at + 16, losses.passThrough);
        page.set(LONG, at + 24, losses.missedRuns);
    }

    void trust(int disk, Losses losses, LossAudit.Baseline baseline) {
        trustedLosses(disk, losses);
        baseline(disk, baseline);
        doubt(disk, Doubt.NONE);
        WORD.setRelease(page, (long) diskAt(disk) + 256, 1L);
    }

    /// Keeps the reason for the agent's successor.
    void distrust(int disk, String reason) {
        var bytes = reason.getBytes(StandardCharsets.UTF_8);
        var text = Arrays.copyOf(bytes, Math.min(bytes.length, REASON_BYTES_MAX));
        WORD.setRelease(page, (long) diskAt(disk) + 256, 0L);
        page.set(INT, diskAt(disk) + 384, text.length);
        MemorySegment.copy(MemorySegment.ofArray(text), 0, page, diskAt(disk) + 388, text.length);
    }

    /// Meaningful while the disk is not trusted.
    String distrustReason(int disk) {
        var at = diskAt(disk) + 384;
        var length = Math.clamp(page.get(INT, at), 0, REASON_BYTES_MAX);
        return new String(
                page.asSlice(at + Integer.BYTES, length).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.UTF_8);
    }

    LossAudit.Baseline baseline(int disk) {
        var at = diskAt(disk) + 320;
        return new LossAudit.Baseline(
                page.get(LONG, at),
                page.get(LONG, at + 8),
                page.get(LONG, at + 16) == 1,
                page.get(LONG, at + 24));
    }

    void baseline(int disk, LossAudit.Baseline baseline) {
        var at = diskAt(disk) + 320;
        page.set(LONG, at, baseline.completed());
        page.set(LONG, at + 8, baseline.issued());
        page.set(LONG, at + 16, baseline.exact() ? 1 : 0);
        page.set(LONG, at + 24, baseline.missedIssues());
    }

    Doubt doubt(int disk) {
        var number = (long) WORD.getAcquire(page, (long) diskAt(disk) + 352);
        for (var doubt : Doubt.values()) {
            if (doubt.number == number) {
                return doubt;
            }
        }
        return Doubt.LOST; // the one that is never wrong
    }

    void doubt(int disk, Doubt doubt) {
        WORD.setRelease(page, (long) diskAt(disk) + 352, doubt.number);
    }
}
