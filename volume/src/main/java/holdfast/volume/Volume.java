package holdfast.volume;

import holdfast.base.Blocks;
import java.util.Optional;

/// What is known of one volume: the replica of a disk, or a branch of one.
///
/// @param id its identity
/// @param owner whose disk it is: a source server's id, or for a branch that of its recovery
///   instance. Consistency points span all volumes of one owner
/// @param name the disk's name at its owner, such as `/dev/sda`; unique within the owner
/// @param sizeBytes of the disk; above zero, and no more than a map has blocks for
/// @param origin where a branch came from; empty for the replica of a source disk
public record Volume(
        VolumeId id, String owner, String name, long sizeBytes, Optional<Origin> origin) {
    /// @throws IllegalArgumentException if there is no such size
    public Volume {
        if (sizeBytes <= 0 || sizeBytes > VolumeMap.BLOCKS_END << Blocks.BLOCK_SHIFT) {
            throw new IllegalArgumentException("a volume of " + sizeBytes + " bytes");
        }
    }

    /// Where a branch came from.
    ///
    /// @param parent the volume branched from
    /// @param sequence position in the journal at which it was branched
    public record Origin(VolumeId parent, long sequence) {}
}
