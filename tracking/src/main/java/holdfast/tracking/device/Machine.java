package holdfast.tracking.device;

import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where the kernel's own file systems are mounted.
///
/// @param sys sysfs
/// @param proc procfs
/// @param bpf where bpffs is, or is to be, mounted
public record Machine(Path sys, Path proc, Path bpf) {
    /// This machine, as every distribution sets it up.
    public static Machine local() {
        return new Machine(Path.of("/sys"), Path.of("/proc"), Path.of("/sys/fs/bpf"));
    }

    /// Identity of the time since the machine was switched on.
    public String bootId() throws TrackerException {
        return line(proc.resolve("sys/kernel/random/boot_id"));
    }

    /// One more than the highest number that a processor of this machine can ever have.
    public int processorNumberEnd() throws TrackerException {
        var ranges = line(sys.resolve("devices/system/cpu/possible")); // "0-3" or "0-1,4-7"
        var last = Math.max(ranges.lastIndexOf('-'), ranges.lastIndexOf(','));
        return Integer.parseInt(ranges.substring(last + 1)) + 1;
    }

    /// The one line that most of the kernel's files hold.
    static String line(Path file) throws TrackerException {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new TrackerException("cannot read " + file, e);
        }
    }
}
