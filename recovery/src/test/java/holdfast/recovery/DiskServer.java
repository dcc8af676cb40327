package holdfast.recovery;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// An image served over NBD by nbdkit, which can be told to fail, and be killed.
final class DiskServer implements AutoCloseable {
    static final String PROGRAM = "/usr/bin/nbdkit";

    private static final Duration START_TIMEOUT = Duration.ofSeconds(10);

    private final Path image;
    private final Path socket;
    private final Path failWhileThisExists;
    private Process process;
    private int starts;

    DiskServer(Path image, Path directory) throws IOException, InterruptedException {
        this.image = image;
        this.socket = directory.resolve("nbd.sock");
        this.failWhileThisExists = directory.resolve("fail");
        this.process = start();
    }

    MachineSpec.Disk disk() {
        return new MachineSpec.Disk(socket, "", "disk-0");
    }

    void failReads() {
        try {
            Files.createFile(failWhileThisExists);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void answerReads() {
        try {
            Files.delete(failWhileThisExists);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void killAndStartAgain(Duration pause) {
        close();
        try {
            Thread.sleep(pause);
            process = start();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    int starts() {
        return starts;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }

    private Process start() throws IOException, InterruptedException {
        starts++;
        Files.deleteIfExists(socket);
        var started =
                new ProcessBuilder(
                                List.of(
                                        PROGRAM,
                                        "--foreground",
                                        "--unix=" + socket,
                                        "--filter=error",
                                        "file",
                                        image.toString(),
                                        "error-pread-rate=100%",
                                        "error-file=" + failWhileThisExists))
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        var deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (true) {
            try (var _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                return started;
            } catch (IOException e) {
                if (!started.isAlive() || System.nanoTime() - deadline > 0) {
                    throw e;
                }
                Thread.sleep(20);
            }
        }
    }
}
