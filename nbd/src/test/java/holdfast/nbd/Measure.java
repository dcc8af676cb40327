package holdfast.nbd;

import holdfast.base.Network;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/// Compares this server with `nbdkit memory`, both holding the same gibibyte in memory, in turns
/// within one run, over Unix sockets: `nbdcopy` to nowhere, and `fio` reading 4 KiB at random with
/// 16 requests in flight. Prints medians and their ratio; on a busy machine only the ratio means
/// something.
final class Measure {
    private static final int ROUNDS = 5;
    private static final int SIZE_MIB = 1024;
    private static final Pattern IOPS = Pattern.compile("read: IOPS=([0-9.]+)(k?)");

    private Measure() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var folder = Files.createTempDirectory("holdfast-nbd-measure");
        var socket = folder.resolve("ours");
        var image = folder.resolve("image");
        var kitSocket = folder.resolve("nbdkit");
        var disk = new MemoryDisk((long) SIZE_MIB << 20);
        var exports = new FakeExports().with("disk", disk::readOnly);
        var ours = "nbd+unix:///disk?socket=" + socket;
        var theirs = "nbd+unix:///?socket=" + kitSocket;
        var kit =
                new ProcessBuilder("nbdkit", "-f", "-U", kitSocket.toString(), "memory", "1G")
                        .inheritIO()
                        .start();
        try (var server =
                new NbdServer(Network.system(), TimeSource.system(), exports, NbdLimits.STANDARD)) {
            server.listen(UnixDomainSocketAddress.of(socket), new Tls.Off());
            fill(disk, image);
            Peer.run("nbdcopy", image.toString(), theirs);
            Files.delete(image);
            copyMibPerSecond(ours); // warm up
            readsPerSecond(folder, ours);
            print("nbdcopy to null:, MiB/s", ours, theirs, Measure::copyMibPerSecond);
            print("fio randread 4k depth 16, IOPS", ours, theirs, u -> readsPerSecond(folder, u));
        } finally {
            kit.destroy();
            kit.waitFor();
            Files.deleteIfExists(image);
            Files.deleteIfExists(kitSocket);
            Files.deleteIfExists(folder);
        }
    }

    private interface Figure {
        double of(String uri) throws IOException, InterruptedException;
    }

    private static void print(String what, String ours, String theirs, Figure figure)
            throws IOException, InterruptedException {
        var mine = new ArrayList<Double>();
        var other = new ArrayList<Double>();
        for (var round = 0; round < ROUNDS; round++) {
            mine.add(figure.of(ours));
            other.add(figure.of(theirs));
        }
        var a = median(mine);
        var b = median(other);
        System.out.printf("%-32s holdfast %7.0f  nbdkit %7.0f  ratio %.2f%n", what, a, b, a / b);
    }

    private static double median(List<Double> figures) {
        return figures.stream().sorted().toList().get(figures.size() / 2);
    }

    private static double copyMibPerSecond(String uri) throws IOException, InterruptedException {
        var start = System.nanoTime();
        Peer.run("nbdcopy", uri, "null:");
        return SIZE_MIB * 1e9 / (System.nanoTime() - start);
    }

    private static double readsPerSecond(Path folder, String uri)
            throws IOException, InterruptedException {
        var output =
                Peer.run(
                        folder,
                        "fio",
                        "--name=read",
                        "--ioengine=nbd",
                        "--uri=" + uri,
                        "--rw=randread",
                        "--bs=4k",
                        "--iodepth=16",
                        "--time_based",
                        "--runtime=3");
        var found = IOPS.matcher(output);
        if (!found.find()) {
            throw new IOException(output);
        }
        return Double.parseDouble(found.group(1)) * (found.group(2).isEmpty() ? 1 : 1000);
    }

    private static void fill(MemoryDisk disk, Path image) throws IOException {
        var random = new SplittableRandom(1);
        var piece = new byte[1 << 20];
        try (var out = Files.newOutputStream(image)) {
            for (var at = 0L; at < SIZE_MIB; at++) {
                random.nextBytes(piece);
                disk.fill(at << 20, piece);
                out.write(piece);
            }
        }
    }
}
