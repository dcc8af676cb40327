package holdfast.control;

import holdfast.base.BlockRun;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.format.PackedExtent;
import holdfast.volume.Branch;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Damage;
import holdfast.volume.DamagedDataException;
import holdfast.volume.NewPoint;
import holdfast.volume.ReclaimReport;
import holdfast.volume.ScrubReport;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.StagingArea;
import holdfast.volume.StoreStatus;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/// A store that keeps names and points, and no data: volumes read as zeros, or as damaged. It
/// outlives the crashes of the controllers that use it, and dies with them at each of its calls,
/// before or after the effect.
final class FakeStore implements VolumeStore {
    final Map<VolumeId, Volume> volumes = new LinkedHashMap<>();
    final List<ConsistencyPoint> points = new ArrayList<>();
    final Map<VolumeId, Integer> openViews = new HashMap<>();
    final List<Damage> damage = new ArrayList<>();

    /// Classes that there are besides the default one, and in which of them owners' volumes are.
    final List<String> classes = new ArrayList<>();

    /// Owners of volumes in an area that cannot be written to now.
    final Set<String> failing = new HashSet<>();

    final Map<String, String> storageClasses = new HashMap<>();
    final Map<String, SnapshotPolicy> policies = new HashMap<>();
    StoreStatus.State state = StoreStatus.State.WRITING;
    int scrubs;

    final Map<String, UUID> encryptionKeys = new HashMap<>();

    /// What is said of volumes whose keys cannot be had.
    final Map<VolumeId, String> keyFaults = new HashMap<>();

    private final Crash.Fuse fuse;
    private final RandomSource random = RandomSource.system();

    FakeStore(Crash.Fuse fuse) {
        this.fuse = fuse;
    }

    ConsistencyPoint addPoint(String owner, long sequence, Instant instant, long ageMillis) {
        var point =
                new ConsistencyPoint(
                        owner,
                        sequence,
                        instant,
                        instant.plusMillis(ageMillis),
                        ageMillis,
                        sequence,
                        false,
                        false);
        points.add(point);
        return point;
    }

    @Override
    public String identity(String owner) {
        return "fake";
    }

    @Override
    public SecretKey derivedKey(String purpose) {
        return new SecretKeySpec(
                Arrays.copyOf(purpose.getBytes(StandardCharsets.UTF_8), 32), "AES");
    }

    @Override
    public synchronized void encryptionKey(String owner, Optional<UUID> key) {
        if (key.isPresent()) {
            encryptionKeys.put(owner, key.get());
        } else {
            encryptionKeys.remove(owner);
        }
    }

    @Override
    public synchronized Optional<String> keyFault(VolumeId id) {
        return Optional.ofNullable(keyFaults.get(id));
    }

    @Override
    public synchronized Volume create(String owner, String name, long sizeBytes) {
        return add("vol", owner, name, sizeBytes, Optional.empty());
    }

    @Override
    public synchronized Volume create(
            String owner, String name, long sizeBytes, String storageClass) {
        var known = storageClass(owner);
        var volume = create(owner, name, sizeBytes);
        storageClasses.put(owner, known.orElse(storageClass));
        return volume;
    }

    @Override
    public synchronized Optional<String> storageClass(String owner) {
        return volumes.values().stream().anyMatch(volume -> volume.owner().equals(owner))
                ? Optional.of(storageClasses.getOrDefault(owner, DEFAULT_CLASS))
                : Optional.empty();
    }

    @Override
    public List<StagingArea> areas() {
        return Stream.concat(Stream.of(DEFAULT_CLASS), classes.stream())
                .map(name -> new StagingArea(name, this))
                .toList();
    }

    @Override
    public synchronized Volume branch(VolumeId parent, long sequence, String owner, String name) {
        var origin = Optional.of(new Volume.Origin(parent, sequence));
        return add("br", owner, name, volumes.get(parent).sizeBytes(), origin);
    }

    private Volume add(
            String prefix,
            String owner,
            String name,
            long sizeBytes,
            Optional<Volume.Origin> origin) {
        fuse.step();
        var volume =
                new Volume(new VolumeId(random.nextId(prefix)), owner, name, sizeBytes, origin);
        volumes.put(volume.id(), volume);
        fuse.step();
        return volume;
    }

    @Override
    public synchronized Volume grow(VolumeId id, long sizeBytes) {
        var before = volumes.get(id);
        var grown = new Volume(id, before.owner(), before.name(), sizeBytes, before.origin());
        volumes.put(id, grown);
        return grown;
    }

