package holdfast.tracking.ebpf;

import holdfast.base.linux.Errno;
import holdfast.base.linux.LinuxException;
import holdfast.base.linux.LinuxFile;
import holdfast.tracking.TrackerException;
import holdfast.tracking.ebpf.ChangeProgram.Ranges;
import holdfast.tracking.ebpf.Planes.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The programs that watch one disk: loaded, attached, pinned, or found again.
final class DiskPrograms implements AutoCloseable {
    /// What a disk's programs are, in the order in which they are attached. Completions come first:
    /// a write must not be able to complete unseen once its issue was seen.
    enum Role {
        COMPLETED(0, "completed"),
        COMPLETED_RANGES(1, "completed-ranges"),
        REQUEUED(4, "requeued"),
        ISSUED(2, "issued"),
        ISSUED_RANGES(3, "issued-ranges");

        private final int place;
        private final String pin;

        /// @param place of its tag in the control page
        Role(int place, String pin) {
            this.place = place;
            this.pin = pin;
        }

        private KernelLayout.Tracepoint tracepoint(KernelLayout kernel) {
            return switch (this) {
                case COMPLETED, COMPLETED_RANGES -> kernel.complete();
                case REQUEUED -> kernel.requeue();
                case ISSUED, ISSUED_RANGES -> kernel.issue();
            };
        }

        private byte[] assemble(
                KernelLayout kernel,
                Bpf.Access access,
                boolean severalRanges,
                ChangeProgram.Target target,
                ChangeProgram.Strain strain) {
            var single = severalRanges ? Ranges.SINGLE : Ranges.ALL;
            return switch (this) {
                case COMPLETED ->
                        ChangeProgram.assemble(
                                kernel, access, Event.COMPLETED, single, target, strain);
                case COMPLETED_RANGES ->
                        ChangeProgram.assemble(
                                kernel, access, Event.COMPLETED, Ranges.MULTIPLE, target, strain);
                case REQUEUED -> ChangeProgram.assembleRequeue(kernel, access, target);
                case ISSUED ->
                        ChangeProgram.assemble(
                                kernel, access, Event.ISSUED, single, target, strain);
                case ISSUED_RANGES ->
                        ChangeProgram.assemble(
                                kernel, access, Event.ISSUED, Ranges.MULTIPLE, target, strain);
            };
        }

        private boolean isNeeded(boolean severalRanges) {
            return switch (this) {
                case COMPLETED, REQUEUED, ISSUED -> true;
                case COMPLETED_RANGES, ISSUED_RANGES -> severalRanges;
            };
        }

        private boolean uses(Set<Integer> used, Set<Integer> ours) {
            return switch (this) {
                case REQUEUED -> !used.isEmpty() && ours.containsAll(used);
                case COMPLETED, COMPLETED_RANGES, ISSUED, ISSUED_RANGES -> used.containsAll(ours);
            };
        }

        /// Whether it records this event.
        private boolean records(Event event) {
            return switch (this) {
                case COMPLETED, COMPLETED_RANGES -> event == Event.COMPLETED;
                case ISSUED, ISSUED_RANGES -> event == Event.ISSUED;
                case REQUEUED -> false;
            };
        }
    }

    private record Loaded(Role role, LinuxFile program) {}

    private final List<Loaded> programs = new ArrayList<>();

    /// Loads, attaches and pins what the disk needs. On failure nothing of it is left but pins.
    ///
    /// @param severalRanges whether the disk may be asked to discard several ranges at once
    /// @param tags receives each program's tag
    static DiskPrograms start(
            KernelLayout kernel,
            Bpf.Access access,
            boolean severalRanges,
            ChangeProgram.Target target,
            ChangeProgram.Strain strain,
            PinDirectory pins,
            String prefix,
            Tags tags)
            throws LinuxException, Bpf.ProgramRefusedException {
        var started = new DiskPrograms();
        try {
            for (var role : Role.values()) {
                if (!role.isNeeded(severalRanges)) {
                    continue;
                }
                var tracepoint = role.tracepoint(kernel);
                var code = role.assemble(kernel, access, severalRanges, target, strain);
                var name = "hf_" + tracepoint.name().substring("block_rq_".length());
                var program = Bpf.loadProgram(name, access, tracepoint, code);
                started.programs.add(new Loaded(role, program));
                Bpf.pin(program, pins.path(prefix + role.pin));
                tags.set(role.place, Bpf.programInfo(program).tag());
                try (var link = Bpf.attach(program, access, tracepoint)) {
                    Bpf.pin(link, pins.path(prefix + role.pin + "-link"));
                }
            }
            return started;
        } catch (LinuxException | Bpf.ProgramRefusedException e) {
            started.close();
            throw e;
        }
    }

    /// Opens the programs that an earlier agent pinned and checks that they are those it loaded,
    /// that they still run, and that they write to the maps we have opened.
    ///
    /// @throws TrackerException saying what is not as it was left
    static DiskPrograms reopen(PinDirectory pins, String prefix, Tags tags, Set<Integer> mapIds)
            throws TrackerException {
        var found = new DiskPrograms();
        try {
            for (var role : Role.values()) {
                var tag = tags.get(role.place);
                if (tag == 0) {
                    continue;
                }
                var program = Bpf.pinned(pins.path(prefix + role.pin));
                found.programs.add(new Loaded(role, program));
                var info = Bpf.programInfo(program);
                if (info.tag() != tag || !role.uses(info.mapIds(), mapIds)) {
                    throw new TrackerException("program " + role.pin + " is not the one we left");
                }
                try (var link = Bpf.pinned(pins.path(prefix + role.pin + "-link"))) {
                    if (Bpf.linkedProgramId(link) != info.id()) {
                        throw new TrackerException("program " + role.pin + " is not attached");
                    }
                }
            }
            if (found.programs.isEmpty()) {
                throw new TrackerException("no program is recorded");
            }
            return found;
        } catch (LinuxException e) {
            found.close();
            throw e.is(Errno.ENOENT)
                    ? new TrackerException("a pin is missing: " + e.getMessage(), e)
                    : new TrackerException(e);
        } catch (TrackerException e) {
            found.close();
            throw e;
        }
    }

    /// Events of this kind that no program recorded, because it was interrupted by them.
    long missedRuns(Event event) throws TrackerException {
        var missed = 0L;
        for (var loaded : programs) {
            if (loaded.role.records(event)) {
                try {
                    missed += Bpf.programInfo(loaded.program).missedRuns();
                } catch (LinuxException e) {
                    throw new TrackerException(e);
                }
            }
        }
        return missed;
    }

    /// Lets go of the programs; those that are pinned go on.
    @Override
    public void close() {
        programs.forEach(loaded -> loaded.program.close());
    }

    /// Where the tags of a disk's programs are kept.
    interface Tags {
        long get(int program);

        void set(int program, long tag);
    }
}
