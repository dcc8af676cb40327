package holdfast.agent;

import holdfast.format.PackedExtent;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;

/// What happened to a chunk of a round, told to the round's thread by a worker or by the link.
///
/// ```
/// FIRST_COPY, CHANGES:  Read ──────────────────────────────────────────────────────> Packed
/// COMPARE:              Read > PiecesDigested > PiecesCompared > BlocksDigested > BlocksCompared > Packed
/// ```
///
/// Each chunk has one step to come until it is packed or unreadable.
sealed interface Step {
    /// @param written blocks that may have been written between the flip and the end of the read,
    ///   counted from the chunk's first
    record Read(Chunk chunk, byte[] data, BitSet written) implements Step {}

    record Unreadable(Chunk chunk, IOException cause) implements Step {}

    /// @param digests one a piece of [Workers#PIECE_BLOCKS], the last piece possibly shorter
    record PiecesDigested(Chunk chunk, byte[] data, List<byte[]> digests) implements Step {}

    /// @param differing indexes of pieces
    record PiecesCompared(Chunk chunk, byte[] data, BitSet differing) implements Step {}

    /// @param runs of neighbouring blocks, a digest a block
    record BlocksDigested(Chunk chunk, byte[] data, List<DigestedRun> runs) implements Step {}

    /// @param differing blocks, counted from the chunk's first
    record BlocksCompared(Chunk chunk, byte[] data, BitSet differing) implements Step {}

    /// @param parcels what is to travel; none if the replica holds all of it
    record Packed(Chunk chunk, List<Parcel> parcels) implements Step {}

    /// The link died, or a worker met a fault of ours.
    record Failed(Throwable cause) implements Step {}

    /// @param first block, counted from the chunk's first
    record DigestedRun(int first, List<byte[]> digests) {}

    /// An extent and, where its blocks may be remembered, their digests.
    record Parcel(PackedExtent extent, List<byte[]> digests) {}
}
