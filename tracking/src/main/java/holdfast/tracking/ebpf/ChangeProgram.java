package holdfast.tracking.ebpf;

import static holdfast.tracking.ebpf.Assembler.Condition.ABOVE;
import static holdfast.tracking.ebpf.Assembler.Condition.AT_LEAST;
import static holdfast.tracking.ebpf.Assembler.Condition.AT_MOST;
import static holdfast.tracking.ebpf.Assembler.Condition.BELOW;
import static holdfast.tracking.ebpf.Assembler.Condition.EQUAL;
import static holdfast.tracking.ebpf.Assembler.Condition.NOT_EQUAL;
import static holdfast.tracking.ebpf.Assembler.Operation.ADD;
import static holdfast.tracking.ebpf.Assembler.Operation.AND;
import static holdfast.tracking.ebpf.Assembler.Operation.MULTIPLY;
import static holdfast.tracking.ebpf.Assembler.Operation.OR;
import static holdfast.tracking.ebpf.Assembler.Operation.SHIFT_LEFT;
import static holdfast.tracking.ebpf.Assembler.Operation.SHIFT_RIGHT;
import static holdfast.tracking.ebpf.Assembler.Operation.SUBTRACT;
import static holdfast.tracking.ebpf.Assembler.Register.FRAME;
import static holdfast.tracking.ebpf.Assembler.Register.R0;
import static holdfast.tracking.ebpf.Assembler.Register.R1;
import static holdfast.tracking.ebpf.Assembler.Register.R2;
import static holdfast.tracking.ebpf.Assembler.Register.R3;
import static holdfast.tracking.ebpf.Assembler.Register.R4;
import static holdfast.tracking.ebpf.Assembler.Register.R6;
import static holdfast.tracking.ebpf.Assembler.Register.R7;
import static holdfast.tracking.ebpf.Assembler.Register.R8;
import static holdfast.tracking.ebpf.Assembler.Register.R9;
import static holdfast.tracking.ebpf.Assembler.Width.DOUBLE;
import static holdfast.tracking.ebpf.Assembler.Width.WORD;

import holdfast.base.Blocks;
import holdfast.base.linux.LinuxFile;
import holdfast.tracking.ebpf.Assembler.Helper;
import holdfast.tracking.ebpf.Assembler.Label;
import holdfast.tracking.ebpf.Assembler.Register;
import holdfast.tracking.ebpf.Assembler.Width;

/// One program: sets the bits of the blocks that a request changes, in the plane of its event and
/// of the active index.
///
/// ```
/// not a changing operation, not this disk           -> out
/// driver pass-through                               -> count it, out
/// add its sectors to the audit's sum of this event
/// enter += 1 on this processor, then read the active index
/// for each range (one; or one per bio of a multi-range discard):
///     beyond the disk                               -> count it, leave
///     few words of fine bits: set them, and where one is new its summary; else set coarse bits
/// leave: exit += 1 on this processor
/// ```
///
/// A changing operation is one with an odd number: that is how the block layer marks whatever
/// carries data to the disk or destroys it there (`op_is_write`).
///
/// The program for requests that are given back to the queue only adds to its sum.
///
/// An instance makes one program and is thrown away.
final class ChangeProgram {
    /// What a program is about.
    ///
    /// @param control map of the control page
    /// @param controlOffset where in it this disk's counters begin
    /// @param counters map of the enter and exit counters
    /// @param counterSlots how many of those there are; a power of two
    /// @param bits map of this disk's planes
    record Target(
            int major,
            int minor,
            Planes planes,
            LinuxFile control,
            int controlOffset,
            LinuxFile counters,
            int counterSlots,
            LinuxFile bits) {}

    /// What tests ask of programs, to see that the tracker bears it.
    ///
    /// @param stretch useless calls between reading the active index and setting bits, which widen
    ///   the moment that settling has to cover
    /// @param lostOneIn of so many completions about one is ignored; a power of two, or 0 for none
    record Strain(int stretch, int lostOneIn) {
        static final Strain NONE = new Strain(0, 0);
    }

    /// Which requests a program takes.
    enum Ranges {
        /// All requests, each one range: for disks that have no discards of several ranges.
        ALL,
        /// All but discards of several ranges.
        SINGLE,
        /// Discards of several ranges only.
        MULTIPLE
    }