    @Override
    public synchronized void delete(VolumeId id) throws IOException {
        fuse.step();
        if (volumes.containsKey(id) && failing.contains(volumes.get(id).owner())) {
            throw new IOException("Input/output error");
        }
        if (openViews.getOrDefault(id, 0) > 0) {
            throw new RefusalException("volume-in-use", id + " has open views");
        }
        if (volumes.remove(id) == null) {
            throw new RefusalException("unknown-volume", "no volume " + id);
        }
        fuse.step();
    }

    @Override
    public synchronized Optional<Volume> find(VolumeId id) {
        return Optional.ofNullable(volumes.get(id));
    }

    @Override
    public synchronized List<Volume> volumes() {
        fuse.step();
        return List.copyOf(volumes.values());
    }

    @Override
    public CompletableFuture<Long> append(VolumeId id, List<PackedExtent> extents) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void mend(String owner) {
        throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<ConsistencyPoint> appendPoint(NewPoint point) {
        throw new UnsupportedOperationException();
    }

    @Override
    public synchronized ConsistencyPoint branchPoint(String owner) {
        fuse.step();
        var last = points.isEmpty() ? 0 : points.getLast().sequence();
        var point = addPoint(owner, last + 1, Instant.EPOCH.plusSeconds(last), 0);
        fuse.step();
        return point;
    }

    @Override
    public List<BlockRun> changes(VolumeView older, VolumeView newer, long fromBlock, int runsMax) {
        return List.of();
    }

    @Override
    public List<ConsistencyPoint> points(String owner, Instant from, Instant to, int limit) {
        var found =
                points.stream()
                        .filter(point -> point.owner().equals(owner))
                        .filter(point -> !point.instant().isBefore(from))
                        .filter(point -> !point.instant().isAfter(to))
                        .toList();
        return found.subList(Math.max(0, found.size() - limit), found.size());
    }

    @Override
    public Optional<ConsistencyPoint> newestPoint(String owner) {
        return pointAt(owner, Instant.MAX);
    }

    @Override
    public Optional<ConsistencyPoint> pointAt(String owner, Instant at) {
        return points(owner, Instant.MIN, at, 1).stream().findFirst();
    }

    @Override
    public Optional<ConsistencyPoint> point(String owner, long sequence) {
        return points.stream()
                .filter(point -> point.owner().equals(owner) && point.sequence() == sequence)
                .findFirst();
    }

    @Override
    public void snapshotPolicy(String owner, SnapshotPolicy policy) {
        policies.put(owner, policy);
    }

    @Override
    public SnapshotPolicy snapshotPolicy(String owner) {
        return policies.getOrDefault(owner, SnapshotPolicy.DEFAULT);
    }

    @Override
    public synchronized VolumeView view(VolumeId id, long sequence) {
        fuse.step();
        if (points.stream().noneMatch(point -> point.sequence() == sequence)) {
            throw new RefusalException("unknown-point", "no point at " + sequence);
        }
        openViews.merge(id, 1, Integer::sum);
        return new View(volumes.get(id), sequence);
    }

    @Override
    public VolumeView head(VolumeId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Branch openBranch(VolumeId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public StoreStatus status() {
        return new StoreStatus(state, condition("").reason(), 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public StoreStatus.Condition condition(String owner) {
        if (failing.contains(owner)) {
            return new StoreStatus.Condition(StoreStatus.State.FAILING, "Input/output error");
        }
        return new StoreStatus.Condition(
                state, state == StoreStatus.State.WRITING ? "" : "no room");
    }

    @Override
    public ReclaimReport reclaim() {
        return ReclaimReport.NOTHING;
    }

    @Override
    public synchronized ScrubReport scrub(Consumer<Damage> found) {
        fuse.step();
        scrubs++;
        damage.forEach(found);
        return new ScrubReport(1, 4096, 1, damage.size());
    }

    @Override
    public void close() {}

    private final class View implements VolumeView {
        private final Volume volume;
        private final long sequence;

        View(Volume volume, long sequence) {
            this.volume = volume;
            this.sequence = sequence;
        }

        @Override
        public Volume volume() {
            return volume;
        }

        @Override
        public long sequence() {
            return sequence;
        }

        @Override
        public void read(ByteBuffer target, long offsetBytes) throws IOException {
            for (var place : damage) {
                if (place.offsetBytes() < offsetBytes + target.remaining()
                        && place.offsetBytes() + place.lengthBytes() > offsetBytes) {
                    throw new DamagedDataException(place);
                }
            }
            target.put(new byte[target.remaining()]);
        }

        @Override
        public List<Run> allocation(long offsetBytes, long lengthBytes) {
            return List.of(new Run(offsetBytes, lengthBytes, true));
        }

        @Override
        public void close() {
            synchronized (FakeStore.this) {
                openViews.merge(volume.id(), -1, Integer::sum);
            }
        }
    }
}
