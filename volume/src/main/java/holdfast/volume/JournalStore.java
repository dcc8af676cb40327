package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.format.Compression;
import holdfast.format.PackedExtent;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import javax.crypto.SecretKey;

/// A staging area: the contract over journal, maps, points and keys.
final class JournalStore implements VolumeStore, JournalBranch.Writing {
    final StoreCore core;
    private final VolumeRegistry registry;
    private final Mending mending;
    private final Checkpointer checkpointer;
    private final Map<Integer, ReadWriteLock> branchLocks = new ConcurrentHashMap<>();
    private final Sweep sweep;

    /// Held by whoever reclaims: one at a time.
    private final ReentrantLock reclaiming = new ReentrantLock();

    JournalStore(StoreCore core) {
        this.core = core;
        this.registry = new VolumeRegistry(core);
        this.sweep = new Sweep(core.stored, core.settings.segmentBytes());
        core.journal().start();
        this.mending = new Mending(core, registry);
        this.checkpointer = new Checkpointer(core, registry, mending);
        checkpointer.start();
    }

    @Override
    public String identity(String owner) {
        return core.catalogue.agentsIdentity(registry.findOwner(owner));
    }

    @Override
    public void mend(String owner) throws IOException {
        var number = registry.findOwner(owner);
        if (number.isPresent()) {
            mending.mend(number.get());
        }
    }

    /// Never changed, whatever is lost.
    StoreIdentity ownIdentity() {
        return core.catalogue.identity();
    }

    @Override
    public Optional<String> storageClass(String owner) {
        return registry.hasVolumes(owner) ? Optional.of(DEFAULT_CLASS) : Optional.empty();
    }

    @Override
    public SecretKey derivedKey(String purpose) {
        return core.master.derived(purpose);
    }

    @Override
    public void encryptionKey(String owner, Optional<UUID> key) throws IOException {
        registry.encryptionKey(owner, key);
    }

    @Override
    public Optional<String> keyFault(VolumeId id) throws IOException {
        try {
            core.keys.key(core.find(id).volume().id());
            return Optional.empty();
        } catch (DamagedDataException e) {
            return Optional.of(e.damage().what());
        }
    }

    @Override
    public Volume create(String owner, String name, long sizeBytes) throws IOException {
        return registry.create(owner, name, sizeBytes).volume();
    }

    @Override
    public Volume grow(VolumeId id, long sizeBytes) throws IOException {
        return registry.grow(core.find(id), sizeBytes).volume();
    }

    @Override
    public void delete(VolumeId id) throws IOException {
        try {
            registry.delete(core.find(id));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while deleting " + id);
        }
    }

    @Override
    public Optional<Volume> find(VolumeId id) {
        return core.lookup(id).map(VolumeState::volume);
    }

    @Override
    public List<Volume> volumes() {
        return core.volumes().values().stream()
                .sorted(Comparator.comparingInt(state -> state.number))
                .map(VolumeState::volume)
                .toList();
    }

    @Override
    public CompletableFuture<Long> append(VolumeId id, List<PackedExtent> extents)
            throws InterruptedException {
        return submit(core.find(id), extents).durable;
    }

    @Override
    public JournalRequest submit(VolumeState state, List<PackedExtent> extents)
            throws InterruptedException {
        var blockCount = Blocks.count(state.volume().sizeBytes());
        var entries = new ArrayList<JournalEntry>(extents.size());
        var bytes = 0L;
        for (var extent : extents) {
            if (extent.endBlock() > blockCount) {
                throw new IllegalArgumentException(
                        state + ": block " + extent.endBlock() + " is past the end, " + blockCount);
            }
            var entry = entry(state, extent);
            if (bytes + entry.recordBytes() > Journal.REQUEST_BYTES_MAX) {
                core.journal().submit(List.copyOf(entries));
                entries.clear();
                bytes = 0;
            }
            entries.add(entry);
            bytes += entry.recordBytes();
        }
        return core.journal().submit(entries);
    }

    private JournalEntry entry(VolumeState state, PackedExtent extent) {
        if (extent.compression() == Compression.ZERO) {
            return new JournalEntry.Clear(state, extent.firstBlock(), extent.blockCount());
        }
        try {
            var key = core.keys.key(state.volume().id());
            return new JournalEntry.Extent(state, core.cipher.seal(state.number, key, extent));
        } catch (IOException e) {
            throw new RefusalException(
                    KEY_MISSING, state + ": its data key cannot be read: " + e.getMessage());
        }
    }

    @Override
    public JournalRequest clear(VolumeState branch, long firstBlock, long blockCount)
            throws InterruptedException {
        return core.journal()
                .submit(List.of(new JournalEntry.Clear(branch, firstBlock, blockCount)));
    }

