package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.base.Blocks;
import holdfast.demo.LoopDevice;
import holdfast.demo.Mount;
import holdfast.demo.WriterProcess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A recovery instance runs elsewhere, from exported images, and comes home with what it wrote
/// there. The machine elsewhere is the exported images as block devices here, with a file system
/// that a writer writes to, and an agent in a process of its own.
class FailbackElsewhereTest {
    private static final long ODD_BYTES = (24L << 20) + 512;
    private static final long EVEN_BYTES = 32L << 20;
    private static final long OVERHEAD_BYTES = 768 << 10;

    @Test
    @Tag("long")
    void whatAMachineWritesElsewhereComesHome() throws Exception {
        try (var home = FailbackFixture.open("elsewhere", ODD_BYTES, EVEN_BYTES)) {
            home.recover();
            var lab = home.lab;
            var names = home.disks.stream().map(ModelledDisk::name).toList();
            var instance = new ReadyInstance(lab, home.run().instance(), names);
            var devices = new ArrayList<Path>();
            for (var image : instance.export("there")) {
                devices.add(lab.keep(LoopDevice.attach(lab.commands, image)).device());
            }
            scribble(devices.get(0));
            lab.commands.output(
                    "mkfs.ext4",
                    "-qF",
                    "-E",
                    "lazy_itable_init=0,lazy_journal_init=0",
                    devices.get(1).toString());
            var root = lab.directory.resolve("root");
            lab.keep(Mount.mount(lab.commands, devices.get(1), root, "noatime"));
            lab.commands.output("sync", "-f", root.toString());

            lab.keep(() -> lab.uninstall(lab.directory.resolve("agent-there")));
            var admission =
                    List.of("--server", lab.installation.url(), "--token", instance.token());
            var agent = home.run().start(agent(home, devices, admission));
            home.run().await("the agent's first point", agent, instance::isProtectedElsewhere);
            var changed = changedBytes(home, devices);
            var client = home.run().client();
            home.run().awaitReady(client);
            assertThat(home.run().record().required("failback").required("receivedBytes").asLong())
                    .isPositive()
                    .isLessThanOrEqualTo(changed + changed / 10 + OVERHEAD_BYTES);

            var fileA = root.resolve("a.records");
            var fileB = root.resolve("b.records");
            try (var writer =
                    WriterProcess.start(lab.processes, fileA, fileB, Duration.ofMillis(3))) {
                home.run().awaitEqualAfter(lab.time.now(), client);
                FailbackFixture.kill(agent);
                var next = lab.processes.start(quiet(home, agent(home, devices, List.of())));
                lab.keep(next::destroyForcibly);
                home.run().awaitEqualAfter(lab.time.now(), client);
                assertThat(home.run().failback()).isEqualTo("READY");

                home.run().launch();
                assertThat(client.waitFor()).as(home.run().complaints()).isZero();
                assertThat(next.waitFor()).as("the agent ends by itself").isZero();
                assertThat(writer.isAlive()).as("and leaves the rest alone").isTrue();
                assertThat(home.run().failback()).isEqualTo("COMPLETED");

                var last = instance.export("last");
                for (var i = 0; i < last.size(); i++) {
                    assertThat(mismatch(home, last.get(i), home.disks.get(i).device())).isEmpty();
                }
                assertThat(mismatch(home, devices.get(0), home.disks.get(0).device())).isEmpty();
                var instant = home.run().instant();
                try (var recovered = lab.recovered(last.get(1), "check")) {
                    var there = recovered.root();
                    var verdict =
                            writer.history()
                                    .check(
                                            there.resolve("a.records"),
                                            there.resolve("b.records"),
                                            instant);
                    assertThat(verdict.faults()).isEmpty();
                    assertThat(recovered.unmountAndCheck()).isEmpty();
                }
            }
        }
    }

    private static void scribble(Path device) throws IOException {
        var random = new SplittableRandom(3);
        var block = new byte[Blocks.BLOCK_BYTES];
        try (var file = new RandomAccessFile(device.toFile(), "rw")) {
            for (var i = 0; i < 60; i++) {
                random.nextBytes(block);
                file.seek((long) random.nextInt((int) (ODD_BYTES / block.length)) * block.length);
                file.write(block);
            }
            file.getFD().sync();
        }
    }

    private static List<String> agent(
            FailbackFixture home, List<Path> devices, List<String> admission) {
        var arguments = new ArrayList<>(List.of("agent", "run", "--when-failed-back", "leave"));
        arguments.addAll(List.of("--state", home.lab.directory + "/agent-there"));
        devices.forEach(device -> arguments.addAll(List.of("--disk", device.toString())));
        arguments.addAll(admission);
        return Lab.HOLDFAST.command(arguments);
    }

    private static ProcessBuilder quiet(FailbackFixture home, List<String> command) {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(home.lab.directory.resolve("agent-there.log").toFile());
    }

    /// Bytes of blocks in which the disks there are not those that are to be written.
    private static long changedBytes(FailbackFixture home, List<Path> devices) throws IOException {
        var changed = 0L;
        for (var i = 0; i < devices.size(); i++) {
            var there = read(devices.get(i), home.disks.get(i).sizeBytes);
            var here = read(home.disks.get(i).image(), home.disks.get(i).sizeBytes);
            for (var at = 0; at < there.length; at += Blocks.BLOCK_BYTES) {
                var end = Math.min(there.length, at + Blocks.BLOCK_BYTES);
                changed += Arrays.equals(there, at, end, here, at, end) ? 0 : Blocks.BLOCK_BYTES;
            }
        }
        return changed;
    }

    private static byte[] read(Path path, long bytes) throws IOException {
        var content = new byte[(int) bytes];
        try (var file = new RandomAccessFile(path.toFile(), "r")) {
            file.readFully(content);
        }
        return content;
    }

    /// What `cmp` says of a difference; empty if there is none.
    private static String mismatch(FailbackFixture home, Path one, Path other)
            throws IOException, InterruptedException {
        var compared = home.lab.commands.run(List.of("cmp", one.toString(), other.toString()));
        return compared.status() == 0 ? "" : compared.toString();
    }
}
