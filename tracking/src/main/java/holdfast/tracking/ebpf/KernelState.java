package holdfast.tracking.ebpf;

import holdfast.base.BlockSet;
import holdfast.base.linux.Errno;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.base.linux.LinuxKernel;
import holdfast.base.linux.LinuxMemory;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.TrackerException;
import holdfast.tracking.device.BlockDevice;
import holdfast.tracking.device.Machine;
import holdfast.tracking.device.StatisticsFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/// Everything that the kernel keeps for one tracker: control page, counters, and per disk its bits
/// and programs; pinned, so that it outlives the agent. Made anew, or found as an earlier agent
/// left it.
///
/// Owns the descriptors, the mappings and the lock on the name; [#close] lets go of them, once or
/// repeatedly, and leaves the pins.
final class KernelState implements AutoCloseable {
    /// How programs are made; [#USUAL] but in tests.
    ///
    /// @param accesses ways to reach the kernel's structs, the best first
    /// @param strain of [ChangeProgram#assemble]
    /// @param alwaysSeveralRanges loads the programs for discards of several ranges in any case
    record Tuning(
            List<Bpf.Access> accesses, ChangeProgram.Strain strain, boolean alwaysSeveralRanges) {
        static final Tuning USUAL =
                new Tuning(
                        List.of(Bpf.Access.TP_BTF, Bpf.Access.RAW_TP),
                        ChangeProgram.Strain.NONE,
                        false);
    }

    /// One disk's part.
    record Disk(
            TrackedDisk disk,
            BlockDevice device,
            StatisticsFile statistics,
            DiskBits bits,
            DiskPrograms programs) {}

    private static final String CONTROL = "control";
    private static final String COUNTERS = "counters";

    private final PinDirectory pins;
    private final List<Runnable> closing = new ArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final List<Disk> disks = new ArrayList<>();
    private final Bpf.Access access;
    private final ControlPage control;
    private final MemorySegment counters;

    /// Finds the state that an earlier agent of this name left, or else makes a new one, in which
    /// no disk is trusted.
    static KernelState open(String name, List<TrackedDisk> disks, Machine machine, Tuning tuning)
            throws TrackerException {
        LinuxKernel.raiseLockedMemoryLimit();
        var pins = PinDirectory.open(machine, name);
        try {
            var reason = "changes were not tracked before";
            if (!pins.isEmpty()) {
                try {
                    return new KernelState(pins, disks, machine);
                } catch (TrackerException e) {
                    reason = "the former tracker cannot be taken over: " + e.getMessage();
                    pins.clear();
                }
            }
            return create(pins, disks, machine, tuning, reason);
        } catch (TrackerException e) {
            pins.close();
            throw e;
        }
    }

    /// Removes what an earlier agent of this name left, if anything.
    static void removeLeftovers(String name, Machine machine) throws TrackerException {
        try (var pins = PinDirectory.open(machine, name)) {
            pins.remove();
        }
    }

    private static KernelState create(
            PinDirectory pins,
            List<TrackedDisk> disks,
            Machine machine,
            Tuning tuning,
            String reason)
            throws TrackerException {
        var layout = KernelLayout.of(KernelTypes.read(machine.sys().resolve("kernel/btf/vmlinux")));
        var refusals = new ArrayList<String>();
        for (var access : tuning.accesses()) {
            try {
                return new KernelState(pins, disks, machine, tuning, layout, access, reason);
            } catch (Bpf.ProgramRefusedException e) {
                refusals.add(e.getMessage());
            }
        }
        throw new TrackerException(String.join("; ", refusals));
    }

    /// Makes it.
    private KernelState(
            PinDirectory pins,
            List<TrackedDisk> disks,
            Machine machine,
            Tuning tuning,
            KernelLayout layout,
            Bpf.Access access,
            String reason)
            throws TrackerException, Bpf.ProgramRefusedException {
        this.pins = pins;
        this.access = access;
        var complete = false;
        try {
            var slots = SettleCounters.slots(machine.processorNumberEnd());
            var controlMap = createMap(CONTROL, ControlPage.bytes(disks.size()), 1);
            var countersMap = createMap(COUNTERS, SettleCounters.bytes(slots), 1);
            control = new ControlPage(map(controlMap));
            counters = map(countersMap);
            var identities = new ArrayList<ControlPage.Identity>();
            for (var disk : disks) {
                identities.add(identity(disk, device(machine, disk)));
            }
            control.describe(machine.bootId(), identities);
            control.access(access);
            for (var i = 0; i < disks.size(); i++) {
                control.distrust(i, reason);
                var disk = disks.get(i);
                var device = device(machine, disk);
                var planes = new Planes(disk.sizeBytes());
                var bits = createMap(bitsPin(i), Long.BYTES, planes.words());
                var target =
                        new ChangeProgram.Target(
                                disk.major(),
                                disk.minor(),
                                planes,
                                controlMap,
                                ControlPage.diskAt(i),
                                countersMap,
                                slots,
                                bits);
                var several = tuning.alwaysSeveralRanges() || device.discardsSeveralRanges();
                var programs =
                        DiskPrograms.start(
                                layout,
                                access,
                                several,
                                target,
                                tuning.strain(),
                                pins,
                                programPins(i),
                                control.tags(i));
                closing.add(programs::close);
                addDisk(disk, device, bits(planes, map(bits)), programs);
            }
            control.setReady();
            complete = true;
        } catch (LinuxException e) {
            throw refused(e);
        } finally {
            if (!complete) {
                release();
                pins.clear();
            }
        }
    }

