package holdfast.failback;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How a failback, or a dry one, ended.
public sealed interface Outcome {
    /// The local disks equal the instance's last point, and were read back whole.
    ///
    /// @param sentBytes to the server, of this run
    /// @param receivedBytes from the server, of this run
    /// @param words for people
    record Completed(String instance, long sentBytes, long receivedBytes, String words)
            implements Outcome {}

    /// What a failback would do now.
    ///
    /// @param estimate how long it would take, by what comparing and a sample took; empty if
    ///   nothing differs
    record Dry(
            String instance,
            List<DryDisk> disks,
            long sentBytes,
            long receivedBytes,
            Optional<Duration> estimate)
            implements Outcome {
        public Dry {
            disks = List.copyOf(disks);
        }
    }

    /// @param recovery the instance's disk
    /// @param local the local disk
    /// @param differing what would travel, exactly
    record DryDisk(String recovery, String local, long totalBytes, List<BlockRun> differing) {
        public DryDisk {
            differing = List.copyOf(differing);
        }

        public long differingBytes() {
            return differing.stream().mapToLong(BlockRun::blockCount).sum() * Blocks.BLOCK_BYTES;
        }
    }
}
