package holdfast.tracking;

import holdfast.base.BlockSet;
import java.time.Instant;

/// One round's instant, and the proof of what was read after it. Good until the tracker's next
/// flip.
public interface Flip {
    /// The instant, by the wall clock.
    Instant instant();

    /// The instant, by the monotonic clock of [holdfast.base.TimeSource#nanoTime].
    long nanoTime();

    /// To be called after the last read of `read`, which may be a part of what the round reads, so
    /// that blocks checked early may be written again without harm: the blocks among it of which it
    /// is not certain that they were read as they were at the instant. If that is empty for every
    /// disk, `read` was all of pending, and [#isProven] says so afterwards, then the replica after
    /// this round is a state that a power cut at the instant could have left. Otherwise the caller
    /// keeps these blocks pending and the round is no consistency point.
    BlockSet conflicts(int disk, BlockSet read) throws TrackerException;

    /// Whether pending held, for every disk and as the flip left it, all that had changed before
    /// the instant.
    boolean isProven() throws TrackerException;
}