    /// More words than this beyond the first and a range goes to the coarse bits. Then no request,
    /// being shorter than 4 GiB, needs more than 64 + 1 fine or 32 + 1 coarse words.
    private static final int FINE_WORDS_MAX = 64;

    private static final int STEPS_MAX = 80;

    /// The same for each of up to 256 ranges of a discard (the most that NVMe and virtio take):
    /// four steps a range and 33 for coarse words. Far more steps than 1500 the verifier refuses.
    private static final int MULTIPLE_FINE_WORDS_MAX = 2;

    private static final int MULTIPLE_STEPS_MAX = 1500;

    private static final int SECTORS_PER_BLOCK_SHIFT = Blocks.BLOCK_SHIFT - 9;

    /// Coarse bits are few enough to look at all of them. No summary begins at word 0.
    private static final int NO_SUMMARY = 0;

    // The stack.
    private static final int KEY = -4;
    private static final int PLANE_WORD = -16;
    private static final int NEXT_BIO = -24;
    private static final int DISK = -32;
    private static final int BASE_WORD = -40;
    private static final int PROBED = -48;
    private static final int LAST_MASK = -56;
    private static final int SLOT = -64;
    private static final int SUMMARY_WORD = -72;

    private final Assembler code = new Assembler();
    private final Label out = new Label();
    private final Label leave = new Label();
    private final KernelLayout kernel;
    private final Bpf.Access access;
    private final KernelLayout.Tracepoint tracepoint;
    private final Planes.Event event;
    private final Ranges ranges;
    private final Target target;
    private final Strain strain;

    private ChangeProgram(
            KernelLayout kernel,
            Bpf.Access access,
            KernelLayout.Tracepoint tracepoint,
            Planes.Event event,
            Ranges ranges,
            Target target,
            Strain strain) {
        this.kernel = kernel;
        this.access = access;
        this.tracepoint = tracepoint;
        this.event = event;
        this.ranges = ranges;
        this.target = target;
        this.strain = strain;
    }

    /// @param strain none but in tests
    static byte[] assemble(
            KernelLayout kernel,
            Bpf.Access access,
            Planes.Event event,
            Ranges ranges,
            Target target,
            Strain strain) {
        var tracepoint = kernel.tracepoint(event);
        return new ChangeProgram(kernel, access, tracepoint, event, ranges, target, strain)
                .assemble();
    }

    /// The one for requests that their driver gave back.
    static byte[] assembleRequeue(KernelLayout kernel, Bpf.Access access, Target target) {
        var tracepoint = kernel.requeue();
        return new ChangeProgram(
                        kernel,
                        access,
                        tracepoint,
                        Planes.Event.ISSUED,
                        Ranges.ALL,
                        target,
                        Strain.NONE)
                .assembleRequeue();
    }

    private byte[] assembleRequeue() {
        takeRequest();
        takeOperation();
        takeDisk();
        code.jumpIf(AT_LEAST, R8, kernel.firstPassThrough(), out);
        field(WORD, R9, R7, kernel.requestBytes());
        addSectors(ControlPage.REQUEUED_SECTORS);
        code.bind(out).move(R0, 0).exit();
        return code.assemble();
    }

    private byte[] assemble() {
        takeRequest();
        takeOperation();
        takeDisk();
        countPassThrough();
        lose();
        takeBytes();
        enter();
        choosePlane();
        setBits();
        code.bind(leave);
        exitCounters();
        code.bind(out).move(R0, 0).exit();
        return code.assemble();
    }

    /// R7 = the request; for a completion R9 = the bytes that are done now.
    private void takeRequest() {
        code.move(R6, R1).load(DOUBLE, R7, R6, Long.BYTES * tracepoint.request());
        if (event == Planes.Event.COMPLETED) {
            // block_rq_complete(request, error, bytes): bytes come last, in 32 bits
            code.load(DOUBLE, R9, R6, Long.BYTES * (tracepoint.arguments() - 1))
                    .apply(SHIFT_LEFT, R9, 32)
                    .apply(SHIFT_RIGHT, R9, 32);
        }
    }

