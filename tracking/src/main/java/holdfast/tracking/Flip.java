package holdfast.tracking;

import java.time.Instant;
import java.util.BitSet;

/// An instant, and the proof of what was read after it. Good until the tracker's next flip.
///
/// If every block that changed before the instant was read after it or, since it last changed,
/// before, no block read after it was [#writtenSince], and the flip then [#isProven] for every
/// disk, then what was read is a state that a power cut at the instant could have left.
public interface Flip {
    /// The instant, by the wall clock.
    Instant instant();

    /// The instant, by the monotonic clock of [holdfast.base.TimeSource#nanoTime].
    long nanoTime();

    /// Which blocks of a run a write was issued to since the instant, counted from its first. To be
    /// asked as soon as the run is read: what is written later does it no harm. Safe for any
    /// thread.
    BitSet writtenSince(int disk, long firstBlock, int blockCount);

    /// Whether pending held, as the flip left it, all of the disk that had changed before the
    /// instant, and every answer of [#writtenSince] so far was whole. To be asked after the last
    /// read. If not, nothing read since the instant may leave pending.
    boolean isProven(int disk) throws TrackerException;
}
