package holdfast.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Processes;
import holdfast.base.TimeSource;
import holdfast.tracking.device.LoopDevice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a real ext4 with a second one inside a file on it. The test's JVM must not map anything
/// there, which it does not.
class FreezeGuardTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir Path directory;

    private final List<AutoCloseable> closing = new ArrayList<>();
    private final List<Process> watchdogs = new ArrayList<>();
    private final Processes processes =
            new Processes() {
                @Override
                public Process start(ProcessBuilder builder) throws IOException {
                    watchdogs.add(builder.start());
                    return watchdogs.getLast();
                }

                @Override
                public Optional<ProcessHandle> find(long pid) {
                    return ProcessHandle.of(pid);
                }
            };
    private LoopDevice disk;
    private Path outer;
    private Path inner;

    @BeforeEach
    void mount() throws Exception {
        disk = LoopDevice.attach(64 << 20);
        closing.add(disk);
        outer = mount(disk.path(), "outer one"); // a blank, which mountinfo escapes
        var file = outer.resolve("inner.img");
        LoopDevice.run("truncate", "-s", "16M", file.toString());
        var loop = Path.of(LoopDevice.run("losetup", "-f", "--show", file.toString()));
        closing.add(() -> LoopDevice.run("losetup", "-d", loop.toString()));
        inner = mount(loop, "inner");
    }

    @AfterEach
    void unmount() throws Exception {
        if (outer != null) { // whatever has failed, nothing may hang on a frozen file system
            new ProcessBuilder("fsfreeze", "-u", outer.toString()).start().waitFor();
        }
        for (var closeable : closing.reversed()) {
            closeable.close();
        }
    }

    @Test
    void writersWaitFromTheFreezeToTheThaw() throws Exception {
        try (var guard = open(LONG)) {
            assertThat(guard.mountPoints()).containsExactly(inner.toString(), outer.toString());
            guard.sync();
            var frozen = guard.freeze();
            var write = write(outer);
            var innerWrite = write(inner);
            try {
                assertThat(frozen.remaining()).isPositive();
                assertThatThrownBy(() -> write.get(300, TimeUnit.MILLISECONDS))
                        .isInstanceOf(TimeoutException.class);
                assertThat(innerWrite).isNotDone();
            } finally {
                frozen.close();
            }
            assertThat(frozen.heldToTheEnd()).isTrue();
            write.get(2, TimeUnit.MINUTES);
            innerWrite.get(2, TimeUnit.MINUTES);
            assertThat(watchdogs.getFirst().isAlive()).isFalse();
        }
    }

    @Test
    void theBudgetEndsTheFreeze() throws Exception {
        var budget = Duration.ofMillis(1500);
        while (!theBudgetEndsTheFreeze(budget)) { // the disk was slower than that
            budget = budget.multipliedBy(4);
        }
    }

    /// @return false if the budget was too small to freeze at all
    private boolean theBudgetEndsTheFreeze(Duration budget) throws Exception {
        try (var guard = open(budget)) {
            guard.sync();
            FreezeGuard.Frozen frozen;
            try {
                frozen = guard.freeze();
            } catch (TrackerException e) {
                assertThat(e).hasMessageContaining("took longer than the whole budget");
                assertThat(budget).isLessThan(LONG);
                return false;
            }
            write(outer).get(2, TimeUnit.MINUTES); // no one closes it
            assertThat(watchdogs.getLast().waitFor(2, TimeUnit.MINUTES)).isTrue();
            frozen.close();
            assertThat(frozen.heldToTheEnd()).isFalse();
            return true;
        }
    }

    @Test
    void theAgentsDeathEndsTheFreezeAtOnce() throws Exception {
        try (var guard = open(Duration.ofMinutes(10))) {
            guard.sync();
            var frozen = guard.freeze();
            watchdogs.getFirst().getOutputStream().close(); // all that a dead process leaves
            write(outer).get(2, TimeUnit.MINUTES);
            frozen.close();
        }
    }

    @Test
    void aFreezeByAnotherProgramIsLeftAlone() throws Exception {
        LoopDevice.run("fsfreeze", "-f", inner.toString());
        try (var guard = open(LONG)) {
            assertThatThrownBy(guard::freeze)
                    .hasMessage("%s is frozen already, by another program", inner);
            write(outer).get(2, TimeUnit.MINUTES);
        } finally {
            LoopDevice.run("fsfreeze", "-u", inner.toString()); // fails if we had thawed it
        }
    }

    @Test
    void aFreezeThatWouldStopThisProcessIsRefused() throws Exception {
        var file = Files.write(outer.resolve("mapped"), new byte[4096]);
        try (var arena = Arena.ofConfined();
                var channel =
                        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            var mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4096, arena);
            assertThat(mapped.byteSize()).isEqualTo(4096);
            assertThatThrownBy(() -> open(LONG))
                    .hasMessageContaining("cannot freeze " + outer)
                    .hasMessageContaining("-XX:+PerfDisableSharedMem");
        }
    }

    @Test
    void aDiskWithoutFileSystemsCannotBeFrozen() throws Exception {
        try (var bare = LoopDevice.attach(16 << 20)) {
            assertThatThrownBy(() ->
                            FreezeGuard.open(
                                    List.of(bare.disk()), LONG, processes, TimeSource.system()))
                    .hasMessage("no mounted file system lies on the tracked disks");
        }
    }

    private FreezeGuard open(Duration budget) throws IOException {
        return FreezeGuard.open(List.of(disk.disk()), budget, processes, TimeSource.system());
    }

    private Path mount(Path device, String name) throws IOException {
        LoopDevice.run("mkfs.ext4", "-q", "-F", device.toString());
        var mountPoint = Files.createDirectory(directory.resolve(name)).toRealPath();
        LoopDevice.run("mount", device.toString(), mountPoint.toString());
        closing.add(() -> LoopDevice.run("umount", mountPoint.toString()));
        return mountPoint;
    }

    private static CompletableFuture<Path> write(Path filesystem) {
        var done = new CompletableFuture<Path>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        done.complete(Files.write(filesystem.resolve("file"), new byte[100]));
                    } catch (IOException e) {
                        done.completeExceptionally(e);
                    }
                });
        return done;
    }
}
