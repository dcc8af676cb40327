package holdfast.volume;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/// The parts of an open staging area, and the questions that several of them ask: which volumes
/// there are, and how a volume's map was at a sequence. Safe for any thread.
final class StoreCore {
    final StoreSettings settings;
    final StagingStorage storage;
    final OpenObjects objects;
    final StoredSegments stored;
    final Segments segments;
    final MapFiles mapFiles;
    final VolumeMaps maps;
    final MasterKey master;
    final KeyRing keys;
    final Points points;
    final TimeSource time;
    final RandomSource random;
    final ExtentReader reader;
    final ExtentCipher cipher;
    final Checkpoints checkpoints;
    final Horizon horizon;

    /// Held by whoever changes the catalogue, while it is stored.
    final ReentrantLock catalogueLock = new ReentrantLock();

    /// Changed under its lock, stored before it is set.
    volatile Catalogue catalogue = Catalogue.empty(new StoreIdentity(0, 0));

    /// Gaps by owner, ahead of the catalogue.
    private final Map<Integer, Gap> gaps = new ConcurrentHashMap<>();

    /// Volumes of whose maps something is in doubt.
    final Set<VolumeState> inDoubt = ConcurrentHashMap.newKeySet();

    private final Map<VolumeId, VolumeState> byId = new ConcurrentHashMap<>();
    private final Map<Integer, VolumeState> byNumber = new ConcurrentHashMap<>();

    /// Maps that open views look through.
    private final Set<VolumeMap> openMaps = ConcurrentHashMap.newKeySet();

    private @Nullable Journal startedJournal;

    StoreCore(
            StoreSettings settings,
            StagingStorage storage,
            OpenObjects objects,
            StoredSegments stored,
            Segments segments,
            MapFiles mapFiles,
            VolumeMaps maps,
            MasterKey master,
            KeyRing keys,
            Points points,
            TimeSource time,
            RandomSource random) {
        this.settings = settings;
        this.storage = storage;
        this.objects = objects;
        this.stored = stored;
        this.segments = segments;
        this.mapFiles = mapFiles;
        this.maps = maps;
        this.master = master;
        this.keys = keys;
        this.points = points;
        this.time = time;
        this.random = random;
        this.cipher = new ExtentCipher(random);
        this.checkpoints = new Checkpoints(storage);
        this.horizon = new Horizon(points);
        this.reader = new ExtentReader(stored, this::key, settings.extentCacheBytes());
    }

    /// The owner's gap; [Gap#NONE] if nothing is missing.
    Gap gap(int owner) {
        return gaps.getOrDefault(owner, Gap.NONE);
    }

    /// To be told of what the catalogue has.
    void gap(int owner, Gap gap) {
        gaps.put(owner, gap);
    }

    /// Takes the gaps from the catalogue of a store that is being opened.
    void restoreGaps() {
        catalogue
                .owners()
                .forEach((number, owner) -> {
                    if (!owner.gap().equals(Gap.NONE)) {
                        gaps.put(number, owner.gap());
                    }
                });
    }

    /// An owner's disks are whole as of this point, unless a part of their maps was lost since
    /// whoever made it took them for whole.
    ///
    /// @param identity that he was shown
    /// @return whether they are
    boolean closeGap(int owner, long sequence, String identity) {
        var whole = new boolean[1];
        gaps.compute(
                owner,
                (_, gap) -> {
                    whole[0] = isWhole(owner, identity);
                    return gap == null || !whole[0] ? gap : gap.closed(sequence);
                });
        return whole[0];
    }

    private boolean isWhole(int owner, String identity) {
        return catalogue.agentsIdentity(Optional.of(owner)).equals(identity)
                && inDoubt.stream()
                        .noneMatch(state -> state.owner == owner && state.doubts().lackEntries());
    }

    void journal(Journal journal) {
        startedJournal = journal;
    }

    Journal journal() {
        var journal = startedJournal;
        if (journal == null) {
            throw new IllegalStateException("the journal is not open yet");
        }
        return journal;
    }

    void add(VolumeState state) {
        byId.put(state.volume().id(), state);
        byNumber.put(state.number, state);
    }

    void remove(VolumeState state) {
        byId.remove(state.volume().id());
        byNumber.remove(state.number);
    }

    /// @throws RefusalException if there is no such volume
    VolumeState find(VolumeId id) {
        var state = byId.get(id);
        if (state == null) {
            throw VolumeState.unknown(id);
        }
        return state;
    }

    Optional<VolumeState> lookup(VolumeId id) {
        return Optional.ofNullable(byId.get(id));
    }

    Map<Integer, VolumeState> volumes() {
        return byNumber;
    }

