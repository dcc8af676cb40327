package holdfast.volume;

import holdfast.base.Blocks;
import holdfast.base.RandomSource;
import holdfast.format.Compression;
import holdfast.format.ExtentPacker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/// A store of a few KiB that has everything a store can have: replicas of two owners, branches with
/// and without a root in a checkpoint, sealed and merged segments and, after a power cut, an open
/// one, checkpoints, map files, a snapshot. Knows what every point of every volume reads as.
final class DamageableStore {
    static final int BLOCKS = 24;
    private static final SnapshotPolicy DAILY =
            new SnapshotPolicy(
                    List.of(new SnapshotPolicy.Rule(Duration.ofMinutes(10), Duration.ofDays(7))));

    final StoreSettings settings =
            new StoreSettings(
                    Duration.ofHours(1), Optional.empty(), 4096, 0, 1 << 20, 0, 0, 64 << 20);
    final ManualTime time = new ManualTime();

    /// What every point reads as: by sequence and volume.
    final Map<Long, Map<VolumeId, long[]>> points = new LinkedHashMap<>();

    final Map<Long, String> owners = new LinkedHashMap<>();

    /// What the volumes read as now.
    final Map<VolumeId, long[]> heads = new LinkedHashMap<>();

    /// What they read as without the last write before the power was cut.
    final Map<VolumeId, long[]> headsBeforeLast = new LinkedHashMap<>();

    /// The replica that a branch came from; of a replica itself.
    final Map<VolumeId, VolumeId> families = new LinkedHashMap<>();

    private final FaultyFilesystem files;
    private final SplittableRandom random;
    private final ExtentPacker packer = new ExtentPacker();
    private long version;

    DamageableStore(long seed) {
        random = new SplittableRandom(seed);
        files = new FaultyFilesystem(seed);
    }

    VolumeStore open(FaultyFilesystem on) throws IOException {
        RandomSource source =
                bytes -> {
                    synchronized (random) {
                        random.nextBytes(bytes);
                    }
                };
        return VolumeStores.open(settings, on.mount(), TestStore.DIRECTORY, time, source);
    }

    /// What is stored after a life in order, and one that ended so.
    Map<Path, byte[]> build(boolean powerCut) throws Exception {
        var store = open(files);
        var ids = List.of(create(store, "s-0"), create(store, "s-0"), create(store, "s-1"));
        store.snapshotPolicy("s-0", DAILY);
        for (var hour = 0; hour < 4; hour++) {
            for (var i = 0; i < 3; i++) {
                for (var id : ids) {
                    write(store, id, random.nextInt(BLOCKS - 4), 1 + random.nextInt(4));
                }
                clear(store, ids.get(i), random.nextInt(BLOCKS - 2), 2);
                time.advance(Duration.ofMinutes(20));
                point(store, "s-" + i % 2);
            }
            if (hour == 0) {
                branch(store, ids.getFirst());
                fillSegmentsOfWhichLittleLasts(store, ids.get(1));
            }
            if (hour != 2) {
                store.reclaim();
            }
        }
        forgetLostPoints(store);
        writeToBranches(store);
        for (var id : ids) {
            write(store, id, random.nextInt(BLOCKS - 4), 4);
        }
        var last = point(store, "s-0");
        point(store, "s-1");
        branch(store, ids.getFirst(), last);
        writeToBranches(store);
        if (powerCut) {
            heads.forEach((id, versions) -> headsBeforeLast.put(id, versions.clone()));
            write(store, ids.getLast(), 0, 1);
            files.crash();
            abandon(store);
        } else {
            store.close();
        }
        return files.contents();
    }

    /// Neighbours that become one.
    private void fillSegmentsOfWhichLittleLasts(VolumeStore store, VolumeId id) throws Exception {
        for (var i = 0; i < 64; i++) {
            write(store, id, i % 12 == 0 ? i / 12 : BLOCKS - 1, 1);
        }
    }

