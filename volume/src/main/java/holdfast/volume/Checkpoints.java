package holdfast.volume;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// The checkpoints that are kept. Safe for any thread.
final class Checkpoints {
    private final StagingStorage storage;
    private final ConcurrentSkipListMap<Long, Checkpoint.Place> places =
            new ConcurrentSkipListMap<>();
    private volatile @Nullable Roots lastRead;

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
            storage.delete(before.path());
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
        return Checkpoint.decode(storage.get(place.path()));
    }

    /// The newest roots at or before the sequence.
    ///
    /// @throws StoreException if the sequence is older than all that is kept
    Roots rootsAtOrBefore(long sequence) throws IOException {
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
            } catch (holdfast.format.DamagedFormatException _) {
                // an older one and more of the journal lead to the same map; scrub names it
            }
        }
        throw new StoreException(
                "sequence " + sequence + " is before the journal window: it was reclaimed");
    }

    void remove(Checkpoint.Place place) throws IOException {
        places.remove(place.sequence());
        storage.delete(place.path());
    }
}