    private SecretKey key(int number) throws IOException {
        var state = byNumber.get(number);
        if (state == null) {
            throw new StoreException("the data belongs to a volume that was deleted");
        }
        return keys.key(state.volume().id());
    }

    /// The volume's map as it was at a sequence that is still recoverable: the nearest root before
    /// it, brought forward by what the segments' indexes say. The caller closes it.
    VolumeMap mapAt(VolumeState state, long sequence) throws IOException {
        return mapAt(state, sequence, state.owner);
    }

    /// The map that a branch was made with. What its parent's owner may lack since is not asked:
    /// the origin was whole then. Records that are missing are missing for all owners, also for the
    /// branch's own; of blocks that only the parent's owner lost, those of other disks are whole,
    /// and the damaged page still names its own.
    ///
    /// @param owner of the branch
    /// @throws GoneException if it cannot be found any more
    VolumeMap originMap(int owner, Volume.Origin origin) throws IOException {
        return mapAt(find(origin.parent()), origin.sequence(), owner);
    }

    /// @param askedBy the owner whose gap counts
    private VolumeMap mapAt(VolumeState state, long sequence, int askedBy) throws IOException {
        try {
            return rebuild(state, sequence, askedBy);
        } catch (DamagedDataException e) {
            throw e.of(state.volume());
        }
    }

    private VolumeMap rebuild(VolumeState state, long sequence, int askedBy) throws IOException {
        var gap = gap(askedBy);
        if (gap.hides(sequence)) {
            throw new GoneException(
                    state
                            + ": records of the journal from sequence "
                            + gap.from()
                            + " on are damaged beyond knowing which blocks they held; what came"
                            + " after, until its disks were compared, cannot be recovered");
        }
        var kept = points.snapshot(state.owner, sequence);
        if (kept.isPresent()) {
            var root = kept.get().roots().byVolume().get(state.number);
            if (root != null) {
                return maps.load(root.reference(), root.mappedBlocks());
            }
        }
        var roots = checkpoints.rootsAtOrBefore(sequence);
        var root = roots.byVolume().get(state.number);
        VolumeMap map;
        long from;
        if (root != null) {
            map = maps.load(root.reference(), root.mappedBlocks());
            from = roots.sequence();
        } else {
            var origin = state.volume().origin();
            map = origin.isPresent() ? originMap(state.owner, origin.get()) : maps.empty();
            from = Math.max(roots.sequence(), state.madeAfter);
        }
        try {
            bringForward(map, state.number, from, sequence);
            return map;
        } catch (IOException | RuntimeException e) {
            map.close();
            throw e;
        }
    }

    /// @throws DamagedDataException if entries could not be applied for damage, and none has
    ///   cleared later what they were about
    private void bringForward(VolumeMap map, int number, long from, long to) throws IOException {
        var doubts = new Doubts();
        var following = new FollowingMap(map, doubts);
        segments.visit(
                from,
                to,
                segment ->
                        new SegmentIndex.Visitor() {
                            @Override
                            public void extent(
                                    int volume, long sequence, long first, int count, long offset)
                                    throws IOException {
                                if (volume == number) {
                                    var at = BlockLocation.of((int) segment.number, offset, 0);
                                    following.put(first, count, at, sequence);
                                }
                            }

                            @Override
                            public void clear(int volume, long sequence, long first, long count)
                                    throws IOException {
                                if (volume == number) {
                                    following.clear(first, count, sequence);
                                }
                            }
                        });
        var missing = doubts.missing();
        if (missing != null) {
            throw missing;
        }
    }

    /// Brings the heads of all volumes forward at once.
    void replay(long from, long to, IntFunction<@Nullable VolumeState> states) throws IOException {
        segments.visit(
                from,
                to,
                segment ->
                        new SegmentIndex.Visitor() {
                            @Override
                            public void extent(
                                    int volume, long sequence, long first, int count, long offset) {
                                var state = states.apply(volume);
                                if (state != null) { // else it was deleted since
                                    var at = BlockLocation.of((int) segment.number, offset, 0);
                                    state.put(first, count, at, sequence);
                                }
                            }

                            @Override
                            public void clear(int volume, long sequence, long first, long count) {
                                var state = states.apply(volume);
                                if (state != null) {
                                    state.clear(first, count, sequence);
                                }
                            }
                        });
    }

    /// A view opened on this map; until [#viewClosed] reclaim keeps what it reaches.
    void viewOpened(VolumeMap map) {
        openMaps.add(map);
    }

    /// Waits for a reclaim that is looking at the map, then closes it.
    void viewClosed(VolumeMap map) {
        checkpoints.lock.lock();
        try {
            openMaps.remove(map);
            map.close();
        } finally {
            checkpoints.lock.unlock();
        }
    }

    Set<VolumeMap> openMaps() {
        return openMaps;
    }
}
