package holdfast.tracking.ebpf;

import static holdfast.tracking.ebpf.Assembler.Register.R0;
import static holdfast.tracking.ebpf.Assembler.Register.R1;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.base.BlockSet;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.base.linux.LinuxKernel;
import holdfast.base.linux.LinuxMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Runs change programs in the kernel, on requests that are not: structs laid out by hand in a
/// map's memory, which the kernel's test runner (`BPF_PROG_TEST_RUN`) hands to the program. So
/// every operation and shape of request can be had without a disk that has it.
final class FakeKernel implements AutoCloseable {
    /// One range of a request, in sectors.
    record Range(long sector, long sectors) {}

    static final int MAJOR = 77;
    static final int MINOR = 5;
    static final int WRITE = 1;

    private static final int TEST_RUN = 10;
    private static final int QUEUE_AT = 0x2000;
    private static final int DISK_AT = 0x4000;
    private static final int BIOS_AT = 0x8000;
    private static final int BIO_BYTES = 256;
    private static final int BYTES = 0x100000;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    final KernelLayout layout;
    final ControlPage control;
    final Planes planes;
    private final Arena arena = Arena.ofShared();
    private final List<LinuxFile> open = new ArrayList<>();
    private final LinuxFile memoryMap;
    private final MemorySegment memory;
    private final long address;
    private final DiskBits bits;
    private final ChangeProgram.Target target;
    private final MemorySegment counters;

    FakeKernel(long diskBytes) throws IOException, Bpf.ProgramRefusedException {
        assumeTrue("root".equals(System.getProperty("user.name")), "bpf(2) needs root");
        layout = KernelLayout.of(KernelTypes.read(Path.of("/sys/kernel/btf/vmlinux")));
        planes = new Planes(diskBytes);
        memoryMap = map(BYTES, 1);
        memory = LinuxMemory.shared(memoryMap, BYTES, arena);
        var controlMap = map(ControlPage.bytes(1), 1);
        control = new ControlPage(LinuxMemory.shared(controlMap, ControlPage.bytes(1), arena));
        var countersMap = map(SettleCounters.bytes(1024), 1);
        counters = LinuxMemory.shared(countersMap, SettleCounters.bytes(1024), arena);
        var bitsMap = map(Long.BYTES, planes.words());
        bits =
                new DiskBits(
                        planes,
                        LinuxMemory.shared(bitsMap, planes.words() * 8, arena),
                        new BlockSet(planes.blockCount()));
        target =
                new ChangeProgram.Target(
                        MAJOR,
                        MINOR,
                        planes,
                        controlMap,
                        ControlPage.diskAt(0),
                        countersMap,
                        1024,
                        bitsMap);
        address = addressOfMemory();
        writeDisk(MAJOR, MINOR);
    }

    LinuxFile loadRequeue() throws LinuxException, Bpf.ProgramRefusedException {
        var code = ChangeProgram.assembleRequeue(layout, Bpf.Access.RAW_TP, target);
        return kept(Bpf.loadProgram("test", Bpf.Access.RAW_TP, layout.issue(), code));
    }

    LinuxFile load(Planes.Event event, ChangeProgram.Ranges ranges)
            throws LinuxException, Bpf.ProgramRefusedException {
        var code =
                ChangeProgram.assemble(
                        layout,
                        Bpf.Access.RAW_TP,
                        event,
                        ranges,
                        target,
                        ChangeProgram.Strain.NONE);
        return kept(Bpf.loadProgram("test", Bpf.Access.RAW_TP, layout.issue(), code));
    }

    /// From whichever disk the next requests are.
    void writeDisk(int major, int minor) {
        var path = layout.requestToDisk();
        var holder = 0L;
        for (var i = 0; i < path.size(); i++) {
            var next = i == path.size() - 1 ? DISK_AT : QUEUE_AT;
            memory.set(LONG, holder + path.get(i), address + next);
            holder = next;
        }
        memory.set(INT, DISK_AT + layout.diskMajor(), major);
        memory.set(INT, DISK_AT + layout.diskFirstMinor(), minor);
    }