    @Override
    public JournalRequest barrier() throws InterruptedException {
        return core.journal().submit(List.of());
    }

    @Override
    public void checkRoom() throws NoRoomException {
        if (core.journal().state() == StoreStatus.State.FULL) {
            throw new NoRoomException(core.journal().reason());
        }
    }

    @Override
    public CompletableFuture<ConsistencyPoint> appendPoint(NewPoint point)
            throws InterruptedException {
        int owner;
        try {
            owner = registry.ownerNumber(point.owner());
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
        var identity = core.catalogue.agentsIdentity(Optional.of(owner));
        if (!point.replica().orElse(identity).equals(identity)) {
            return CompletableFuture.failedFuture(damagedReplica(point.owner()));
        }
        var request =
                core.journal()
                        .submit(
                                List.of(
                                        new JournalEntry.Point(
                                                owner, point, core.points::written)));
        return request.durable.thenApply(sequence -> {
            var made = request.point(owner, point);
            if (!core.closeGap(owner, sequence, identity)) {
                throw damagedReplica(point.owner());
            }
            core.points.made(made);
            return describe(point.owner(), made, false);
        });
    }

    private static RefusalException damagedReplica(String owner) {
        return new RefusalException(
                REPLICA_DAMAGED,
                owner + ": a part of its replica was lost; its disks have to be compared first");
    }

    @Override
    public List<ConsistencyPoint> points(String owner, Instant from, Instant to, int limit)
            throws IOException {
        var number = registry.findOwner(owner);
        if (number.isEmpty() || limit <= 0) {
            return List.of();
        }
        var policy = snapshotPolicy(owner);
        var now = core.time.now();
        var points = core.points.between(query(number.get()), from, to, limit);
        var described = new ArrayList<ConsistencyPoint>(points.size());
        for (var i = 0; i < points.size(); i++) {
            var point = points.get(i);
            var next =
                    i + 1 < points.size()
                            ? Optional.of(points.get(i + 1))
                            : core.points
                                    .newest(number.get())
                                    .filter(newest -> newest.sequence() > point.sequence());
            var kept =
                    core.points.snapshot(number.get(), point.sequence()).isPresent()
                            || Retention.keeps(policy, point, next, now);
            described.add(describe(owner, point, kept));
        }
        return described;
    }

    @Override
    public Optional<ConsistencyPoint> newestPoint(String owner) {
        return registry.findOwner(owner)
                .flatMap(core.points::newest)
                .map(point -> describe(owner, point, false));
    }

    @Override
    public Optional<ConsistencyPoint> pointAt(String owner, Instant at) throws IOException {
        var number = registry.findOwner(owner);
        if (number.isEmpty()) {
            return Optional.empty();
        }
        return core.points
                .at(query(number.get()), at)
                .map(point -> describe(owner, point, isKept(point)));
    }

    @Override
    public Optional<ConsistencyPoint> point(String owner, long sequence) throws IOException {
        var number = registry.findOwner(owner);
        if (number.isEmpty()) {
            return Optional.empty();
        }
        return core.points
                .bySequence(query(number.get()), sequence)
                .map(point -> describe(owner, point, isKept(point)));
    }

    @Override
    public ConsistencyPoint branchPoint(String owner) throws IOException {
        var number = registry.ownerNumber(owner);
        if (core.gap(number).isOpen()) {
            throw new StoreException(
                    owner
                            + ": writes to its branches may be missing, since the staging area was"
                            + " damaged; there can be no consistency point of them");
        }
        checkRoom(); // or it would wait until there is some
        try {
            return appendPoint(new NewPoint(owner, core.time.now(), 0, 0, false)).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while making a point of " + owner);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        }
    }

    @Override
    public List<BlockRun> changes(VolumeView older, VolumeView newer, long fromBlock, int runsMax)
            throws IOException {
        return ((JournalView) newer).changesSince((JournalView) older, fromBlock, runsMax);
    }

    private boolean isKept(SegmentIndex.Point point) {
        return core.points.snapshot(point.owner(), point.sequence()).isPresent();
    }

    private Points.Query query(int owner) {
        var durable = core.journal().durableSequence();
        var oldest = Math.max(core.checkpoints.oldest().sequence(), core.horizon.sequence());
        return new Points.Query(owner, oldest + 1, durable, core.gap(owner));
    }

    private static ConsistencyPoint describe(
            String owner, SegmentIndex.Point point, boolean snapshot) {
        var record = point.record();
        return new ConsistencyPoint(
                owner,
                point.sequence(),
                Points.instant(point),
                Points.journalledAt(point),
                record.ageMillis(),
                record.round(),
                record.frozen(),
                snapshot);
    }

    @Override
    public void snapshotPolicy(String owner, SnapshotPolicy policy) throws IOException {
        registry.policy(owner, policy);
    }

    @Override
    public SnapshotPolicy snapshotPolicy(String owner) {
        return registry.policy(owner);
    }

    @Override
    public VolumeView view(VolumeId id, long sequence) throws IOException {
        var state = core.find(id);
        state.use();
        try {
            core.horizon.pin(state.owner, sequence);
            try {
                return open(state, core.mapAt(state, sequence), sequence, sequence);
            } catch (IOException | RuntimeException e) {
                core.horizon.unpin(sequence);
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            state.leave();
            throw e;
        }
    }

    @Override
    public VolumeView head(VolumeId id) throws IOException {
        var state = core.find(id);
        state.checkMap();
        state.use();
        var sequence = core.journal().nextSequence() - 1;
        core.horizon.pinNewest(sequence);
        return open(state, state.head.snapshot(), sequence, sequence);
    }

    @Override
    public void checkWhole(VolumeState branch) throws IOException {
        branch.checkMap();
        if (core.gap(branch.owner).isOpen()) {
            throw new StoreException(
                    branch
                            + ": writes to it may be missing, since the staging area was damaged;"
                            + " delete it and branch again");
        }
    }

    private VolumeView open(VolumeState state, VolumeMap map, long sequence, long pin) {
        core.viewOpened(map);
        return new JournalView(
                state,
                map,
                sequence,
                core.reader,
                () -> {
                    core.viewClosed(map);
                    core.horizon.unpin(pin);
                    state.leave();
                });
    }

    @Override
    public Volume branch(VolumeId parent, long sequence, String owner, String name)
            throws IOException {
        return registry.branch(core.find(parent), sequence, owner, name).volume();
    }

    @Override
    public Branch openBranch(VolumeId id) throws IOException {
        var state = core.find(id);
        if (state.volume().origin().isEmpty()) {
            throw new RefusalException(
                    "not-a-branch", id + " is the replica of a disk; only branches are written to");
        }
        checkWhole(state);
        state.use();
        var lock = branchLocks.computeIfAbsent(state.number, _ -> new ReentrantReadWriteLock());
        return new JournalBranch(
                state, core.journal().nextSequence() - 1, core.reader, this, lock, state::leave);
    }

    @Override
    public StoreStatus status() {
        var journal = core.journal();
        var mapped = core.volumes().values().stream().mapToLong(s -> s.head.mappedBlocks()).sum();
        long free;
        try {
            free = core.storage.usableBytes();
        } catch (IOException _) {
            free = -1; // the journal meets the same fault and says what it is
        }
        return new StoreStatus(
                journal.state(),
                journal.reason(),
                core.stored.usedBytes(),
                free,
                journal.waitingBytes(),
                core.stored.all().size(),
                core.maps.memoryBytes(),
                mapped * Blocks.BLOCK_BYTES,
                journal.durableSequence());
    }

    @Override
    public StoreStatus.Condition condition(String owner) {
        var journal = core.journal();
        return new StoreStatus.Condition(journal.state(), journal.reason());
    }

    @Override
    public ReclaimReport reclaim() throws IOException {
        reclaiming.lock();
        try {
            if (core.journal().state() != StoreStatus.State.FULL) {
                checkpointer.checkpoint();
            } // else no checkpoint can be made before there is room, which reclaim is to make
            return new Reclaim(core, sweep).run();
        } finally {
            reclaiming.unlock();
        }
    }

    @Override
    public ScrubReport scrub(Consumer<Damage> found) throws IOException {
        Objects.requireNonNull(found);
        var report = new Scrub(core, found).run();
        new CopyMending(core).run();
        return report;
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        core.journal().giveUpOnFailure();
        checkpointer.stop();
        try {
            if (core.journal().state() == StoreStatus.State.WRITING) {
                checkpointer.checkpoint();
            }
        } catch (IOException e) {
            failure = e;
        }
        for (var closing : closing()) {
            try {
                closing.close();
            } catch (IOException e) {
                failure = e;
            } catch (Exception e) {
                failure = new IOException("closing the staging area", e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private List<AutoCloseable> closing() {
        var closing = new ArrayList<AutoCloseable>();
        closing.add(core.journal());
        core.volumes().values().forEach(state -> closing.add(state::end));
        closing.add(core.keys);
        closing.add(core.maps);
        closing.add(core.mapFiles);
        closing.add(core.objects);
        closing.add(core.storage);
        return closing;
    }
}