    /// R8 = the operation, if this program is the one for it.
    private void takeOperation() {
        field(WORD, R8, R7, kernel.requestFlags());
        code.apply(AND, R8, kernel.operationMask())
                .move(R1, R8)
                .apply(AND, R1, 1)
                .jumpIf(EQUAL, R1, 0, out);
        switch (ranges) {
            case ALL -> {}
            case SINGLE -> {
                var single = new Label();
                code.jumpIf(NOT_EQUAL, R8, kernel.discard(), single);
                secondBio(single);
                code.jumpIf(NOT_EQUAL, R1, 0, out).bind(single);
            }
            case MULTIPLE -> {
                code.jumpIf(NOT_EQUAL, R8, kernel.discard(), out);
                secondBio(out);
                code.jumpIf(EQUAL, R1, 0, out);
            }
        }
    }

    /// R1 = the request's second bio or null.
    private void secondBio(Label noBio) {
        field(DOUBLE, R1, R7, kernel.requestBio());
        code.jumpIf(EQUAL, R1, 0, noBio);
        field(DOUBLE, R1, R1, kernel.bioNext());
    }

    /// Requests carry sectors of the whole disk, so partitions need no care.
    private void takeDisk() {
        var from = R7;
        for (var offset : kernel.requestToDisk()) {
            field(DOUBLE, R1, from, offset);
            from = R1;
        }
        code.store(DOUBLE, FRAME, DISK, R1);
        field(WORD, R2, R1, kernel.diskMajor());
        code.jumpIf(NOT_EQUAL, R2, target.major, out).load(DOUBLE, R1, FRAME, DISK);
        field(WORD, R2, R1, kernel.diskFirstMinor());
        code.jumpIf(NOT_EQUAL, R2, target.minor, out);
    }

    private void countPassThrough() {
        if (ranges == Ranges.MULTIPLE) {
            return;
        }
        var known = new Label();
        code.jumpIf(BELOW, R8, kernel.firstPassThrough(), known);
        count(ControlPage.PASS_THROUGH);
        code.jump(out).bind(known);
    }

    private void lose() {
        if (event == Planes.Event.COMPLETED && strain.lostOneIn > 0) {
            code.call(Helper.KTIME_GET_NS)
                    .apply(SHIFT_RIGHT, R0, 3) // clocks may count in steps of several
                    .apply(AND, R0, strain.lostOneIn - 1)
                    .jumpIf(EQUAL, R0, 0, out);
        }
    }

    /// R9 = bytes of the event. A completion's sum is added before the kernel adds the same number
    /// to the disk's statistics, which [LossAudit] relies upon.
    private void takeBytes() {
        switch (event) {
            case ISSUED -> {
                field(WORD, R9, R7, kernel.requestBytes());
                addSectors(ControlPage.ISSUED_SECTORS);
            }
            case COMPLETED -> addSectors(ControlPage.COMPLETED_SECTORS);
        }
    }

    /// Of R9 bytes.
    private void addSectors(int counter) {
        code.move(R2, R9)
                .apply(SHIFT_RIGHT, R2, 9)
                .moveMapValue(R1, target.control, target.controlOffset + counter)
                .atomicAdd(R1, 0, R2);
    }

    private void enter() {
        code.call(Helper.GET_SMP_PROCESSOR_ID)
                .apply(AND, R0, target.counterSlots - 1)
                .apply(SHIFT_LEFT, R0, SettleCounters.SLOT_SHIFT)
                .store(DOUBLE, FRAME, SLOT, R0);
        // fetch-add, because a plain add would not order the counter before the index
        code.moveMapValue(R1, target.counters, SettleCounters.ENTERED)
                .apply(ADD, R1, R0)
                .move(R2, 1)
                .fetchAdd(R1, 0, R2);
    }

    private void exitCounters() {
        code.load(DOUBLE, R0, FRAME, SLOT)
                .apply(AND, R0, (target.counterSlots - 1) << SettleCounters.SLOT_SHIFT)
                .moveMapValue(R1, target.counters, SettleCounters.EXITED)
                .apply(ADD, R1, R0)
                .move(R2, 1)
                .fetchAdd(R1, 0, R2);
    }

    /// The stack's PLANE_WORD = first word of the active plane of this event.
    private void choosePlane() {
        code.moveMapValue(R1, target.control, ControlPage.ACTIVE_INDEX)
                .load(DOUBLE, R1, R1, 0)
                .apply(AND, R1, 1)
                .apply(SHIFT_LEFT, R1, 1)
                .apply(OR, R1, event.place)
                .moveWide(R2, target.planes.planeWords())
                .apply(MULTIPLY, R1, R2)
                .store(DOUBLE, FRAME, PLANE_WORD, R1);
        for (var i = 0; i < strain.stretch; i++) {
            code.call(Helper.KTIME_GET_NS);
        }
    }

