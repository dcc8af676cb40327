package holdfast.control;

import holdfast.replication.DiskFacts;
import holdfast.volume.StagingArea;
import holdfast.volume.VolumeStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// In which storage class servers' replicas are kept, of those that there are. Safe for any thread.
public final class Placement {
    private final VolumeStore store;

    Placement(VolumeStore store) {
        this.store = store;
    }

    /// The storage class of a replica of these disks that is made now.
    String ofNew(ReplicationSettings wanted, List<DiskFacts> disks) {
        var sizes = new LinkedHashMap<String, Long>();
        disks.forEach(disk -> sizes.put(disk.name(), disk.sizeBytes()));
        return wanted.staging().choose(sizes, classes());
    }

    /// The storage class of the staging area that the server's replica is in, or if it has none, of
    /// the one that it would be made in now.
    public String of(ServerView view, ReplicationSettings wanted) {
        var sizes = new LinkedHashMap<String, Long>();
        view.server().disks().forEach(disk -> sizes.put(disk.name(), disk.sizeBytes()));
        return view.storageClass().orElseGet(() -> wanted.staging().choose(sizes, classes()));
    }

    /// Only what is changed has to be possible: classes may have been added since the rest was set.
    ///
    /// @throws holdfast.base.RefusalException if disks of one server are to be in different classes
    void requirePossible(ReplicationSettings before, ReplicationSettings after) {
        if (!after.staging().equals(before.staging())) {
            after.staging().requireOne(classes());
        }
    }

    private Set<String> classes() {
        return store.areas().stream()
                .map(StagingArea::storageClass)
                .collect(Collectors.toUnmodifiableSet());
    }
}
