package holdfast.volume;

import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/// Which past states can be read, and which somebody reads: the state at each sequence from the
/// horizon on, and before it those of the kept snapshots.
///
/// Both are decided under one lock. Whoever began to rebuild a state right before reclaim gave it
/// up, and had its map right after reclaim had looked at all maps, would be left with a map of what
/// is gone.
///
/// Safe for any thread.
final class Horizon {
    private final Points points;

    /// How many read each.
    private final TreeMap<Long, Integer> pinned = new TreeMap<>();

    private long sequence;

    /// @param points whose snapshots are kept
    Horizon(Points points) {
        this.points = points;
    }

    /// Until it is unpinned, the state of an owner's volumes at a sequence can be rebuilt.
    ///
    /// @throws GoneException if it has been given up
    synchronized void pin(int owner, long at) throws GoneException {
        if (at < sequence && points.snapshot(owner, at).isEmpty()) {
            throw reclaimed(at);
        }
        pinNewest(at);
    }

    /// As above, for the sequence up to which the journal reaches now.
    synchronized void pinNewest(long at) {
        pinned.merge(at, 1, Integer::sum);
    }

    synchronized void unpin(long at) {
        pinned.computeIfPresent(at, (_, users) -> users == 1 ? null : users - 1);
    }

    /// The oldest sequence whose state somebody reads.
    synchronized OptionalLong oldestRead() {
        return pinned.isEmpty() ? OptionalLong.empty() : OptionalLong.of(pinned.firstKey());
    }

    /// The first sequence from which on every state can be read, as far as reclaim decided.
    synchronized long sequence() {
        return sequence;
    }

    /// Moves it, unless it is there already, to a checkpoint of which no state that somebody reads
    /// is older.
    ///
    /// @param choose of the oldest sequence that somebody reads, which checkpoint; asks nothing
    ///   that takes long
    synchronized Checkpoint.Place move(Function<OptionalLong, Checkpoint.Place> choose) {
        var base = choose.apply(oldestRead());
        sequence = Math.max(sequence, base.sequence());
        return base;
    }

    /// Gives a snapshot up, so that nobody begins to read it, unless somebody does already.
    ///
    /// @param needed for another reason
    /// @return whether it is given up
    synchronized boolean giveUp(KeptSnapshot snapshot, BooleanSupplier needed) {
        if (pinned.containsKey(snapshot.point().sequence()) || needed.getAsBoolean()) {
            return false;
        }
        points.leave(snapshot);
        return true;
    }

    static GoneException reclaimed(long sequence) {
        return new GoneException(
                "sequence " + sequence + " is before the journal window: it was reclaimed");
    }
}
