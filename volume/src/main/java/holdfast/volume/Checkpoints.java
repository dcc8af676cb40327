package holdfast.volume;

import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The checkpoints that are kept. Safe for any thread.
final class Checkpoints {
    /// Held by whoever writes a checkpoint or removes what none reaches.
    final ReentrantLock lock = new ReentrantLock();

    private final StagingStorage storage;
    private final ConcurrentSkipListMap<Long, Checkpoint.Place> places =
            new ConcurrentSkipListMap<>();
    private volatile @Nullable Roots lastRead;

    /// Of attempts to store one that failed, and left a copy. Guarded by the lock.
    private final Set<Checkpoint.Place> leftovers = new HashSet<>();

    Checkpoints(StagingStorage storage) {
        this.storage = storage;
    }

    /// Notes a checkpoint that is stored.
    void add(Checkpoint.Place place) {
        places.put(place.sequence(), place);
    }

    /// Notes a checkpoint that is stored, and deletes one of the same sequence made earlier.
    void replace(Checkpoint.Place place) throws IOException {
        var before = places.put(place.sequence(), place);
        lastRead = null;
        if (before != null && !before.equals(place)) {
            TwoCopies.delete(storage, before.path());
        }
    }

    /// In order of their sequences; never empty once the store is open.
    List<Checkpoint.Place> all() {
        return List.copyOf(places.values());
    }

    Checkpoint.Place oldest() {
        return places.firstEntry().getValue();
    }

    Checkpoint.Place newest() {
        return places.lastEntry().getValue();
    }

    Checkpoint read(Checkpoint.Place place) throws IOException {
        return TwoCopies.get(storage, place.path(), Checkpoint::decode);
    }

    /// The newest roots at or before the sequence.
    ///
    /// @throws GoneException if the sequence is older than all that is kept
    /// @throws DamagedDataException if the only ones are damaged
    Roots rootsAtOrBefore(long sequence) throws IOException {
        var damaged = Optional.<DamagedDataException>empty();
        for (var entry = places.floorEntry(sequence);
                entry != null;
                entry = places.lowerEntry(entry.getKey())) {
            var cached = lastRead;
            if (cached != null && cached.sequence() == entry.getKey()) {
                return cached;
            }
            try {
                var roots = read(entry.getValue()).roots();
                lastRead = roots;
                return roots;
            } catch (DamagedFormatException e) {
                // an older one and more of the journal lead to the same map; scrub names it
                damaged = Optional.of(damaged(entry.getValue(), e));
            }
        }
        if (damaged.isPresent()) {
            throw damaged.get();
        }
        throw Horizon.reclaimed(sequence);
    }

    static DamagedDataException noneIsSound() {
        return new DamagedDataException(
                new Damage("-", -1, 0, Checkpoint.FOLDER, 0, "no checkpoint is sound"));
    }

    private static DamagedDataException damaged(Checkpoint.Place place, IOException what) {
        return new DamagedDataException(
                new Damage("-", -1, 0, place.path(), 0, String.valueOf(what.getMessage())));
    }

    /// Deletes what a failed attempt to store a checkpoint may have left, now or later.
    void discard(Checkpoint.Place place, IOException why) {
        if (place.equals(places.get(place.sequence()))) {
            return;
        }
        leftovers.add(place);
        try {
            deleteLeftovers();
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /// To be done before anything is deleted that none of the known ones reaches: an opening would
    /// take a leftover for where the window begins.
    void deleteLeftovers() throws IOException {
        for (var place : List.copyOf(leftovers)) {
            TwoCopies.delete(storage, place.path());
            leftovers.remove(place);
        }
    }

    /// Durable on return. One that cannot be deleted stays known, so that it is tried again before
    /// anything that it reaches is deleted: else the next opening would find it, and take it for
    /// where the window begins.
    void remove(Checkpoint.Place place) throws IOException {
        TwoCopies.delete(storage, place.path());
        places.remove(place.sequence());
    }
}