    /// Lets the program see a request of one bio per range.
    void run(LinuxFile program, Planes.Event event, int operation, List<Range> ranges)
            throws LinuxException {
        run(program, layout.tracepoint(event), operation, ranges);
    }

    /// Lets the program of any tracepoint see it.
    void run(
            LinuxFile program,
            KernelLayout.Tracepoint tracepoint,
            int operation,
            List<Range> ranges)
            throws LinuxException {
        memory.set(INT, layout.requestFlags(), operation | 0x5a00);
        memory.set(LONG, layout.requestSector(), ranges.getFirst().sector);
        var bytes = (int) ranges.stream().mapToLong(range -> range.sectors * 512).sum();
        memory.set(INT, layout.requestBytes(), bytes);
        memory.set(LONG, layout.requestBio(), address + BIOS_AT);
        for (var i = 0; i < ranges.size(); i++) {
            var bio = BIOS_AT + (long) BIO_BYTES * i;
            memory.set(LONG, bio + layout.bioSector(), ranges.get(i).sector);
            memory.set(INT, bio + layout.bioBytes(), (int) (ranges.get(i).sectors * 512));
            var next = i + 1 < ranges.size() ? address + bio + BIO_BYTES : 0;
            memory.set(LONG, bio + layout.bioNext(), next);
        }
        var context = new long[tracepoint.arguments()];
        context[context.length - 1] = bytes;
        context[tracepoint.request()] = address;
        run(program, context);
    }

    /// What the program recorded in the planes of index 0, which are empty afterwards.
    BlockSet recorded(Planes.Event event) throws IOException {
        var recorded = new BlockSet(planes.blockCount());
        switch (event) {
            case COMPLETED -> {
                bits.moveToPending(0);
                recorded.addAll(bits.pending());
                bits.pending().clear();
            }
            case ISSUED -> {
                bits.issuedAmong(0, (int) planes.blockCount(), 0).stream()
                        .forEach(block -> recorded.add(block, block + 1));
                bits.moveToOutstanding(0);
            }
        }
        return recorded;
    }

    /// Programs that entered and have not left.
    long running() {
        var running = 0L;
        for (var at = 0L; at < counters.byteSize(); at += 64) {
            running += counters.get(LONG, at) - counters.get(LONG, at + 8);
        }
        return running;
    }

    /// A program may store its map's address into that map, if whoever loads it may trace.
    private long addressOfMemory() throws LinuxException, Bpf.ProgramRefusedException {
        var code =
                new Assembler()
                        .moveMapValue(R1, memoryMap, 0)
                        .store(Assembler.Width.DOUBLE, R1, 0, R1)
                        .move(R0, 0)
                        .exit()
                        .assemble();
        var program = kept(Bpf.loadProgram("test", Bpf.Access.RAW_TP, layout.issue(), code));
        run(program, new long[1]);
        return memory.get(LONG, 0);
    }

    private void run(LinuxFile program, long[] context) throws LinuxException {
        try (var run = Arena.ofConfined()) {
            var attributes = run.allocate(80, Long.BYTES);
            attributes.set(INT, 0, program.descriptor());
            attributes.set(INT, 40, context.length * Long.BYTES);
            attributes.set(LONG, 48, run.allocateFrom(ValueLayout.JAVA_LONG, context).address());
            LinuxKernel.bpf("bpf(BPF_PROG_TEST_RUN)", TEST_RUN, attributes);
        }
    }

    private LinuxFile map(int valueBytes, long entries) throws LinuxException {
        return kept(Bpf.createArray("test", valueBytes, entries));
    }

    private LinuxFile kept(LinuxFile file) {
        open.add(file);
        return file;
    }

    @Override
    public void close() {
        open.forEach(LinuxFile::close);
        arena.close();
    }
}
