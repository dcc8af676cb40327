package holdfast.volume;

import holdfast.base.BlockRun;
import holdfast.base.RefusalException;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import javax.crypto.SecretKey;

/// Several staging areas seen as one: what concerns a volume or its owner goes to the area that has
/// it, and what concerns everything to each. Keeps nothing of its own: the areas say what they
/// have.
///
/// Each has its own journal, lock, room and threads, so that one that is full or fails holds up
/// nobody in another.
final class StagingAreas implements VolumeStore {
    private final List<StagingArea> areas;

    /// @param areas the default one first; closed with this
    StagingAreas(List<StagingArea> areas) {
        this.areas = List.copyOf(areas);
    }

    @Override
    public List<StagingArea> areas() {
        return areas;
    }

    private VolumeStore usual() {
        return areas.getFirst().store();
    }

    private Optional<StagingArea> home(String owner) {
        return areas.stream()
                .filter(area -> area.store().storageClass(owner).isPresent())
                .findFirst();
    }

    /// The default one of an owner without volumes.
    private VolumeStore of(String owner) {
        return home(owner).map(StagingArea::store).orElse(usual());
    }

    /// The default one of a volume that there is not, which says so.
    private StagingArea area(VolumeId id) {
        return areas.stream()
                .filter(area -> area.store().find(id).isPresent())
                .findFirst()
                .orElse(areas.getFirst());
    }

    private VolumeStore of(VolumeId id) {
        return area(id).store();
    }

    @Override
    public Optional<String> storageClass(String owner) {
        return home(owner).map(StagingArea::storageClass);
    }

    @Override
    public String identity(String owner) {
        return of(owner).identity(owner);
    }

    @Override
    public void mend(String owner) throws IOException {
        of(owner).mend(owner);
    }

    /// Also where the owner has no volumes yet: that is where it may get some.
    @Override
    public void encryptionKey(String owner, Optional<UUID> key) throws IOException {
        for (var area : areas) {
            area.store().encryptionKey(owner, key);
        }
    }

    @Override
    public Optional<String> keyFault(VolumeId id) throws IOException {
        return of(id).keyFault(id);
    }

    @Override
    public StoreStatus.Condition condition(String owner) {
        return of(owner).condition(owner);
    }

    @Override
    public StoreStatus status() {
        return usual().status();
    }

    @Override
    public Volume create(String owner, String name, long sizeBytes) throws IOException {
        return create(owner, name, sizeBytes, DEFAULT_CLASS);
    }

    @Override
    public Volume create(String owner, String name, long sizeBytes, String storageClass)
            throws IOException {
        var wanted =
                areas.stream().filter(area -> area.storageClass().equals(storageClass)).findFirst();
        var area = home(owner).or(() -> wanted).orElse(areas.getFirst());
        return area.store().create(owner, name, sizeBytes);
    }

    @Override
    public Volume branch(VolumeId parent, long sequence, String owner, String name)
            throws IOException {
        var area = area(parent);
        var home = storageClass(owner).orElse(area.storageClass());
        if (!home.equals(area.storageClass())) {
            throw new RefusalException(
                    "owner-elsewhere",
                    owner
                            + " has volumes in the staging area of storage class "
                            + home
                            + ", and "
                            + parent
                            + " is in another: no point could be of both");
        }
        return area.store().branch(parent, sequence, owner, name);
    }

    @Override
    public Volume grow(VolumeId id, long sizeBytes) throws IOException {
        return of(id).grow(id, sizeBytes);
    }

    @Override
    public void delete(VolumeId id) throws IOException {
        of(id).delete(id);
    }

    @Override
    public Optional<Volume> find(VolumeId id) {
        return of(id).find(id);
    }

    @Override
    public List<Volume> volumes() {
        return areas.stream().flatMap(area -> area.store().volumes().stream()).toList();
    }

    @Override
    public CompletableFuture<Long> append(VolumeId id, List<PackedExtent> extents)
            throws InterruptedException {
        return of(id).append(id, extents);
    }

    @Override
    public CompletableFuture<ConsistencyPoint> appendPoint(NewPoint point)
            throws InterruptedException {
        return of(point.owner()).appendPoint(point);
    }

    @Override
    public ConsistencyPoint branchPoint(String owner) throws IOException {
        return of(owner).branchPoint(owner);
    }

    @Override
    public List<ConsistencyPoint> points(String owner, Instant from, Instant to, int limit)
            throws IOException {
        return of(owner).points(owner, from, to, limit);
    }

    @Override
    public Optional<ConsistencyPoint> newestPoint(String owner) {
        return of(owner).newestPoint(owner);
    }

    @Override
    public Optional<ConsistencyPoint> pointAt(String owner, Instant at) throws IOException {
        return of(owner).pointAt(owner, at);
    }

    @Override
    public Optional<ConsistencyPoint> point(String owner, long sequence) throws IOException {
        return of(owner).point(owner, sequence);
    }

    @Override
    public void snapshotPolicy(String owner, SnapshotPolicy policy) throws IOException {
        of(owner).snapshotPolicy(owner, policy);
    }

    @Override
    public SnapshotPolicy snapshotPolicy(String owner) {
        return of(owner).snapshotPolicy(owner);
    }

    @Override
    public VolumeView head(VolumeId id) throws IOException {
        return of(id).head(id);
    }

    @Override
    public VolumeView view(VolumeId id, long sequence) throws IOException {
        return of(id).view(id, sequence);
    }

    @Override
    public List<BlockRun> changes(VolumeView older, VolumeView newer, long fromBlock, int runsMax)
            throws IOException {
        return of(newer.volume().id()).changes(older, newer, fromBlock, runsMax);
    }

    @Override
    public Branch openBranch(VolumeId id) throws IOException {
        return of(id).openBranch(id);
    }

    @Override
    public ReclaimReport reclaim() throws IOException {
        var reports = new ArrayList<ReclaimReport>();
        forEach(area -> reports.add(area.store().reclaim()));
        var kept = reports.stream().mapToLong(ReclaimReport::keptBytes).sum();
        return reports.stream().reduce(ReclaimReport.NOTHING, ReclaimReport::plus).keeping(kept);
    }

    @Override
    public ScrubReport scrub(Consumer<Damage> found) throws IOException {
        var reports = new ArrayList<ScrubReport>();
        forEach(area -> reports.add(area.store().scrub(place -> found.accept(named(area, place)))));
        return reports.stream().reduce(new ScrubReport(0, 0, 0, 0), ScrubReport::plus);
    }

    /// Files are named alike in all areas.
    private static Damage named(StagingArea area, Damage place) {
        var storageClass = area.storageClass();
        return storageClass.equals(DEFAULT_CLASS) ? place : place.in(storageClass);
    }

    /// Of the default area, whose master key wraps the keys of all.
    @Override
    public SecretKey derivedKey(String purpose) {
        return usual().derivedKey(purpose);
    }

    @Override
    public void close() throws IOException {
        forEach(area -> area.store().close());
    }

    @FunctionalInterface
    private interface Work {
        void on(StagingArea area) throws IOException;
    }

    /// A fault of one does not keep the others from theirs.
    ///
    /// @throws IOException the first fault, with the others
    private void forEach(Work work) throws IOException {
        IOException failure = null;
        for (var area : areas) {
            try {
                work.on(area);
            } catch (IOException e) {
                var told =
                        new StoreException(
                                "storage class " + area.storageClass() + ": " + e.getMessage(), e);
                if (failure == null) {
                    failure = told;
                } else {
                    failure.addSuppressed(told);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
