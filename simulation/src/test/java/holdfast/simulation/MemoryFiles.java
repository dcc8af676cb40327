package holdfast.simulation;

import holdfast.base.Filesystem;
import holdfast.volume.FaultyFilesystem;

/// Files that nothing happens to.
public final class MemoryFiles {
    private MemoryFiles() {}

    public static Filesystem empty() {
        return new FaultyFilesystem(1).mount();
    }
}
