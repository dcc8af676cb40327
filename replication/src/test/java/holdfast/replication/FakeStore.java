package holdfast.replication;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.format.DamagedExtentException;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.Damage;
import holdfast.volume.DamagedDataException;
import holdfast.volume.NewPoint;
import holdfast.volume.ReplicaStore;
import holdfast.volume.StoreStatus;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/// A staging area in memory. Becomes durable when told to, is full when told to.
final class FakeStore implements ReplicaStore {
    private final Map<VolumeId, Volume> volumes = new HashMap<>();
    private final Map<VolumeId, Map<Long, byte[]>> blocks = new HashMap<>();
    private final Map<VolumeId, Set<Long>> damaged = new HashMap<>();
    private final Map<String, ConsistencyPoint> newest = new HashMap<>();
    private final ArrayDeque<Held> held = new ArrayDeque<>();
    private final ArrayDeque<String> appends = new ArrayDeque<>();
    private long sequence;
    private long heldBytes;
    private boolean holding;
    private boolean hiding;
    private final Set<String> full = new HashSet<>();

    private record Held(int bytes, Runnable complete) {}

    /// From now on nothing becomes durable by itself.
    synchronized void hold() {
        holding = true;
    }

    /// From now on reading shows only what is durable.
    synchronized void hideUntilDurable() {
        hiding = true;
    }

    /// Makes the oldest that was taken durable.
    synchronized void completeOldest() {
        var oldest = held.remove();
        heldBytes -= oldest.bytes();
        oldest.complete().run();
    }

    /// Makes the newest that was taken durable, out of order.
    synchronized void completeNewest() {
        var last = held.removeLast();
        heldBytes -= last.bytes();
        last.complete().run();
    }

    synchronized void completeAll() {
        holding = false;
        while (!held.isEmpty()) {
            completeOldest();
        }
    }

    /// Payload bytes that were taken and are not durable.
    synchronized long heldBytes() {
        return heldBytes;
    }

    synchronized int heldCount() {
        return held.size();
    }

    synchronized void awaitHeld(int count) throws InterruptedException {
        while (held.size() < count) {
            wait();
        }
    }

    /// From now on appending to the owner's volumes blocks, and the condition says why.
    synchronized void fill(String owner) {
        full.add(owner);
    }

    /// There is room for all.
    synchronized void room() {
        full.clear();
        notifyAll();
    }

    synchronized void damage(VolumeId id, long block) {
        damaged.get(id).add(block);
    }

    /// Owners of what was appended, in order.
    synchronized List<String> appends() {
        return List.copyOf(appends);
    }

    synchronized byte[] block(VolumeId id, long block) {
        return blocks.get(id).getOrDefault(block, new byte[Blocks.BLOCK_BYTES]).clone();
    }

    @Override
    public String identity(String owner) {
        return "store-of-" + owner;
    }

    synchronized Volume create(String owner, String name, long sizeBytes) {
        var id = new VolumeId("vol-%017x".formatted(volumes.size() + 1));
        var volume = new Volume(id, owner, name, sizeBytes, Optional.empty());
        volumes.put(id, volume);
        blocks.put(id, new HashMap<>());
        damaged.put(id, new HashSet<>());
        return volume;
    }

    synchronized List<Volume> volumes() {
        return List.copyOf(volumes.values());
    }

    @Override
    public synchronized CompletableFuture<Long> append(VolumeId id, List<PackedExtent> extents)
            throws InterruptedException {
        if (!volumes.containsKey(id)) {
            throw new RefusalException("unknown-volume", "no volume " + id);
        }
        while (full.contains(volumes.get(id).owner())) {
            wait();
        }
        appends.add(volumes.get(id).owner());
        var bytes = extents.stream().mapToInt(extent -> extent.payload().length).sum();
        Runnable write = () -> extents.forEach(extent -> write(id, extent));
        if (!hiding) {
            write.run();
        }
        sequence += extents.size();
        return durable(bytes, hiding ? write : () -> {}, sequence);
    }

    @Override
    public void mend(String owner) {
        // what is here is never damaged
    }

    @Override
    public synchronized CompletableFuture<ConsistencyPoint> appendPoint(NewPoint point) {
        var made =
                new ConsistencyPoint(
                        point.owner(),
                        ++sequence,
                        point.instant(),
                        point.instant(),
                        point.ageMillis(),
                        point.round(),
                        point.frozen(),
                        false);
        return durable(0, () -> {}, made).whenComplete((_, _) -> newest.put(point.owner(), made));
    }

    @Override
    public synchronized Optional<ConsistencyPoint> newestPoint(String owner) {
        return Optional.ofNullable(newest.get(owner));
    }

    @Override
    public synchronized VolumeView head(VolumeId id) {
        return new View(volumes.get(id), sequence);
    }

    @Override
    public synchronized StoreStatus.Condition condition(String owner) {
        return full.contains(owner)
                ? new StoreStatus.Condition(StoreStatus.State.FULL, "0 bytes left")
                : new StoreStatus.Condition(StoreStatus.State.WRITING, "");
    }

    /// @param first what is done before the future completes
    private <T> CompletableFuture<T> durable(int bytes, Runnable first, T value) {
        var future = new CompletableFuture<T>();
        Runnable complete =
                () -> {
                    first.run();
                    future.complete(value);
                };
        if (holding) {
            held.add(new Held(bytes, complete));
            heldBytes += bytes;
            notifyAll();
        } else {
            complete.run();
        }
        return future;
    }

    private void write(VolumeId id, PackedExtent extent) {
        var data = new byte[extent.unpackedBytes()];
        try {
            new ExtentPacker().unpack(extent, data, 0);
        } catch (DamagedExtentException e) {
            throw new IllegalStateException(e);
        }
        for (var i = 0; i < extent.blockCount(); i++) {
            var block = new byte[Blocks.BLOCK_BYTES];
            System.arraycopy(data, i * Blocks.BLOCK_BYTES, block, 0, block.length);
            blocks.get(id).put(extent.firstBlock() + i, block);
            damaged.get(id).remove(extent.firstBlock() + i);
        }
    }

    private final class View implements VolumeView {
        private final Volume volume;
        private final long atSequence;

        View(Volume volume, long atSequence) {
            this.volume = volume;
            this.atSequence = atSequence;
        }

        @Override
        public Volume volume() {
            return volume;
        }

        @Override
        public long sequence() {
            return atSequence;
        }

        @Override
        public void read(ByteBuffer target, long offsetBytes) throws IOException {
            if (offsetBytes + target.remaining() > volume.sizeBytes()) {
                throw new IndexOutOfBoundsException("past the end");
            }
            for (var at = offsetBytes; target.hasRemaining(); ) {
                var block = at / Blocks.BLOCK_BYTES;
                synchronized (FakeStore.this) {
                    if (damaged.get(volume.id()).contains(block)) {
                        throw new DamagedDataException(
                                new Damage(volume.id().text(), at, 1, "file", 0, "flipped"));
                    }
                }
                var part = Math.min(target.remaining(), Blocks.BLOCK_BYTES);
                target.put(block(volume.id(), block), 0, part);
                at += part;
            }
        }

        @Override
        public List<Run> allocation(long offsetBytes, long lengthBytes) {
            synchronized (FakeStore.this) {
                var runs = new ArrayList<Run>();
                runs.add(new Run(offsetBytes, lengthBytes, !blocks.get(volume.id()).isEmpty()));
                return runs;
            }
        }

        @Override
        public void close() {}
    }
}