    /// One flat loop over the words of all ranges: R6 = word, R7 = steps done, R8 = mask of the
    /// word, R9 = last word. Nested loops are more than the verifier of older kernels follows; and
    /// until 6.9 it refuses a back edge into code that is also fallen into, hence the jumps.
    private void setBits() {
        var range = new Label();
        var step = new Label();
        var nextRange = new Label();
        if (ranges == Ranges.MULTIPLE) {
            field(DOUBLE, R1, R7, kernel.requestBio());
            code.store(DOUBLE, FRAME, NEXT_BIO, R1).move(R7, 0);
            none();
            code.jump(step);
        } else {
            field(DOUBLE, R3, R7, kernel.requestSector());
            code.move(R4, R9).move(R7, 0);
        }
        code.bind(range);
        takeRange(step);
        code.jump(step).bind(step);
        setWord(step, nextRange);
        code.bind(nextRange);
        if (ranges == Ranges.MULTIPLE) {
            takeBio(range);
        } else {
            code.jump(leave);
        }
    }

    /// An empty range: its first word lies behind its last.
    private void none() {
        code.move(R6, 1).move(R8, 0).move(R9, 0);
    }

    /// From R3 = first sector and R4 = bytes to the words and masks of the range.
    private void takeRange(Label step) {
        var fineWordsMax = ranges == Ranges.MULTIPLE ? MULTIPLE_FINE_WORDS_MAX : FINE_WORDS_MAX;
        var some = new Label();
        var inside = new Label();
        var fine = new Label();
        code.apply(SHIFT_RIGHT, R4, 9).jumpIf(NOT_EQUAL, R4, 0, some);
        none();
        code.jump(step).bind(some);
        code.move(R8, R3)
                .move(R9, R3)
                .apply(ADD, R9, R4)
                .apply(SUBTRACT, R9, 1) // the last sector
                .moveWide(R1, target.planes.sectors())
                .jumpIf(BELOW, R9, R1, inside);
        count(ControlPage.OUT_OF_RANGE); // the disk has grown
        code.jump(leave).bind(inside);
        code.apply(SHIFT_RIGHT, R8, SECTORS_PER_BLOCK_SHIFT)
                .apply(SHIFT_RIGHT, R9, SECTORS_PER_BLOCK_SHIFT)
                .load(DOUBLE, R2, FRAME, PLANE_WORD)
                .move(R1, R9)
                .apply(SHIFT_RIGHT, R1, 6)
                .move(R6, R8)
                .apply(SHIFT_RIGHT, R6, 6)
                .apply(SUBTRACT, R1, R6)
                .moveWide(R3, target.planes.summaryAt(Planes.Event.COMPLETED, 0))
                .apply(ADD, R3, R2)
                .store(DOUBLE, FRAME, SUMMARY_WORD, R3)
                .jumpIf(AT_MOST, R1, fineWordsMax, fine);
        code.move(R3, NO_SUMMARY).store(DOUBLE, FRAME, SUMMARY_WORD, R3);
        code.apply(SHIFT_RIGHT, R8, Planes.COARSE_SHIFT)
                .apply(SHIFT_RIGHT, R9, Planes.COARSE_SHIFT)
                .move(R6, R8)
                .apply(SHIFT_RIGHT, R6, 6)
                .moveWide(R3, target.planes.fineWords())
                .apply(ADD, R2, R3)
                .bind(fine);
        code.store(DOUBLE, FRAME, BASE_WORD, R2);
        code.move(R1, R8).apply(AND, R1, 63).move(R8, -1).apply(SHIFT_LEFT, R8, R1);
        code.move(R2, 63)
                .move(R1, R9)
                .apply(AND, R1, 63)
                .apply(SUBTRACT, R2, R1)
                .apply(AND, R2, 63) // tells the verifier what is so anyway
                .move(R4, -1)
                .apply(SHIFT_RIGHT, R4, R2)
                .store(DOUBLE, FRAME, LAST_MASK, R4)
                .apply(SHIFT_RIGHT, R9, 6);
    }

