package holdfast.tracking.ebpf;

import holdfast.base.linux.Errno;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.base.linux.LinuxKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/// The commands of bpf(2) that the tracker needs. Offsets are those of `union bpf_attr` and the
/// info structs in `include/uapi/linux/bpf.h`, which never change. Stateless.
final class Bpf {
    /// How a program reaches the kernel's structs.
    enum Access {
        /// Typed pointers that the kernel has checked; plain loads.
        TP_BTF("tp_btf"),
        /// Untyped pointers; a helper call for every load.
        RAW_TP("raw_tp");

        private final String word;

        Access(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// What the kernel knows of a loaded program.
    ///
    /// @param tag hash of its instructions
    /// @param missedRuns events at which it was skipped because it was already running on that
    ///   processor
    record ProgramInfo(int id, long tag, long missedRuns, Set<Integer> mapIds) {}

    private static final int MAP_CREATE = 0;
    private static final int MAP_UPDATE_ELEMENT = 2;
    private static final int PROGRAM_LOAD = 5;
    private static final int OBJECT_PIN = 6;
    private static final int OBJECT_GET = 7;
    private static final int OBJECT_INFO = 15;
    private static final int RAW_TRACEPOINT_OPEN = 17;

    private static final int TYPE_ARRAY = 2;
    private static final int TYPE_ARRAY_OF_MAPS = 12;
    private static final int TYPE_RAW_TRACEPOINT = 17;
    private static final int TYPE_TRACING = 26;
    private static final int ATTACH_RAW_TP = 23;
    private static final int FLAG_MMAPABLE = 1 << 10;

    private static final int NAME_BYTES_MAX = 15;
    private static final int LOG_BYTES = 1 << 20;
    private static final int MAPS_PER_PROGRAM_MAX = 16;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private Bpf() {}

    /// An array that can be mapped into this process.
    static LinuxFile createArray(String name, int valueBytes, long entries) throws LinuxException {
        return createMap(name, TYPE_ARRAY, valueBytes, entries, FLAG_MMAPABLE, 0);
    }

    /// An array of one map that has the shape of `inner`.
    static LinuxFile createArrayOfMaps(String name, LinuxFile inner) throws LinuxException {
        return createMap(name, TYPE_ARRAY_OF_MAPS, Integer.BYTES, 1, 0, inner.descriptor());
    }

    /// A small array that no one maps.
    static LinuxFile createPlainArray(String name) throws LinuxException {
        return createMap(name, TYPE_ARRAY, Long.BYTES, 1, 0, 0);
    }

    private static LinuxFile createMap(
            String name, int type, int valueBytes, long entries, int flags, int inner)
            throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var attributes = arena.allocate(72, Long.BYTES);
            attributes.set(INT, 0, type);
            attributes.set(INT, 4, Integer.BYTES);
            attributes.set(INT, 8, valueBytes);
            attributes.set(INT, 12, (int) entries); // unsigned
            attributes.set(INT, 16, flags);
            attributes.set(INT, 20, inner);
            setName(attributes, 28, name);
            return LinuxKernel.bpfObject("bpf(BPF_MAP_CREATE)", MAP_CREATE, attributes);
        }
    }

