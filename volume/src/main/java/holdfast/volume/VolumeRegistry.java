package holdfast.volume;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/// Makes, changes and deletes volumes: each change is stored in the catalogue before it counts.
/// Safe for any thread.
final class VolumeRegistry {
    private final StoreCore core;
    private volatile Owners knownOwners;

    /// By owner; of those that are not here it is the master key.
    private final Map<String, UUID> encryptionKeys = new ConcurrentHashMap<>();

    /// Owners of one generation of the catalogue.
    ///
    /// @param byName their numbers
    /// @param withVolumes the numbers of those that have some
    private record Owners(long generation, Map<String, Integer> byName, Set<Integer> withVolumes) {
        static Owners of(Catalogue catalogue) {
            var numbers = new HashMap<String, Integer>();
            catalogue.owners().forEach((number, owner) -> numbers.put(owner.name(), number));
            var withVolumes =
                    catalogue.volumes().values().stream()
                            .map(Catalogue.Entry::owner)
                            .collect(Collectors.toSet());
            return new Owners(catalogue.generation(), numbers, withVolumes);
        }
    }

    VolumeRegistry(StoreCore core) {
        this.core = core;
        this.knownOwners = Owners.of(core.catalogue);
    }

    VolumeState create(String owner, String name, long sizeBytes) throws IOException {
        if (sizeBytes <= 0) {
            throw new IllegalArgumentException("a volume of " + sizeBytes + " bytes");
        }
        return add("vol", owner, name, sizeBytes, Optional.empty(), core.maps.empty());
    }

    VolumeState branch(VolumeState parent, long sequence, String owner, String name)
            throws IOException {
        core.horizon.pin(parent.owner, sequence);
        try {
            if (sequence > core.journal().durableSequence()) {
                throw new RefusalException(
                        "unknown-sequence",
                        parent + ": sequence " + sequence + " is not on stable storage");
            }
            var map = core.mapAt(parent, sequence);
            var origin = Optional.of(new Volume.Origin(parent.volume().id(), sequence));
            return add("br", owner, name, parent.volume().sizeBytes(), origin, map);
        } finally {
            core.horizon.unpin(sequence);
        }
    }

    private VolumeState add(
            String prefix,
            String owner,
            String name,
            long sizeBytes,
            Optional<Volume.Origin> origin,
            VolumeMap head)
            throws IOException {
        var made = false;
        core.catalogueLock.lock();
        try {
            for (var state : core.volumes().values()) {
                if (state.volume().owner().equals(owner) && state.volume().name().equals(name)) {
                    throw new RefusalException(
                            "volume-exists", owner + " has a volume " + name + " already");
                }
            }
            var id = new VolumeId(core.random.nextId(prefix));
            var volume = new Volume(id, owner, name, sizeBytes, origin);
            var ownerNumber = ownerNumber(owner);
            var catalogue = core.catalogue;
            // of later sequences nobody knows yet whether they stay what they are
            var madeAfter = core.journal().durableSequence();
            var state =
                    new VolumeState(
                            catalogue.nextNumber(),
                            ownerNumber,
                            madeAfter,
                            volume,
                            head,
                            core.inDoubt);
            core.keys.make(
                    id,
                    origin.isPresent()
                            ? core.keys.wrapping(origin.get().parent())
                            : Optional.ofNullable(encryptionKeys.get(owner)));
            var volumes = new TreeMap<>(catalogue.volumes());
            volumes.put(state.number, new Catalogue.Entry(ownerNumber, madeAfter, volume));
            store(catalogue.nextNumber() + 1, catalogue.owners(), volumes);
            core.add(state);
            made = true;
            return state;
        } finally {
            if (!made) {
                head.close();
            }
            core.catalogueLock.unlock();
        }
    }

    void encryptionKey(String owner, Optional<UUID> key) throws IOException {
        core.keys.requireUsable(key);
        key.ifPresentOrElse(
                id -> encryptionKeys.put(owner, id), () -> encryptionKeys.remove(owner));
        for (var state : core.volumes().values()) {
            var id = state.volume().id();
            if (!source(state.volume()).owner().equals(owner) || core.keys.isWrappedBy(id, key)) {
                continue;
            }
            core.catalogueLock.lock(); // a deleted volume's key must not come back
            try {
                if (core.lookup(id).isPresent()) {
                    core.keys.wrap(id, key);
                }
            } finally {
                core.catalogueLock.unlock();
            }
        }
    }

    /// The replica of a disk that a branch, or a branch of it, was made of.
    private Volume source(Volume volume) {
        return volume.origin()
                .flatMap(origin -> core.lookup(origin.parent()))
                .map(parent -> source(parent.volume()))
                .orElse(volume);
    }

    VolumeState grow(VolumeState state, long sizeBytes) throws IOException {
        core.catalogueLock.lock();
        try {
            var before = state.volume();
            if (sizeBytes < before.sizeBytes()) {
                throw new RefusalException(
                        "volume-shrinks",
                        state
                                + ": it has "
                                + before.sizeBytes()
                                + " bytes and cannot shrink to "
                                + sizeBytes
                                + "; protect the smaller disk as a new one");
            }
            var after =
                    new Volume(
                            before.id(), before.owner(), before.name(), sizeBytes, before.origin());
            var catalogue = core.catalogue;
            var volumes = new TreeMap<>(catalogue.volumes());
            volumes.put(state.number, new Catalogue.Entry(state.owner, state.madeAfter, after));
            store(catalogue.nextNumber(), catalogue.owners(), volumes);
            state.volume(after);
            return state;
        } finally {
            core.catalogueLock.unlock();
        }
    }

