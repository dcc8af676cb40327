package holdfast.simulation;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.DamagedDataException;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.StoreException;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What the world's onlooker knows, whatever dies: which points were acknowledged, what each read
/// as when it was first read, which agents were told of which. Holds the store to it.
final class Ledger {
    private static final Duration SLACK = Duration.ofSeconds(5);
    private static final String WINDOW = "the window";

    private final Map<String, SourceMachine> machines = new LinkedHashMap<>();
    private final Map<String, TreeMap<Long, Known>> points = new LinkedHashMap<>();
    private final Map<String, Long> newestPointNanos = new HashMap<>();

    /// For reading whole volumes; lent to one thread at a time.
    private final ArrayDeque<byte[]> buffers = new ArrayDeque<>();

    private final Scheduler scheduler;
    private final Duration window;
    private final SnapshotPolicy policy;

    /// A byte of the staging area was changed: points may be missing, and reading may name damage.
    boolean rotten;

    /// Wall clocks were set: what the policy says of intervals holds for the clocks as they were.
    boolean clocksJumped;

    /// The latest that the server's clock ever showed before it was set: what had left the window
    /// by then may be gone.
    private Instant latest = Instant.MIN;

    /// What a failed sync took is written again from memory; until then it cannot be read.
    boolean syncsFail;

    /// Whether one has failed ever: the store may ask for a restart when it is closed.
    boolean syncsFailed;

    /// Jobs that were under way until then may fail: the power was cut, or the server's disk or
    /// clock was not what it should be.
    long disturbedUntilNanos = -1;

    /// Happens right after the next flush of a branch was answered: the worst moment for it.
    Optional<Runnable> afterFlush = Optional.empty();

    private static final class Known {
        private final ConsistencyPoint point;
        private final long foundNanos;
        private boolean acknowledged;
        private Optional<long[][]> firstRead = Optional.empty();

        Known(ConsistencyPoint point, long foundNanos) {
            this.point = point;
            this.foundNanos = foundNanos;
        }
    }

    Ledger(
            Scheduler scheduler,
            List<SourceMachine> machines,
            Duration window,
            SnapshotPolicy policy) {
        this.scheduler = scheduler;
        for (var machine : machines) {
            this.machines.put(machine.serverId, machine);
            points.put(machine.serverId, new TreeMap<>());
        }
        this.window = window;
        this.policy = policy;
    }

    /// The server's clock shows this, and is about to be set.
    void clockIsSet(Instant shown) {
        clocksJumped = true;
        latest = shown.isAfter(latest) ? shown : latest;
    }

    /// Something happens now that may make jobs fail, and lasts so long.
    void disturb(long forNanos) {
        disturbedUntilNanos = Math.max(disturbedUntilNanos, scheduler.nanos() + forNanos);
    }

    /// The store says that the point is durable.
    void acknowledged(ConsistencyPoint point) {
        known(point).acknowledged = true;
        var machine = machines.get(point.owner());
        if (machine != null) {
            for (var cut : cuts(machine, point)) {
                newestPointNanos.merge(point.owner(), cut.nanos(), Math::max);
            }
        }
    }

    private Known known(ConsistencyPoint point) {
        return of(point.owner())
                .computeIfAbsent(point.sequence(), _ -> new Known(point, scheduler.nanos()));
    }

    private TreeMap<Long, Known> of(String owner) {
        var known = points.get(owner);
        if (known == null) {
            throw new BrokenInvariantException(
                    Invariant.BRANCH_ISOLATION, "a point of " + owner + ", which has none");
        }
        return known;
    }

    int pointCount() {
        return points.values().stream().mapToInt(TreeMap::size).sum();
    }

    /// The newest acknowledged point's place on the world's clock, or -1.
    long newestPointNanos(SourceMachine machine) {
        return newestPointNanos.getOrDefault(machine.serverId, -1L);
    }

    Optional<ConsistencyPoint> newest(SourceMachine machine) {
        return points.get(machine.serverId).values().stream()
                .filter(known -> known.acknowledged)
                .reduce((_, later) -> later)
                .map(known -> known.point);
    }

    /// The agent says that this is its newest point.
    void claimed(SourceMachine machine, Instant instant) {
        var millis = instant.toEpochMilli();
        if (points.get(machine.serverId).values().stream()
                .noneMatch(known -> known.point.instant().toEpochMilli() == millis)) {
            throw new BrokenInvariantException(
                    Invariant.LAG_TELLS_THE_TRUTH,
                    machine.serverId + "'s agent tells of a point at " + instant + "; none is");
        }
    }

