package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.replication.DiskFacts;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The volumes that servers' disks are replicated into, by owner and the disk's name. Safe for any
/// thread, for one server from one thread at a time.
final class ServerVolumes {
    private final VolumeStore store;
    private final Placement placement;

    ServerVolumes(VolumeStore store) {
        this.store = store;
        this.placement = new Placement(store);
    }

    /// The volumes of disks that are about to be replicated, in their order: those that there are,
    /// grown where the disk has, and new ones.
    ///
    /// @throws RefusalException if a disk is smaller than its volume
    List<Volume> prepare(String serverId, List<DiskFacts> disks, ReplicationSettings wanted)
            throws IOException {
        var storageClass = placement.ofNew(wanted, disks);
        var volumes = new ArrayList<Volume>();
        for (var disk : disks) {
            volumes.add(volumeFor(serverId, disk, storageClass));
        }
        keepPoints(serverId, wanted.policy());
        return volumes;
    }

    /// Lets new settings act, if the server has volumes.
    void apply(String serverId, ReplicationSettings changed) throws IOException {
        if (!ownedBy(serverId).isEmpty()) {
            keepPoints(serverId, changed.policy());
        }
    }

    private void keepPoints(String serverId, SnapshotPolicy policy) throws IOException {
        if (!store.snapshotPolicy(serverId).equals(policy)) {
            store.snapshotPolicy(serverId, policy);
        }
    }

    private List<Volume> ownedBy(String owner) {
        return store.volumes().stream().filter(volume -> volume.owner().equals(owner)).toList();
    }

    /// The volume is found by owner and name, so that one made just before a crash is not made
    /// twice.
    private Volume volumeFor(String serverId, DiskFacts disk, String storageClass)
            throws IOException {
        for (var volume : ownedBy(serverId)) {
            if (!volume.name().equals(disk.name())) {
                continue;
            }
            if (disk.sizeBytes() < volume.sizeBytes()) {
                throw new RefusalException(
                        "disk-shrank",
                        String.format(
                                Locale.ROOT,
                                "disk %s has %d bytes and had %d: a volume does not shrink;"
                                        + " disconnect the server and enrol it again",
                                disk.name(),
                                disk.sizeBytes(),
                                volume.sizeBytes()));
            }
            return disk.sizeBytes() > volume.sizeBytes()
                    ? store.grow(volume.id(), disk.sizeBytes())
                    : volume;
        }
        return store.create(serverId, disk.name(), disk.sizeBytes(), storageClass);
    }

    /// What is known of a server's disks when a session has begun. Disks that it does not name are
    /// kept: their replicas are.
    static List<SourceServer.Disk> merged(
            List<SourceServer.Disk> before, List<DiskFacts> facts, List<Volume> volumes) {
        var disks = new ArrayList<SourceServer.Disk>();
        for (var i = 0; i < facts.size(); i++) {
            var disk = facts.get(i);
            disks.add(
                    new SourceServer.Disk(
                            disk.name(),
                            volumes.get(i).id().text(),
                            disk.sizeBytes(),
                            disk.model(),
                            disk.serial()));
        }
        for (var disk : before) {
            if (disks.stream().noneMatch(newer -> newer.name().equals(disk.name()))) {
                disks.add(disk);
            }
        }
        return disks;
    }
}