    void delete(VolumeState state) throws IOException, InterruptedException {
        core.catalogueLock.lock();
        try {
            var id = state.volume().id();
            for (var other : core.volumes().values()) {
                var origin = other.volume().origin();
                if (origin.isPresent() && origin.get().parent().equals(id)) {
                    throw new RefusalException(
                            "volume-has-branches",
                            id + " has the branch " + other + "; delete that first");
                }
            }
            state.retire();
            try {
                forget(state);
            } catch (IOException | RuntimeException e) {
                state.readmit();
                throw e;
            }
            core.remove(state);
            core.keys.destroy(id);
        } finally {
            core.catalogueLock.unlock();
        }
        // without the lock, which everybody needs: the journal's queue may be full for long
        core.journal().submit(List.of(new JournalEntry.Barrier(_ -> state.end())));
    }

    private void forget(VolumeState state) throws IOException {
        var catalogue = core.catalogue;
        var volumes = new TreeMap<>(catalogue.volumes());
        volumes.remove(state.number);
        var owners = new TreeMap<>(catalogue.owners());
        var ownerLeaves =
                volumes.values().stream().noneMatch(entry -> entry.owner() == state.owner);
        if (ownerLeaves) {
            owners.remove(state.owner);
        }
        store(catalogue.nextNumber(), owners, volumes);
        if (ownerLeaves) {
            core.points.forget(state.owner);
        }
    }

    /// The owner's number; one is given where there is none yet.
    int ownerNumber(String owner) throws IOException {
        core.catalogueLock.lock();
        try {
            var known = findOwner(owner);
            if (known.isPresent()) {
                return known.get();
            }
            var catalogue = core.catalogue;
            var number = catalogue.nextNumber();
            var owners = new TreeMap<>(catalogue.owners());
            owners.put(number, new Catalogue.Owner(owner, SnapshotPolicy.DEFAULT, Gap.NONE, 0));
            store(number + 1, owners, catalogue.volumes());
            return number;
        } finally {
            core.catalogueLock.unlock();
        }
    }

    Optional<Integer> findOwner(String owner) {
        return Optional.ofNullable(owners(core.catalogue).byName().get(owner));
    }

    boolean hasVolumes(String owner) {
        var known = owners(core.catalogue);
        var number = known.byName().get(owner);
        return number != null && known.withVolumes().contains(number);
    }

    /// Made once a catalogue, since there may be thousands of owners and one is looked for with
    /// each report of an agent.
    private Owners owners(Catalogue catalogue) {
        var known = knownOwners;
        if (known.generation() != catalogue.generation()) {
            known = Owners.of(catalogue);
            knownOwners = known;
        }
        return known;
    }

    void policy(String owner, SnapshotPolicy policy) throws IOException {
        core.catalogueLock.lock();
        try {
            var number = ownerNumber(owner);
            var catalogue = core.catalogue;
            var owners = new TreeMap<>(catalogue.owners());
            owners.computeIfPresent(
                    number, (_, known) -> known.with(core.gap(number)).with(policy));
            store(catalogue.nextNumber(), owners, catalogue.volumes());
        } finally {
            core.catalogueLock.unlock();
        }
    }

    /// Stores which gaps have ended. Until that is done an opening takes them for open, and has the
    /// owner's disks compared once more.
    void keepGaps() throws IOException {
        core.catalogueLock.lock();
        try {
            var owners = new TreeMap<Integer, Catalogue.Owner>();
            core.catalogue
                    .owners()
                    .forEach((number, owner) -> owners.put(number, owner.with(core.gap(number))));
            if (!owners.equals(core.catalogue.owners())) {
                store(core.catalogue.nextNumber(), owners, core.catalogue.volumes());
            }
        } finally {
            core.catalogueLock.unlock();
        }
    }

    /// Stores that from a sequence on blocks of an owner's volumes are missing, until its disks
    /// were compared; from now on its agent is shown another identity. Durable on return.
    void lose(int owner, long sequence) throws IOException {
        core.catalogueLock.lock();
        try {
            var catalogue = core.catalogue;
            var known = catalogue.owners().get(owner);
            if (known == null) {
                return; // deleted meanwhile
            }
            var lost = known.with(core.gap(owner)).withLoss(sequence);
            var owners = new TreeMap<>(catalogue.owners());
            owners.put(owner, lost);
            store(catalogue.nextNumber(), owners, catalogue.volumes());
            core.gap(owner, lost.gap());
        } finally {
            core.catalogueLock.unlock();
        }
    }

    SnapshotPolicy policy(String owner) {
        var catalogue = core.catalogue;
        return Optional.ofNullable(owners(catalogue).byName().get(owner))
                .map(catalogue.owners()::get)
                .map(Catalogue.Owner::policy)
                .orElse(SnapshotPolicy.DEFAULT);
    }

    private void store(
            int nextNumber,
            Map<Integer, Catalogue.Owner> owners,
            Map<Integer, Catalogue.Entry> volumes)
            throws IOException {
        var before = core.catalogue;
        var after = before.with(nextNumber, owners, volumes);
        try {
            after.store(core.storage);
        } catch (IOException e) {
            takeBack(after, e);
            throw e;
        }
        core.catalogue = after;
    }

    /// One copy may say already what was not done: it must not win at the next opening, when more
    /// was acknowledged on the strength of what is in memory.
    private void takeBack(Catalogue failed, IOException why) {
        var before = core.catalogue;
        var restored = failed.with(before.nextNumber(), before.owners(), before.volumes());
        core.catalogue = restored;
        try {
            restored.store(core.storage);
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }
}