    private VolumeId create(VolumeStore store, String owner) throws IOException {
        var id = store.create(owner, "disk-" + heads.size(), BLOCKS * 4096L).id();
        heads.put(id, new long[BLOCKS]);
        families.put(id, id);
        return id;
    }

    private void write(VolumeStore store, VolumeId id, int first, int count) throws Exception {
        append(store, id, first, count, ++version);
        Arrays.fill(heads.get(id), first, first + count, version);
    }

    /// Stores and waits, without a note of it.
    void append(VolumeStore store, VolumeId id, int first, int count, long as) throws Exception {
        var data = ByteBuffer.allocate(count * Blocks.BLOCK_BYTES);
        for (var i = 0; i < count; i++) {
            data.put(block(families.get(id), first + i, as));
        }
        var extent = packer.pack(first, data.array(), 0, count, Compression.LZ4);
        store.append(id, List.of(extent)).get();
    }

    private void clear(VolumeStore store, VolumeId id, int first, int count) throws Exception {
        append(store, id, first, count, 0);
        Arrays.fill(heads.get(id), first, first + count, 0);
    }

    private long point(VolumeStore store, String owner) throws Exception {
        var made = store.appendPoint(new NewPoint(owner, time.now(), 0, version, false)).get();
        var volumes = new LinkedHashMap<VolumeId, long[]>();
        for (var volume : store.volumes()) {
            if (volume.owner().equals(owner)) {
                volumes.put(volume.id(), heads.get(volume.id()).clone());
            }
        }
        points.put(made.sequence(), volumes);
        owners.put(made.sequence(), owner);
        return made.sequence();
    }

    private void branch(VolumeStore store, VolumeId parent) throws IOException {
        branch(store, parent, store.newestPoint("s-0").orElseThrow().sequence());
    }

    private void branch(VolumeStore store, VolumeId parent, long sequence) throws IOException {
        var branch = store.branch(parent, sequence, "i-" + heads.size(), "disk").id();
        heads.put(branch, points.get(sequence).get(parent).clone());
        families.put(branch, parent);
    }

    private void writeToBranches(VolumeStore store) throws IOException {
        for (var volume : store.volumes()) {
            if (volume.origin().isPresent()) {
                var block = random.nextInt(BLOCKS);
                try (var branch = store.openBranch(volume.id())) {
                    var data = block(families.get(volume.id()), block, ++version);
                    branch.write(ByteBuffer.wrap(data), block * 4096L, true);
                }
                heads.get(volume.id())[block] = version;
            }
        }
    }

    /// Points that left the window and were not kept are not to be expected any more.
    private void forgetLostPoints(VolumeStore store) throws IOException {
        for (var sequence : List.copyOf(points.keySet())) {
            if (store.point(owners.get(sequence), sequence).isEmpty()) {
                points.remove(sequence);
                owners.remove(sequence);
            }
        }
    }

    /// A block that compresses well and says what it is; version 0 is all zeros.
    private static byte[] block(VolumeId family, long block, long version) {
        var data = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
        var word = version == 0 ? 0 : new SplittableRandom(version * 31 + block).nextLong();
        while (version != 0 && data.hasRemaining()) {
            data.putLong(word ^ family.hashCode());
        }
        return data.array();
    }

    /// What a volume with these versions of its blocks reads as.
    ByteBuffer expected(VolumeId id, long[] versions) {
        var data = ByteBuffer.allocate(versions.length * Blocks.BLOCK_BYTES);
        for (var i = 0; i < versions.length; i++) {
            data.put(block(families.get(id), i, versions[i]));
        }
        return data.flip();
    }

    /// A store whose disk is gone cannot be closed in order; its threads end all the same.
    static void abandon(VolumeStore store) {
        try {
            store.close();
        } catch (IOException | IllegalStateException _) {
            // the power was cut
        }
    }
}