    /// Stores a map into the only element of an array of maps. The kernel returns from this only
    /// after every program that was running has ended.
    static void storeMap(LinuxFile arrayOfMaps, LinuxFile inner) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var attributes = arena.allocate(32, Long.BYTES);
            attributes.set(INT, 0, arrayOfMaps.descriptor());
            attributes.set(LONG, 8, arena.allocateFrom(INT, 0).address());
            attributes.set(LONG, 16, arena.allocateFrom(INT, inner.descriptor()).address());
            LinuxKernel.bpf("bpf(BPF_MAP_UPDATE_ELEM)", MAP_UPDATE_ELEMENT, attributes);
        }
    }

    /// Hands a program to the kernel's verifier. What the verifier said is in the message of a
    /// refusal, its last line only.
    static LinuxFile loadProgram(
            String name, Access access, KernelLayout.Tracepoint tracepoint, byte[] instructions)
            throws LinuxException, ProgramRefusedException {
        try (var arena = Arena.ofConfined()) {
            var code = arena.allocate(instructions.length, Long.BYTES);
            code.copyFrom(MemorySegment.ofArray(instructions));
            var attributes = arena.allocate(120, Long.BYTES);
            attributes.set(INT, 4, instructions.length / Long.BYTES);
            attributes.set(LONG, 8, code.address());
            attributes.set(LONG, 16, arena.allocateFrom("GPL").address()); // helpers ask for it
            setName(attributes, 48, name);
            switch (access) {
                case TP_BTF -> {
                    attributes.set(INT, 0, TYPE_TRACING);
                    attributes.set(INT, 68, ATTACH_RAW_TP);
                    attributes.set(INT, 108, tracepoint.type());
                }
                case RAW_TP -> attributes.set(INT, 0, TYPE_RAW_TRACEPOINT);
            }
            var what = "bpf(BPF_PROG_LOAD)";
            try {
                return LinuxKernel.bpfObject(what, PROGRAM_LOAD, attributes);
            } catch (LinuxException e) {
                if (e.is(Errno.EPERM)) {
                    throw e;
                }
            }
            var log = arena.allocate(LOG_BYTES);
            attributes.set(INT, 24, 1);
            attributes.set(INT, 28, LOG_BYTES);
            attributes.set(LONG, 32, log.address());
            try {
                return LinuxKernel.bpfObject(what, PROGRAM_LOAD, attributes);
            } catch (LinuxException e) {
                throw new ProgramRefusedException(name, e, log.getString(0));
            }
        }
    }

    /// Lets the program run at every event from now on, until the returned link and its pins are
    /// gone.
    static LinuxFile attach(LinuxFile program, Access access, KernelLayout.Tracepoint tracepoint)
            throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var attributes = arena.allocate(16, Long.BYTES);
            if (access == Access.RAW_TP) { // a typed program knows its tracepoint already
                attributes.set(LONG, 0, arena.allocateFrom(tracepoint.name()).address());
            }
            attributes.set(INT, 8, program.descriptor());
            return LinuxKernel.bpfObject(
                    "bpf(BPF_RAW_TRACEPOINT_OPEN)", RAW_TRACEPOINT_OPEN, attributes);
        }
    }

    /// Keeps the object alive under a name in bpffs.
    static void pin(LinuxFile object, Path path) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var attributes = arena.allocate(16, Long.BYTES);
            attributes.set(LONG, 0, arena.allocateFrom(path.toString()).address());
            attributes.set(INT, 8, object.descriptor());
            LinuxKernel.bpf("bpf(BPF_OBJ_PIN) at " + path, OBJECT_PIN, attributes);
        }
    }

    /// Opens what was pinned under this name.
    static LinuxFile pinned(Path path) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var attributes = arena.allocate(16, Long.BYTES);
            attributes.set(LONG, 0, arena.allocateFrom(path.toString()).address());
            return LinuxKernel.bpfObject("bpf(BPF_OBJ_GET) of " + path, OBJECT_GET, attributes);
        }
    }

    static ProgramInfo programInfo(LinuxFile program) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var maps = arena.allocate(INT, MAPS_PER_PROGRAM_MAX);
            var info = arena.allocate(256, Long.BYTES);
            info.set(INT, 52, MAPS_PER_PROGRAM_MAX);
            info.set(LONG, 56, maps.address());
            info(program, info, arena);
            var ids = new TreeSet<Integer>();
            for (var i = 0; i < Math.min(info.get(INT, 52), MAPS_PER_PROGRAM_MAX); i++) {
                ids.add(maps.getAtIndex(INT, i));
            }
            return new ProgramInfo(
                    info.get(INT, 4),
                    info.get(ValueLayout.JAVA_LONG_UNALIGNED, 8),
                    info.get(LONG, 208),
                    ids);
        }
    }

    static int mapId(LinuxFile map) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var info = arena.allocate(128, Long.BYTES);
            info(map, info, arena);
            return info.get(INT, 4);
        }
    }

    /// Bytes of all values of a map, as they can be mapped.
    static long mapBytes(LinuxFile map) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var info = arena.allocate(128, Long.BYTES);
            info(map, info, arena);
            return Integer.toUnsignedLong(info.get(INT, 12))
                    * Integer.toUnsignedLong(info.get(INT, 16));
        }
    }

    /// The program that a link runs.
    static int linkedProgramId(LinuxFile link) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var info = arena.allocate(128, Long.BYTES);
            info(link, info, arena);
            return info.get(INT, 8);
        }
    }

    private static void info(LinuxFile object, MemorySegment info, Arena arena)
            throws LinuxException {
        var attributes = arena.allocate(16, Long.BYTES);
        attributes.set(INT, 0, object.descriptor());
        attributes.set(INT, 4, (int) info.byteSize());
        attributes.set(LONG, 8, info.address());
        LinuxKernel.bpf("bpf(BPF_OBJ_GET_INFO_BY_FD)", OBJECT_INFO, attributes);
    }

    private static void setName(MemorySegment attributes, int at, String name) {
        var bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException("name longer than the kernel keeps: " + name);
        }
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, attributes, at, bytes.length);
    }

    /// The verifier's refusal of a program.
    static final class ProgramRefusedException extends Exception {
        private static final long serialVersionUID = 1L;

        ProgramRefusedException(String program, LinuxException cause, String log) {
            super(
                    String.format(
                            Locale.ROOT,
                            "%s, program %s%s",
                            cause.getMessage(),
                            program,
                            verdict(log)),
                    cause);
        }

        /// The last line before the verifier's statistics says what it disliked.
        private static String verdict(String log) {
            return log.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("processed "))
                    .reduce((_, last) -> last)
                    .map(line -> ": " + line.strip())
                    .orElse("");
        }
    }
}
