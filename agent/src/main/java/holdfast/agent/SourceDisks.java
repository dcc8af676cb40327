package holdfast.agent;

import holdfast.tracking.DiskDescription;
import holdfast.tracking.Disks;
import holdfast.tracking.TrackedDisk;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// The disks of a machine. Safe for any thread.
public interface SourceDisks {
    /// The disk or image file of this path, links followed.
    ///
    /// @throws TrackerException if there is none, or if it is something else
    TrackedDisk resolve(Path path) throws TrackerException;

    /// All whole disks with a medium, by name.
    List<DiskDescription> list() throws TrackerException;

    /// Opens for reading past every cache; the caller closes it.
    SourceDisk open(TrackedDisk disk) throws IOException;

    /// Those of this machine.
    static SourceDisks local() {
        var disks = Disks.local();
        return new SourceDisks() {
            @Override
            public TrackedDisk resolve(Path path) throws TrackerException {
                return disks.resolve(path);
            }

            @Override
            public List<DiskDescription> list() throws TrackerException {
                return disks.list();
            }

            @Override
            public SourceDisk open(TrackedDisk disk) throws IOException {
                return DirectDisk.open(disk);
            }
        };
    }
}
