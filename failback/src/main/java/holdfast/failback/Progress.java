package holdfast.failback;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How a failback stands.
///
/// @param what is being done
/// @param disks in the order of the mapping
/// @param bytesPerSecond of the disks, compared or fetched
/// @param left by the present rate
public record Progress(
        String what, List<Disk> disks, long bytesPerSecond, Optional<Duration> left) {
    public Progress {
        disks = List.copyOf(disks);
    }

    /// @param name the recovery instance's name for it
    /// @param totalBytes of the disk
    /// @param comparedBytes of it that were compared
    /// @param differingBytes that were found to differ, or to have changed, so far
    /// @param fetchedBytes of those that were fetched and written
    public record Disk(
            String name,
            long totalBytes,
            long comparedBytes,
            long differingBytes,
            long fetchedBytes) {}
}
