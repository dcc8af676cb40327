package holdfast.agent;

import holdfast.tracking.TrackedDisk;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// Holds back all writes to the mounted file systems of the protected disks for a moment: the last
/// resort where writers never leave time for a round without conflicts.
@FunctionalInterface
public interface Freezer {
    /// Finds the file systems and writes out what they hold in memory, so that a round can drain it
    /// before the freeze.
    ///
    /// @param budget after which writes go on, whether thawed or not
    /// @throws IOException if there is nothing to freeze, or it must not be
    Prepared prepare(List<TrackedDisk> disks, Duration budget) throws IOException;

    /// File systems that are ready to be frozen. Whoever asked closes it, after the thaw.
    interface Prepared extends AutoCloseable {
        /// @throws IOException if a file system cannot be frozen; none is frozen then
        Frozen freeze() throws IOException;

        @Override
        void close();
    }

    /// A freeze under way. Closing thaws; closing again does nothing.
    interface Frozen extends AutoCloseable {
        @Override
        void close();
    }
}
