package holdfast.bench;

import holdfast.demo.LoopDevice;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// The first copy of a disk: from starting the agent until its first consistency point is durable,
/// against programs that copy the same image on the same machine.
final class CopyBenchmark implements Benchmark {
    private static final double MEGABYTE = 1e6;

    @Override
    public String name() {
        return "copy";
    }

    @FunctionalInterface
    private interface Copier {
        Timed copy(Workspace workspace, SampleDisk disk, Path target)
                throws IOException, InterruptedException;
    }

    private record Peer(String name, Copier copier, List<Timed> figures) {
        Peer(String name, Copier copier) {
            this(name, copier, new ArrayList<>());
        }

        void measure(Workspace workspace, SampleDisk disk)
                throws IOException, InterruptedException {
            var target = workspace.path("copy.raw");
            workspace.evict(disk.image());
            var timed = copier.copy(workspace, disk, target);
            workspace.say("copy: " + name + " " + timed);
            workspace.commands.output("cmp", disk.image().toString(), target.toString());
            Files.delete(target);
            figures.add(timed);
        }
    }

    @Override
    public List<Row> run(Workspace workspace, Scale scale)
            throws IOException, InterruptedException {
        var disk =
                SampleDisk.make(workspace, workspace.path("copied.img"), scale.copiedMebibytes());
        workspace.say(
                "copy: a disk of "
                        + (disk.sizeBytes() >> 20)
                        + " MiB holds "
                        + (disk.contentBytes() >> 20)
                        + " MiB of files");
        var peers =
                List.of(
                        new Peer("nbdkit, nbdcopy", CopyBenchmark::nbdcopy),
                        new Peer("qemu-img convert", CopyBenchmark::qemuImg),
                        new Peer("rsync --inplace", CopyBenchmark::rsync));
        var ours = new ArrayList<Timed>();
        for (var i = 0; i < scale.copies(); i++) {
            // there and back again: a load that grows or wanes favours nobody
            if (i % 2 == 0) {
                ours.add(holdfast(workspace, disk, i == 0));
            }
            for (var peer : i % 2 == 0 ? peers : peers.reversed()) {
                peer.measure(workspace, disk);
            }
            if (i % 2 != 0) {
                ours.add(holdfast(workspace, disk, false));
            }
        }
        Files.delete(disk.image());
        return rows(disk, ours, peers);
    }

    /// @param check hold the replica against the disk afterwards
    private static Timed holdfast(Workspace workspace, SampleDisk disk, boolean check)
            throws IOException, InterruptedException {
        try (var loop = LoopDevice.attach(workspace.commands, disk.image())) {
            try (var protection = Protection.start(workspace, "server")) {
                var options = protection.agentOptions(loop.device());
                workspace.evict(disk.image());
                var cpuBefore = Timed.cpuSeconds(protection.server());
                var begun = workspace.time.now();
                protection.startAgent(options);
                var point = protection.firstPoint();
                var durableAt = Instant.parse(point.required("durableAt").asString());
                var cpu =
                        Timed.cpuSeconds(protection.server())
                                - cpuBefore
                                + Timed.cpuSeconds(protection.agent());
                var seconds = Duration.between(begun, durableAt).toMillis() / 1e3;
                var timed = new Timed(seconds, cpu);
                workspace.say("copy: holdfast " + timed);
                if (check) {
                    check(workspace, protection, loop.device(), disk);
                }
                return timed;
            }
        }
    }

    private static void check(
            Workspace workspace, Protection protection, Path device, SampleDisk disk)
            throws IOException, InterruptedException {
        var target = workspace.path("replica.raw");
        var installation = protection.installation();
        installation.export(device, installation.point(workspace.time.now()), target);
        workspace.commands.output("cmp", disk.image().toString(), target.toString());
        Files.delete(target);
    }

    private static Timed nbdcopy(Workspace workspace, SampleDisk disk, Path target)
            throws IOException, InterruptedException {
        int port;
        try (var listener =
                workspace.network.listen(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            port = ((InetSocketAddress) listener.address()).getPort();
        }
        var image = disk.image().toString();
        var server =
                workspace.processes.start(
                        new ProcessBuilder(
                                        "nbdkit",
                                        "--foreground",
                                        "--ipaddr=127.0.0.1",
                                        "--port=" + port,
                                        "--readonly",
                                        "file",
                                        image)
                                .inheritIO());
        try {
            var uri = "nbd://127.0.0.1:" + port;
            while (workspace.commands.run(List.of("nbdinfo", "--size", uri)).status() != 0) {
                if (!server.isAlive()) {
                    throw new IOException("nbdkit ended with " + server.exitValue());
                }
                workspace.time.sleep(Duration.ofMillis(20));
            }
            var command = List.of("nbdcopy", uri, target.toString());
            return Timed.run(workspace, target, command).plusCpu(Timed.cpuSeconds(server));
        } finally {
            server.destroy();
            server.waitFor();
        }
    }

    private static Timed qemuImg(Workspace workspace, SampleDisk disk, Path target)
            throws IOException, InterruptedException {
        return Timed.run(
                workspace,
                target,
                List.of(
                        "qemu-img",
                        "convert",
                        "-f",
                        "raw",
                        "-O",
                        "raw",
                        disk.image().toString(),
                        target.toString()));
    }

    private static Timed rsync(Workspace workspace, SampleDisk disk, Path target)
            throws IOException, InterruptedException {
        return Timed.run(
                workspace,
                target,
                List.of("rsync", "--inplace", disk.image().toString(), target.toString()));
    }

    private List<Row> rows(SampleDisk disk, List<Timed> ours, List<Peer> peers) {
        var rows = new ArrayList<Row>();
        for (var peer : peers) {
            var theirs = peer.figures();
            var lines =
                    List.of(
                            compared(
                                    "seconds",
                                    Row.Better.LESS,
                                    seconds(ours),
                                    peer,
                                    seconds(theirs)),
                            compared(
                                    "MB/s of files",
                                    Row.Better.MORE,
                                    rate(disk, ours),
                                    peer,
                                    rate(disk, theirs)),
                            compared("CPU seconds", Row.Better.LESS, cpu(ours), peer, cpu(theirs)));
            rows.addAll(lines);
        }
        return rows;
    }

    private Row compared(
            String measure, Row.Better better, Samples ours, Peer peer, Samples theirs) {
        return Row.compared(name(), measure, better, ours, peer.name(), theirs);
    }

    private static Samples seconds(List<Timed> figures) {
        return new Samples(figures.stream().map(Timed::seconds).toList());
    }

    private static Samples rate(SampleDisk disk, List<Timed> figures) {
        var megabytes = disk.contentBytes() / MEGABYTE;
        return new Samples(figures.stream().map(f -> megabytes / f.seconds()).toList());
    }

    private static Samples cpu(List<Timed> figures) {
        return new Samples(figures.stream().map(Timed::cpuSeconds).toList());
    }
}