    /// The store was opened: everything acknowledged must be there.
    void opened(VolumeStore store, Instant now) throws IOException {
        for (var machine : machines.values()) {
            checkKept(store, machine.serverId, now);
            checkSnapshots(store, machine.serverId, now);
            var memo = ByteBuffer.wrap(machine.bits.memo);
            var told = memo.capacity() < 32 ? -1 : memo.getLong(16);
            var newest =
                    store.newestPoint(machine.serverId).map(ConsistencyPoint::round).orElse(-1L);
            if (!rotten && newest < told) {
                throw new BrokenInvariantException(
                        Invariant.ACKNOWLEDGED_IS_DURABLE,
                        String.format(
                                "%s's agent was told of the point of round %d, the newest is of %d",
                                machine.serverId, told, newest));
            }
        }
    }

    /// What is kept beyond the window was stored by itself, and is read seldom.
    private void checkSnapshots(VolumeStore store, String owner, Instant now) throws IOException {
        for (var point : list(store, owner)) {
            if (Duration.between(point.durableAt(), now).compareTo(window) > 0) {
                check(store, point, now);
            }
        }
    }

    private static List<ConsistencyPoint> list(VolumeStore store, String owner) throws IOException {
        return store.points(owner, Instant.MIN, Instant.MAX, Integer.MAX_VALUE);
    }

    /// Window and policy keep what they say.
    void checkKept(VolumeStore store, Instant now) throws IOException {
        for (var owner : machines.keySet()) {
            checkKept(store, owner, now);
        }
    }

    private void checkKept(VolumeStore store, String owner, Instant now) throws IOException {
        if (rotten) {
            return;
        }
        // before the store is asked: what is acknowledged while it looks need not be in its answer
        var acknowledged = of(owner).values().stream().filter(known -> known.acknowledged).toList();
        var listed = list(store, owner);
        // also those that nobody was told of: they count in their interval
        listed.forEach(this::known);
        var found = new HashSet<Long>();
        listed.forEach(point -> found.add(point.sequence()));
        for (var known : acknowledged) {
            var point = known.point;
            var keeper = keeper(owner, known, now);
            if (keeper.isPresent()
                    && !(found.contains(point.sequence())
                            && store.point(owner, point.sequence()).isPresent())) {
                throw new BrokenInvariantException(
                        keeper.get().equals(WINDOW)
                                ? Invariant.ACKNOWLEDGED_IS_DURABLE
                                : Invariant.RETENTION_KEEPS_WHAT_IT_SAYS,
                        String.format(
                                "point %d of %s, at %s, is gone at %s; kept by %s",
                                point.sequence(), owner, point.instant(), now, keeper.get()));
            }
        }
    }

    /// What keeps an acknowledged point, if anything does.
    private Optional<String> keeper(String owner, Known known, Instant now) {
        var point = known.point;
        var age = Duration.ofNanos(scheduler.nanos() - known.foundNanos);
        var shortest = window.minus(SLACK);
        var clock = latest.isAfter(now) ? latest : now;
        if (Duration.between(point.durableAt(), clock).compareTo(shortest) < 0
                && age.compareTo(shortest) < 0) {
            return Optional.of(WINDOW);
        }
        if (known == of(owner).lastEntry().getValue()) {
            return Optional.of("being the newest");
        }
        for (var rule : policy.rules()) {
            if (!clocksJumped
                    && Duration.between(point.instant(), now).compareTo(rule.keptFor().minus(SLACK))
                            < 0
                    && isNewestOfAll(owner, known, rule)) {
                return Optional.of(rule.toString());
            }
        }
        return Optional.empty();
    }

    /// Points that were made and never acknowledged count in their interval as well.
    private boolean isNewestOfAll(String owner, Known known, SnapshotPolicy.Rule rule) {
        var next = of(owner).higherEntry(known.point.sequence());
        return next == null
                || Math.floorDiv(
                                next.getValue().point.instant().toEpochMilli(),
                                rule.every().toMillis())
                        != Math.floorDiv(
                                known.point.instant().toEpochMilli(), rule.every().toMillis());
    }

    /// Reads the whole point and holds it against what the machine's disks were.
    ///
    /// @return what it reads as; empty if it is no more, rightly
    Optional<long[][]> check(VolumeStore store, ConsistencyPoint point, Instant now)
            throws IOException {
        var machine = machines.get(point.owner());
        if (machine == null) {
            throw new IllegalArgumentException(point.owner());
        }
        var known = known(point);
        var content = new long[machine.device.length][];
        for (var volume : store.volumes()) {
            if (!volume.owner().equals(point.owner())) {
                continue;
            }
            var read = read(store, volume, point, now);
            if (read.isEmpty()) {
                return Optional.empty();
            }
            content[diskOf(volume)] = read.get();
        }
        checkInstant(machine, point, content);
        checkFirstRead(known, content);
        known.firstRead = Optional.of(content);
        return Optional.of(content);
    }