    /// Finds it.
    ///
    /// @throws TrackerException saying what is not as it was left
    private KernelState(PinDirectory pins, List<TrackedDisk> disks, Machine machine)
            throws TrackerException {
        this.pins = pins;
        var complete = false;
        try {
            var controlMap = openMap(CONTROL);
            var countersMap = openMap(COUNTERS);
            control = new ControlPage(map(controlMap));
            counters = map(countersMap);
            if (!control.isReady()) {
                throw new TrackerException("it was left half made, or by another version");
            }
            access = control.access();
            if (!control.bootId().equals(machine.bootId())) {
                throw new TrackerException("the machine was restarted");
            }
            if (control.diskCount() != disks.size()) {
                throw new TrackerException("it tracked " + control.diskCount() + " disks");
            }
            var sharedIds = Set.of(Bpf.mapId(controlMap), Bpf.mapId(countersMap));
            for (var i = 0; i < disks.size(); i++) {
                var disk = disks.get(i);
                var device = device(machine, disk);
                if (!control.identity(i).equals(identity(disk, device))) {
                    throw new TrackerException(
                            String.format(
                                    Locale.ROOT,
                                    "%s was another disk or of another size: %s, now %s",
                                    disk.path(),
                                    control.identity(i),
                                    identity(disk, device)));
                }
                var bits = openMap(bitsPin(i));
                var planes = new Planes(disk.sizeBytes());
                var ids = new TreeSet<>(sharedIds);
                ids.add(Bpf.mapId(bits));
                var programs = DiskPrograms.reopen(pins, programPins(i), control.tags(i), ids);
                closing.add(programs::close);
                addDisk(disk, device, bits(planes, map(bits)), programs);
            }
            complete = true;
        } catch (LinuxException e) {
            throw new TrackerException(e);
        } finally {
            if (!complete) {
                release();
            }
        }
    }

    ControlPage control() {
        return control;
    }

    MemorySegment counters() {
        return counters;
    }

    List<Disk> disks() {
        return disks;
    }

    /// Where something of this name is pinned.
    Path pin(String name) {
        return pins.path(name);
    }

    Bpf.Access access() {
        return access;
    }

    /// Which medium of which disk this is, now.
    static ControlPage.Identity identity(TrackedDisk disk, BlockDevice device)
            throws TrackerException {
        return new ControlPage.Identity(
                disk.major(), disk.minor(), device.sizeBytes(), device.mediumSequence());
    }

    /// Ends tracking.
    void discard() throws TrackerException {
        pins.remove();
    }

    @Override
    public void close() {
        release();
        pins.close();
    }

    private void release() {
        closing.reversed().forEach(Runnable::run);
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private static BlockDevice device(Machine machine, TrackedDisk disk) throws TrackerException {
        var device = BlockDevice.of(machine, disk.major(), disk.minor());
        if (device.sizeBytes() != disk.sizeBytes()) {
            throw new TrackerException(
                    String.format(
                            Locale.ROOT,
                            "%s has %d bytes now, had %d when it was chosen",
                            disk.path(),
                            device.sizeBytes(),
                            disk.sizeBytes()));
        }
        return device;
    }

    private void addDisk(TrackedDisk disk, BlockDevice device, DiskBits bits, DiskPrograms programs)
            throws TrackerException {
        var statistics = device.openStatistics();
        closing.add(statistics::close);
        disks.add(new Disk(disk, device, statistics, bits, programs));
    }

    private static String bitsPin(int disk) {
        return "disk" + disk + "-bits";
    }

    private static String programPins(int disk) {
        return "disk" + disk + "-";
    }

    private LinuxFile createMap(String pin, int valueBytes, long entries) throws LinuxException {
        var map = Bpf.createArray("hf_map", valueBytes, entries);
        closing.add(map::close);
        Bpf.pin(map, pins.path(pin));
        return map;
    }

    private LinuxFile openMap(String pin) throws LinuxException {
        var map = Bpf.pinned(pins.path(pin));
        closing.add(map::close);
        return map;
    }

    private MemorySegment map(LinuxFile map) throws LinuxException {
        return LinuxMemory.shared(map, Bpf.mapBytes(map), arena);
    }

    private DiskBits bits(Planes planes, MemorySegment map) throws LinuxException {
        var changed = LinuxMemory.sparse(planes.fineWords() * Long.BYTES, arena);
        return new DiskBits(planes, map, BlockSet.empty(changed, planes.blockCount()));
    }

    private static TrackerException refused(LinuxException e) {
        var hint =
                e.is(Errno.EPERM)
                        ? " (needs root or CAP_BPF and CAP_PERFMON, and no kernel lockdown)"
                        : e.is(Errno.ENOMEM) ? " (bits take 192 MiB a TiB of disk)" : "";
        return new TrackerException(e.getMessage() + hint, e);
    }
}
