package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.LoopDevice;
import holdfast.demo.Mount;
import holdfast.demo.RecoveredImage;
import holdfast.demo.disk.BootableDisk;
import holdfast.demo.disk.DiskPlan;
import holdfast.demo.disk.Firmware;
import holdfast.images.DebianPackages;
import holdfast.images.PackageTrees;
import holdfast.images.Programs;
import holdfast.images.portable.PortableTree;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A recovery instance runs in a hypervisor of which Holdfast knows nothing: plain QEMU starts the
/// exported images by their own boot loader, and the agent is started at the login on its console.
/// The root file system, with the agent and its folder, lies on a disk that comes home.
///
/// That what the machine has acknowledged comes home is told by its console: it says a number once
/// what belongs to that is on both disks, for as long as it lives.
@Tag("long")
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class ExportedMachineTest {
    private static final Duration MAX = Duration.ofMinutes(15);
    private static final long SYSTEM_BYTES = 320L << 20;
    private static final long DATA_BYTES = 64L << 20;
    private static final int MEMORY_MEBIBYTES = 1024;
    private static final int FILES = 8;
    private static final String STATE = "/var/lib/holdfast-elsewhere";

    /// What the machine does: a file on one disk, its digest on the other, and then a word about
    /// it.
    private static final String WORK =
            """
            #!/bin/sh
            i=0
            while true; do
                i=$((i + 1))
                file=f$((i %% %d))
                dd if=/dev/urandom of=/mnt/$file bs=4k count=$((1 + i * 7 %% 24)) conv=fsync 2>/dev/null
                digest=$(sha256sum </mnt/$file)
                echo "$i $file ${digest%%%% *}" | dd of=/data/record oflag=append conv=fsync,notrunc 2>/dev/null
                echo "acknowledged: $i."
            done
            """
                    .formatted(FILES);

    private static final Pattern ACKNOWLEDGED = Pattern.compile("acknowledged: (\\d+)\\.");

    @Test
    void whatAMachineWritesInAnotherHypervisorComesHome() throws Exception {
        try (var lab = Lab.open("exported")) {
            var system = system(lab);
            var data = data(lab);
            var instance = ReadyInstance.recover(lab, List.of(system, data));
            var images = instance.export("there");
            var arguments = new ArrayList<>(QemuMachine.NETWORK);
            images.forEach(image -> arguments.addAll(QemuMachine.virtioDisk(image)));
            var machine = QemuMachine.start(lab, "machine", MEMORY_MEBIBYTES, arguments);
            startAgent(machine, instance);
            machine.await("the agent's first point", MAX, instance::isProtectedElsewhere);
            machine.type(AgentArchive.PROGRAM + " status --json --state " + STATE);
            machine.awaitSaying("\"tracker\" : \"ebpf", MAX);
            machine.type("mount /dev/vdb /mnt && sh /data/work");
            machine.await("its work", MAX, () -> acknowledged(machine) > 2 * FILES);

            var mapping = new LinkedHashMap<String, Path>();
            for (var i = 0; i < images.size(); i++) {
                var image = List.of(system, data).get(i);
                var loop = lab.keep(LoopDevice.attach(lab.commands, image));
                mapping.put(instance.disks().get(i), loop.device());
            }
            var run = new FailbackRun(lab, instance.id(), mapping);
            var aws = new DrsFixture(lab, system);
            try (var drs = aws.client(aws.firstKey())) {
                // where the client reaches the API, and not where the machine does
                drs.updateFailbackReplicationConfiguration(
                        r -> r.recoveryInstanceID(instance.id()).usePrivateIP(true));
            }
            var client = run.client();
            run.awaitReady(client);
            run.awaitEqualAfter(lab.time.now(), client);
            var atReady = acknowledged(machine);
            machine.await("more work", MAX, () -> acknowledged(machine) > atReady + FILES);
            run.launch();
            machine.awaitEnd(MAX);
            assertThat(client.waitFor()).as(run.complaints()).isZero();
            assertThat(run.failback()).isEqualTo("COMPLETED");

            // file systems were at rest until the power was off: they wrote to no dead disk
            assertThat(machine.said()).contains("sysrq: Power Off").doesNotContain("I/O error");
            // and no block behind the last point
            var last = instance.export("last");
            for (var i = 0; i < images.size(); i++) {
                var home = mapping.get(instance.disks().get(i)).toString();
                lab.commands.output("cmp", last.get(i).toString(), home);
                lab.commands.output("cmp", images.get(i).toString(), home);
            }
            assertHolds(lab, images, acknowledged(machine));
            new RecoveredDisks(lab).assertBoots(system, "comes-home login:");
        }
    }

    /// A disk that boots, and has the agent and the work on it.
    private static Path system(Lab lab) throws Exception {
        var image = lab.directory.resolve("system.img");
        var cache = BootableDisk.defaultCache(System.getenv());
        new BootableDisk(lab.processes, cache)
                .build(new DiskPlan(SYSTEM_BYTES, Firmware.BIOS, "comes-home"), image, _ -> {});
        var agent = AgentArchive.unpack(lab, lab.directory);
        var programs = new Programs(lab.processes);
        var packages = new DebianPackages(programs, cache, _ -> {});
        var libraries =
                packages.unpacked(packages.withDependencies("libc6"))
                        .libraries(
                                lab.directory,
                                PortableTree.linked(agent.folder()),
                                agent.ownLibraries());
        try (var loop = LoopDevice.attach(lab.commands, image, DiskPlan.ROOT_OFFSET_BYTES);
                var mount =
                        Mount.mount(
                                lab.commands,
                                loop.device(),
                                lab.directory.resolve("root"),
                                "noatime")) {
            var root = mount.directory();
            Files.createDirectories(root.resolve("opt"));
            Files.createDirectories(root.resolve("mnt"));
            Files.createDirectories(root.resolve("var/lib"));
            Files.writeString(root.resolve("data/work"), WORK);
            var place = root.resolve(AgentArchive.PLACE).toString();
            lab.commands.output("cp", "-a", agent.folder().toString(), place);
            for (var library : libraries.values()) {
                var to = root.resolve(PackageTrees.LIBRARIES).toString();
                lab.commands.output("cp", "-L", library.toString(), to);
            }
        }
        return image;
    }

    private static Path data(Lab lab) throws Exception {
        var image = lab.directory.resolve("data.img");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(DATA_BYTES);
        }
        lab.commands.output(
                "mkfs.ext4",
                "-qF",
                "-E",
                "lazy_itable_init=0,lazy_journal_init=0",
                image.toString());
        return image;
    }

    /// As an administrator does, at the console.
    private static void startAgent(QemuMachine machine, ReadyInstance instance) throws Exception {
        machine.awaitSaying("comes-home login:", MAX);
        machine.type("root");
        machine.awaitSaying("Password:", MAX);
        machine.type("holdfast");
        machine.awaitSaying("~ # ", MAX);
        machine.type("ip address add 10.0.2.15/24 dev eth0 && ip link set eth0 up");
        machine.type("ip route add default via 10.0.2.2");
        machine.type("export HOLDFAST_JAVA_OPTIONS=-XX:TieredStopAtLevel=1");
        machine.type(
                AgentArchive.PROGRAM
                        + " run --state "
                        + STATE
                        + " --disk /dev/vda --disk /dev/vdb --server "
                        + QemuMachine.url(instance.lab())
                        + " --token "
                        + instance.token()
                        + " &");
    }

    /// The highest number that the machine has said.
    private static int acknowledged(QemuMachine machine) throws IOException {
        return ACKNOWLEDGED
                .matcher(machine.said())
                .results()
                .mapToInt(said -> Integer.parseInt(said.group(1)))
                .max()
                .orElse(0);
    }

    /// That disks hold all that was acknowledged, and of what was under way as much as fits.
    private static void assertHolds(Lab lab, List<Path> images, int acknowledged) throws Exception {
        var system =
                RecoveredImage.open(
                        lab.commands,
                        images.get(0),
                        DiskPlan.ROOT_OFFSET_BYTES,
                        lab.directory.resolve("check-system"));
        try (system;
                var data = lab.recovered(images.get(1), "check-data")) {
            var lines = Files.readAllLines(system.root().resolve("data/record"));
            assertThat(lines).hasSizeBetween(acknowledged, acknowledged + 1);
            for (var i = lines.size() - FILES + 1; i < lines.size(); i++) {
                var fields = lines.get(i).split(" ", -1);
                assertThat(fields).startsWith(Integer.toString(i + 1)).hasSize(3);
                var content = Files.readAllBytes(data.root().resolve(fields[1]));
                var digest = MessageDigest.getInstance("SHA-256").digest(content);
                assertThat(HexFormat.of().formatHex(digest)).as(fields[1]).isEqualTo(fields[2]);
            }
            assertThat(system.unmountAndCheck()).isEmpty();
            assertThat(data.unmountAndCheck()).isEmpty();
        }
    }
}