    private static void checkFirstRead(Known known, long[][] content) {
        known.firstRead.ifPresent(before -> {
            for (var disk = 0; disk < before.length; disk++) {
                if (!Arrays.equals(before[disk], content[disk])) {
                    throw new BrokenInvariantException(
                            Invariant.SNAPSHOT_IMMUTABILITY,
                            "point " + known.point.id() + " reads otherwise than before");
                }
            }
        });
    }

    /// Holds what a recovery instance finds on its disks when it boots first, in the order of its
    /// server's disks, against the point that it is launched from.
    void checkLaunched(ConsistencyPoint point, long[][] content) {
        var machine = machines.get(point.owner());
        if (machine == null || content.length != machine.device.length) {
            throw new BrokenInvariantException(
                    Invariant.RECOVERED_IS_THE_POINT,
                    "launched from " + point.id() + " with " + content.length + " disks");
        }
        checkInstant(machine, point, content);
        checkFirstRead(known(point), content);
    }

    static int diskOf(Volume volume) {
        return volume.name().charAt("/dev/sim".length()) - 'a';
    }

    private Optional<long[]> read(
            VolumeStore store, Volume volume, ConsistencyPoint point, Instant now)
            throws IOException {
        try (var view = store.view(volume.id(), point.sequence())) {
            return Optional.of(sectors(view));
        } catch (DamagedDataException e) {
            if (rotten || syncsFail) {
                return Optional.empty();
            }
            throw new BrokenInvariantException(
                    Invariant.RECLAIM_KEEPS_WHAT_IS_REACHABLE,
                    point.id() + " of " + volume.id() + ": " + e.getMessage());
        } catch (StoreException | RefusalException e) {
            checkKept(store, point.owner(), now);
            if (rotten || store.point(point.owner(), point.sequence()).isEmpty()) {
                return Optional.empty(); // reclaimed meanwhile
            }
            throw new BrokenInvariantException(
                    Invariant.RECLAIM_KEEPS_WHAT_IS_REACHABLE,
                    point.id() + " is offered, and cannot be read: " + e.getMessage());
        }
    }

    /// Everything a volume holds.
    long[] sectors(VolumeView view) throws IOException {
        var size = Math.toIntExact(view.sizeBytes());
        var lent = buffers.poll();
        var data = lent == null || lent.length < size ? new byte[size] : lent;
        view.read(ByteBuffer.wrap(data, 0, size), 0);
        var sectors = new long[size / Blocks.SECTOR_BYTES];
        for (var i = 0; i < sectors.length; i++) {
            sectors[i] = SourceMachine.contentOf(data, i * Blocks.SECTOR_BYTES);
        }
        buffers.add(data);
        return sectors;
    }

    private static List<SourceMachine.Cut> cuts(SourceMachine machine, ConsistencyPoint point) {
        return machine.cuts.getOrDefault(point.instant().toEpochMilli(), List.of());
    }

    private static void checkInstant(
            SourceMachine machine, ConsistencyPoint point, long[][] content) {
        var why = "no flip was at its instant";
        for (var cut : cuts(machine, point)) {
            why = differences(cut, content);
            if (why.isEmpty()) {
                checkSeries(point, content);
                return;
            }
        }
        throw new BrokenInvariantException(
                why.contains("holds -1:")
                        ? Invariant.NO_WRONG_BYTE
                        : Invariant.POINT_IS_ONE_INSTANT,
                point.id() + " of " + machine.serverId + " at " + point.instant() + ": " + why);
    }

    private static String differences(SourceMachine.Cut cut, long[][] content) {
        for (var disk = 0; disk < content.length; disk++) {
            for (var sector = 0; sector < content[disk].length; sector++) {
                if (!cut.allows(disk, sector, content[disk][sector])) {
                    return String.format(
                            "disk %d sector %d holds %d: a power cut would have left %d",
                            disk, sector, content[disk][sector], cut.settled()[disk][sector]);
                }
            }
        }
        return "";
    }

    /// A record of the second series is there only with the same of the first.
    private static void checkSeries(ConsistencyPoint point, long[][] content) {
        var half = Writers.SERIES_BLOCKS / 2 * SourceMachine.SECTORS;
        var a = newestRecord(content[0], 0, half);
        var b = newestRecord(content[content.length - 1], half, 2 * half);
        if (b > a || a > b + 1) {
            throw new BrokenInvariantException(
                    Invariant.POINT_IS_ONE_INSTANT,
                    point.id() + ": record " + a + " of A and " + b + " of B");
        }
    }

    private static long newestRecord(long[] sectors, int from, int to) {
        var newest = -1L;
        for (var sector = from; sector < to; sector++) {
            newest = sectors[sector] < -1 ? Math.max(newest, -2 - sectors[sector]) : newest;
        }
        return newest;
    }
}
