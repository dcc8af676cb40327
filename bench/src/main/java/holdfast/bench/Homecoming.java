package holdfast.bench;

import holdfast.demo.LoopDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// What everybody has to do in one turn of [FailbackBenchmark]: a disk that holds the original is
/// to become what has changed since, a hundredth of its blocks.
///
/// @param original image of what the disk holds before
/// @param changed image of what it is to become
/// @param writes commands of `qemu-io` that make the one from the other
record Homecoming(Path original, Path changed, List<String> writes) {
    private static final int WRITE_BYTES = 16 << 10;
    private static final int SHARE = 100;

    /// What one of those who do it needed.
    ///
    /// @param timed until the disk is what it is to become, durably
    /// @param movedBytes between the machines
    record Moved(Timed timed, long movedBytes) {
        @Override
        public String toString() {
            return timed + ", " + (movedBytes >> 10) + " KiB moved";
        }
    }

    /// One way of doing it.
    @FunctionalInterface
    interface Way {
        /// @param device the disk
        Moved go(Workspace workspace, Homecoming what, Path device)
                throws IOException, InterruptedException;
    }

    /// Changes at places that the number says, in bytes that do not compress.
    static Homecoming make(Workspace workspace, Path original, long sizeBytes, int number)
            throws IOException, InterruptedException {
        var changed = workspace.path("changed.img");
        copy(workspace, original, changed);
        var random = new SplittableRandom(number);
        var folder = workspace.folder("changes");
        var writes = new ArrayList<String>();
        var bytes = new byte[WRITE_BYTES];
        var count = Math.max(1, sizeBytes / SHARE / WRITE_BYTES);
        try (var file = new RandomAccessFile(changed.toFile(), "rw")) {
            for (var i = 0; i < count; i++) {
                random.nextBytes(bytes);
                var data = Files.write(folder.resolve("write-" + i), bytes);
                var offset = random.nextLong(sizeBytes / WRITE_BYTES) * WRITE_BYTES;
                file.seek(offset);
                file.write(bytes);
                writes.add("write -s " + data + " " + offset + " " + WRITE_BYTES);
            }
        }
        return new Homecoming(original, changed, List.copyOf(writes));
    }

    /// Has it done once on a disk of its own, and looks at what came of it.
    Moved done(Workspace workspace, Way way) throws IOException, InterruptedException {
        var target = workspace.path("home.img");
        copy(workspace, original, target);
        try (var loop = LoopDevice.attach(workspace.commands, target)) {
            for (var file : List.of(target, changed)) {
                workspace.evict(file);
            }
            var moved = way.go(workspace, this, loop.device());
            workspace.commands.output("cmp", changed.toString(), loop.device().toString());
            return moved;
        } finally {
            Files.delete(target);
        }
    }

    private static void copy(Workspace workspace, Path from, Path to)
            throws IOException, InterruptedException {
        workspace.commands.output("cp", "--sparse=always", from.toString(), to.toString());
    }
}
