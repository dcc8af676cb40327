package holdfast.recovery;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.regex.Pattern;

/// What this host has for machines, from `/proc` (proc(5)).
///
/// @param processors that are online
/// @param availableBytes memory that new programs could use without swapping
/// @param virtualization whether the processors say that they can run machines (Intel `vmx`, AMD
///   `svm`)
record HostCapacity(int processors, long availableBytes, boolean virtualization) {
    private static final long MIB = 1 << 20;

    /// Left to the host, and to QEMU for itself.
    static final long RESERVE_BYTES = 512 * MIB;

    /// Below this no server of today boots.
    static final long MACHINE_BYTES_MIN = 128 * MIB;

    private static final Pattern PROCESSOR = Pattern.compile("(?m)^processor\\s*:");
    private static final Pattern VIRTUALIZATION =
            Pattern.compile("(?m)^flags\\s*:.*\\b(vmx|svm)\\b");
    private static final Pattern AVAILABLE = Pattern.compile("(?m)^MemAvailable:\\s*(\\d+) kB$");
    private static final int PROC_BYTES_MAX = 4 << 20;

    /// What a machine gets.
    ///
    /// @param processors at least one
    /// @param memoryBytes whole MiB
    /// @param note what is less than asked, for people; else empty
    record Grant(int processors, long memoryBytes, String note) {}

    static HostCapacity of(SmallFiles files, Path proc) throws IOException {
        var cpuInfo = files.read(proc.resolve("cpuinfo"), PROC_BYTES_MAX);
        var memInfo = files.read(proc.resolve("meminfo"), PROC_BYTES_MAX);
        var available = AVAILABLE.matcher(memInfo);
        if (!available.find()) {
            throw new IOException(proc + "/meminfo: no line MemAvailable");
        }
        return new HostCapacity(
                Math.max(1, Math.toIntExact(PROCESSOR.matcher(cpuInfo).results().count())),
                Long.parseLong(available.group(1)) * 1024,
                VIRTUALIZATION.matcher(cpuInfo).find());
    }

    /// As much of what was asked as there is.
    ///
    /// @throws RefusalException if the memory left would not let a machine boot
    Grant grant(MachineSpec spec) {
        var notes = new ArrayList<String>();
        var granted = Math.min(Math.max(1, spec.cpuCount()), processors);
        if (granted < spec.cpuCount()) {
            notes.add(String.format(Locale.ROOT, "%d of %d processors", granted, spec.cpuCount()));
        }
        var asked = Math.max(MACHINE_BYTES_MIN, spec.memoryBytes());
        var memory = Math.min(asked, availableBytes - RESERVE_BYTES) / MIB * MIB;
        if (memory < MACHINE_BYTES_MIN) {
            throw new RefusalException(
                    "not-enough-memory",
                    String.format(
                            Locale.ROOT,
                            "machine %s: asks for %d MiB of memory, this host has %d MiB available and keeps %d MiB for itself; free some, or terminate other instances",
                            spec.id(),
                            asked / MIB,
                            availableBytes / MIB,
                            RESERVE_BYTES / MIB));
        }
        if (memory < asked / MIB * MIB) {
            notes.add(
                    String.format(
                            Locale.ROOT, "%d of %d MiB of memory", memory / MIB, asked / MIB));
        }
        var note = notes.isEmpty() ? "" : "given " + String.join(" and ", notes);
        return new Grant(granted, memory, note);
    }
}
