package holdfast.simulation;

import holdfast.volume.FaultyFilesystem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/// A machine of the simulated world: it has a name in the network, a wall clock and a disk for
/// files of its own.
final class SimHost {
    private final String name;
    final FaultyFilesystem disk;
    final SimFiles.DiskState diskState = new SimFiles.DiskState();
    private Duration clockError = Duration.ZERO;
    private boolean powered = true;

    /// @param files that its disk holds, on stable storage
    /// @param seed of what its disk keeps when the power is cut
    SimHost(String name, Map<Path, byte[]> files, long seed) {
        this.name = name;
        this.disk = FaultyFilesystem.of(files, seed);
    }

    Duration clockError() {
        return clockError;
    }

    /// The wall clock is set; the monotonic clock goes on as it was.
    void setClock(Duration error) {
        clockError = error;
    }

    boolean isPowered() {
        return powered;
    }

    void power(boolean on) {
        powered = on;
    }

    @Override
    public String toString() {
        return name;
    }
}
