package holdfast.agent;

import holdfast.base.Blocks;
import holdfast.base.RefusalException;
import holdfast.base.linux.Errno;
import holdfast.base.linux.LinuxException;
import holdfast.replication.DiskFacts;
import holdfast.tracking.DiskDescription;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/// Looks at the disks that are to be protected, and refuses what cannot be.
///
/// @param disks of this machine
record DiskProbe(SourceDisks disks) {
    /// Nothing that is worth protecting is smaller.
    private static final long SIZE_BYTES_MIN = 1 << 20;

    /// A disk and what the replicator is told of it.
    record Probed(TrackedDisk tracked, DiskFacts facts) {}

    /// In the order given.
    ///
    /// @throws RefusalException naming the disk and what to do
    List<Probed> probe(List<Path> paths) throws IOException {
        if (paths.isEmpty() || paths.size() > ReplicaMemo.DISKS_MAX) {
            throw new RefusalException(
                    "bad-disks",
                    paths.size() + " disks given; an agent protects 1 to " + ReplicaMemo.DISKS_MAX);
        }
        var described = disks.list();
        var probed = new ArrayList<Probed>();
        var named = new HashMap<Path, Path>();
        for (var path : paths) {
            var disk = resolve(path);
            var other = named.put(disk.path(), path);
            if (other != null) {
                throw new RefusalException(
                        "same-disk", other + " and " + path + " are the same disk: name it once");
            }
            check(path, disk);
            probed.add(new Probed(disk, facts(path, disk, described)));
        }
        return probed;
    }

    private TrackedDisk resolve(Path path) {
        try {
            return disks.resolve(path);
        } catch (TrackerException e) {
            throw new RefusalException("bad-disk", String.valueOf(e.getMessage()));
        }
    }

    private void check(Path path, TrackedDisk disk) throws IOException {
        var size = disk.sizeBytes();
        if (size < SIZE_BYTES_MIN || size % Blocks.SECTOR_BYTES != 0) {
            throw new RefusalException(
                    "disk-size",
                    path
                            + " has "
                            + size
                            + " bytes; what is protected has 1 MiB or more, in sectors of 512"
                            + " bytes");
        }
        try (var open = disks.open(disk)) {
            open.read(0, 1, new byte[Blocks.BLOCK_BYTES]);
        } catch (LinuxException e) {
            if (e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
                throw new RefusalException(
                        "no-root", e.getMessage() + ": the agent must run as root to read disks");
            }
            throw new RefusalException("unreadable-disk", String.valueOf(e.getMessage()));
        }
    }

    /// The name is the path as it was given, since one such as `/dev/disk/by-id/...` means the same
    /// disk after the next boot, and `/dev/sda` perhaps another.
    private static DiskFacts facts(Path path, TrackedDisk disk, List<DiskDescription> described) {
        var known =
                described.stream()
                        .filter(one ->
                                disk.blockDevice()
                                        && one.disk().major() == disk.major()
                                        && one.disk().minor() == disk.minor())
                        .findFirst();
        return new DiskFacts(
                path.toAbsolutePath().normalize().toString(),
                disk.sizeBytes(),
                known.map(DiskDescription::model).orElse(""),
                known.map(DiskDescription::serial).orElse(""));
    }
}
