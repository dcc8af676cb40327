package holdfast.replication;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.volume.BranchStore;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Damage;
import holdfast.volume.DamagedDataException;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.LinkedBlockingQueue;

/// Branches in memory, and the control plane of whoever follows them. Clients are called `fbc-…`,
/// and all belong to one instance.
final class FakeBranches implements BranchStore, FailbackHost {
    static final String INSTANCE = "i-00000000000000001";

    final LinkedBlockingQueue<Long> reached = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<List<ComparedDisk>> verified = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<AgentReport> reports = new LinkedBlockingQueue<>();
    private final Map<VolumeId, Volume> branches = new HashMap<>();
    private final Map<VolumeId, TreeMap<Long, byte[]>> blocks = new HashMap<>();
    private final TreeMap<Long, Map<VolumeId, TreeMap<Long, byte[]>>> points = new TreeMap<>();
    private final List<Long> damaged = new ArrayList<>();
    private boolean stopped;
    private int openViews;
    private long lastSequence;

    synchronized void branch(String name, long sizeBytes) {
        var id = new VolumeId("br-%017x".formatted(branches.size() + 1));
        branches.put(id, new Volume(id, INSTANCE, name, sizeBytes, Optional.empty()));
        blocks.put(id, new TreeMap<>());
    }

    synchronized void write(String name, long block, byte[] data) {
        blocks.get(named(name).id()).put(block, data.clone());
    }

    synchronized void damage(long block) {
        damaged.add(block);
    }

    /// The instance has ended: the next point is the last.
    synchronized void stopInstance() {
        stopped = true;
    }

    /// Forgets a point, as if it had left the window.
    synchronized void forget(long sequence) {
        points.remove(sequence);
    }

    synchronized int openViews() {
        return openViews;
    }

    private Volume named(String name) {
        return branches.values().stream()
                .filter(branch -> branch.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new RefusalException("unknown-disk", "no disk " + name));
    }

    @Override
    public boolean isClient(String name) {
        return name.startsWith("fbc-");
    }

    @Override
    public synchronized Followed begin(
            String clientId, MachineFacts machine, List<DiskFacts> disks) {
        return new Followed(INSTANCE, disks.stream().map(disk -> named(disk.name())).toList());
    }

    @Override
    public Turn nextPoint(String clientId) {
        return new Turn(branchPoint(INSTANCE), stopped);
    }

    @Override
    public long bytesPerSecondMax(String clientId) {
        return 0;
    }

    @Override
    public void reported(String clientId, AgentReport report) {
        reports.add(report);
    }

    @Override
    public void reached(String clientId, long sequence) {
        reached.add(sequence);
    }

    @Override
    public void verified(String clientId, long sequence, List<ComparedDisk> disks) {
        verified.add(disks);
    }

    @Override
    public void ended(String clientId, Optional<String> error) {}

    @Override
    public synchronized ConsistencyPoint branchPoint(String owner) {
        var sequence = ++lastSequence;
        var copy = new HashMap<VolumeId, TreeMap<Long, byte[]>>();
        blocks.forEach((id, data) -> copy.put(id, new TreeMap<>(data)));
        points.put(sequence, copy);
        return at(owner, sequence);
    }

    private static ConsistencyPoint at(String owner, long sequence) {
        var instant = Instant.ofEpochSecond(1_793_534_400 + sequence);
        return new ConsistencyPoint(owner, sequence, instant, instant, 0, 0, false, false);
    }

    @Override
    public synchronized Optional<ConsistencyPoint> point(String owner, long sequence) {
        return points.containsKey(sequence) ? Optional.of(at(owner, sequence)) : Optional.empty();
    }

    @Override
    public synchronized VolumeView view(VolumeId id, long sequence) {
        openViews++;
        return new View(branches.get(id), sequence, points.get(sequence).get(id));
    }

    @Override
    public List<BlockRun> changes(VolumeView older, VolumeView newer, long fromBlock, int runsMax) {
        var before = ((View) older).data();
        var after = ((View) newer).data();
        var all = new TreeSet<>(before.keySet());
        all.addAll(after.keySet());
        return all.tailSet(fromBlock).stream()
                .filter(block -> before.get(block) != after.get(block))
                .limit(runsMax)
                .map(block -> new BlockRun(block, 1))
                .toList();
    }

    private final class View implements VolumeView {
        private final Volume volume;
        private final long sequence;
        private final TreeMap<Long, byte[]> data;

        View(Volume volume, long sequence, TreeMap<Long, byte[]> data) {
            this.volume = volume;
            this.sequence = sequence;
            this.data = data;
        }

        TreeMap<Long, byte[]> data() {
            return data;
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
            for (var at = offsetBytes; target.hasRemaining(); ) {
                var block = at / Blocks.BLOCK_BYTES;
                synchronized (FakeBranches.this) {
                    if (damaged.contains(block)) {
                        throw new DamagedDataException(
                                new Damage(volume.id().text(), at, 1, "file", 0, "flipped"));
                    }
                }
                var part = Math.min(target.remaining(), Blocks.BLOCK_BYTES);
                target.put(data.getOrDefault(block, new byte[Blocks.BLOCK_BYTES]), 0, part);
                at += part;
            }
        }

        @Override
        public List<Run> allocation(long offsetBytes, long lengthBytes) {
            return List.of(new Run(offsetBytes, lengthBytes, true));
        }

        @Override
        public void close() {
            synchronized (FakeBranches.this) {
                openViews--;
            }
        }
    }
}