    private void setWord(Label step, Label nextRange) {
        var stepsMax = ranges == Ranges.MULTIPLE ? MULTIPLE_STEPS_MAX : STEPS_MAX;
        var more = new Label();
        var found = new Label();
        var notLast = new Label();
        var set = new Label();
        code.jumpIf(BELOW, R7, stepsMax, more);
        count(ControlPage.LOOP_BOUND);
        code.jump(leave).bind(more);
        code.apply(ADD, R7, 1).jumpIf(ABOVE, R6, R9, nextRange);
        code.load(DOUBLE, R2, FRAME, BASE_WORD)
                .apply(ADD, R2, R6)
                .store(WORD, FRAME, KEY, R2)
                .moveMap(R1, target.bits)
                .move(R2, FRAME)
                .apply(ADD, R2, KEY)
                .call(Helper.MAP_LOOKUP_ELEMENT)
                .jumpIf(NOT_EQUAL, R0, 0, found);
        count(ControlPage.OUT_OF_RANGE);
        code.jump(leave).bind(found);
        code.move(R3, R8)
                .jumpIf(NOT_EQUAL, R6, R9, notLast)
                .load(DOUBLE, R4, FRAME, LAST_MASK)
                .apply(AND, R3, R4)
                .bind(notLast);
        // Hot blocks are set already: a look is cheaper than an atomic on a shared line. No one
        // clears the active plane, so what is set stays set.
        code.move(R8, -1)
                .load(DOUBLE, R1, R0, 0)
                .apply(AND, R1, R3)
                .jumpIf(EQUAL, R1, R3, set)
                .atomicOr(R0, 0, R3);
        setSummary(set);
        code.bind(set);
        code.apply(ADD, R6, 1).jump(step);
    }

    /// Of word R6, which has new bits. Whoever set a bit before sets, or has set, its summary; the
    /// settling waits for both.
    private void setSummary(Label done) {
        code.load(DOUBLE, R2, FRAME, SUMMARY_WORD).jumpIf(EQUAL, R2, NO_SUMMARY, done);
        code.move(R1, R6)
                .apply(SHIFT_RIGHT, R1, Planes.SUMMARY_SHIFT + 6)
                .apply(ADD, R2, R1)
                .store(WORD, FRAME, KEY, R2)
                .moveMap(R1, target.bits)
                .move(R2, FRAME)
                .apply(ADD, R2, KEY)
                .call(Helper.MAP_LOOKUP_ELEMENT)
                .jumpIf(EQUAL, R0, 0, done) // not so, but the verifier cannot know
                .move(R1, R6)
                .apply(SHIFT_RIGHT, R1, Planes.SUMMARY_SHIFT)
                .apply(AND, R1, 63)
                .move(R3, 1)
                .apply(SHIFT_LEFT, R3, R1)
                .load(DOUBLE, R1, R0, 0)
                .apply(AND, R1, R3)
                .jumpIf(NOT_EQUAL, R1, 0, done)
                .atomicOr(R0, 0, R3);
    }

    /// On to the range of the next bio.
    private void takeBio(Label range) {
        code.load(DOUBLE, R8, FRAME, NEXT_BIO).jumpIf(EQUAL, R8, 0, leave);
        field(DOUBLE, R9, R8, kernel.bioSector());
        field(WORD, R6, R8, kernel.bioBytes());
        field(DOUBLE, R2, R8, kernel.bioNext());
        code.store(DOUBLE, FRAME, NEXT_BIO, R2).move(R3, R9).move(R4, R6).jump(range);
    }

    private void count(int counter) {
        code.moveMapValue(R1, target.control, target.controlOffset + counter)
                .move(R2, 1)
                .atomicAdd(R1, 0, R2);
    }

    /// Reads a field of a kernel struct. Untyped access loses R0 to R5.
    private void field(Width width, Register into, Register base, int offset) {
        switch (access) {
            case TP_BTF -> code.load(width, into, base, offset);
            case RAW_TP ->
                    code.move(R3, base)
                            .apply(ADD, R3, offset)
                            .move(R1, FRAME)
                            .apply(ADD, R1, PROBED)
                            .move(R2, width.bytes)
                            .call(Helper.PROBE_READ_KERNEL)
                            .load(width, into, FRAME, PROBED);
        }
    }
}
