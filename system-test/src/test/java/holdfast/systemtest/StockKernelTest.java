package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.Installation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The agent, as it comes in its archive, on the kernel that Debian delivers: another one than this
/// machine's, and one that can record all writes of a disk in their order.
@Tag("long")
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class StockKernelTest {
    private static final Duration MAX = Duration.ofMinutes(20);
    private static final int POINTS = Integer.getInteger("holdfast.stock.points", 20);
    private static final Path DISK = Path.of("/dev/vda");

    /// A journalling file system that is made to flush all the time; `%s` are the agent's
    /// arguments.
    private static final String LOADED =
            """
            cat /sys/kernel/security/lockdown
            (%s; poweroff -f) &
            agent=$!
            dmsetup create --noudevsync logged \
                --table "0 $(blockdev --getsz /dev/vda) log-writes /dev/vda /dev/vdb"
            dmsetup mknodes
            mount -t ext4 /dev/mapper/logged /mnt || exit 1
            touch /tmp/on
            i=0
            while [ -e /tmp/on ]; do
                dd if=/dev/urandom of=/mnt/f$((i %% 12)) bs=4k count=$((1 + i * 7 %% 40)) conv=fsync,notrunc 2>/dev/null
                echo $i | dd of=/mnt/record oflag=append conv=fsync,notrunc 2>/dev/null
                [ $((i %% 25)) != 24 ] || rm /mnt/f$((i %% 12))
                i=$((i + 1))
            done &
            load=$!
            while read -r seconds && [ -n "$seconds" ]; do
                date -s @$(($(date +%%s) + seconds))
            done
            rm /tmp/on
            wait $load
            umount /mnt
            dmsetup remove logged
            echo "the log is whole"
            wait $agent
            """;

    /// @param kernelArguments with secure boot a kernel is locked down for its integrity; the other
    ///   mode also hides its memory
    @ParameterizedTest(name = "kernel with {0}")
    @ValueSource(strings = {"lockdown=none", "lockdown=integrity", "lockdown=confidentiality"})
    void everyPointIsAMomentOfTheRecordedWrites(String kernelArguments) throws Exception {
        try (var lab = Lab.open("stock")) {
            var disk = fileSystem(lab);
            var before = Files.copy(disk, lab.directory.resolve("before.img"));
            var log = sparse(lab.directory.resolve("log.img"), 4L << 30);
            var script = LOADED.formatted(enrolling(lab));
            var machine =
                    StockMachine.start(lab, "machine", kernelArguments, script, List.of(disk, log));
            lab.installation.awaitState("CONTINUOUS", machine.process(), MAX);
            assertThat(tracker(lab)).startsWith("ebpf");

            assertThat(machine.said())
                    .contains("[" + kernelArguments.replace("lockdown=", "") + "]");

            var points = new ArrayList<Installation.Point>();
            while (points.size() < POINTS) {
                var after = points.isEmpty() ? lab.time.now() : points.getLast().instant();
                points.add(lab.installation.awaitPointAfter(after, machine.process(), MAX));
            }
            machine.type("");
            machine.awaitSaying("the log is whole", MAX);
            var last = lab.installation.awaitPointAfter(lab.time.now(), machine.process(), MAX);

            var writes = WriteLog.read(log, before);
            var underWay = 0;
            for (var point : points) {
                var image = lab.copy(DISK, point, "point.img");
                var verdict = writes.check(image);
                assertThat(verdict.faults()).as("point %s", point).isEmpty();
                underWay += verdict.underWay();
                Files.delete(image);
            }
            var image = lab.copy(DISK, last, "last.img");
            lab.commands.output("cmp", image.toString(), disk.toString());
            assertThat(writes.check(image).moment()).isEqualTo(writes.entries());
            System.out.printf(
                    "stock kernel %s: %d points of %d recorded writes and %d flushes, %d sectors under way%n",
                    machine.said().lines().limit(2).toList(),
                    points.size(),
                    writes.entries(),
                    writes.flushes(),
                    underWay);
        }
    }

    /// By an hour ahead, and by two back.
    @Test
    void aClockThatIsSetHarmsNoPoint() throws Exception {
        try (var lab = Lab.open("clock")) {
            var disk = fileSystem(lab);
            var before = Files.copy(disk, lab.directory.resolve("before.img"));
            var log = sparse(lab.directory.resolve("log.img"), 4L << 30);
            var script = LOADED.formatted(enrolling(lab));
            var machine = StockMachine.start(lab, "machine", "", script, List.of(disk, log));
            lab.installation.awaitState("CONTINUOUS", machine.process(), MAX);
            var points = new LinkedHashSet<Installation.Point>();
            for (var seconds : List.of("3600", "-7200")) {
                points.addAll(newest(lab, machine, POINTS / 4));
                machine.type(seconds);
            }
            points.addAll(newest(lab, machine, POINTS / 2));
            assertThat(points.stream().map(Installation.Point::instant).sorted().toList())
                    .as("instants are the source's, and were set back")
                    .isNotEqualTo(points.stream().map(Installation.Point::instant).toList());
            machine.type("");
            machine.awaitSaying("the log is whole", MAX);

            var last = newest(lab, machine, 2).getLast();
            var writes = WriteLog.read(log, before);
            for (var point : points) {
                var image = lab.copy(DISK, point, "point.img");
                assertThat(writes.check(image).faults()).as("point %s", point).isEmpty();
                Files.delete(image);
            }
            var image = lab.copy(DISK, last, "last.img");
            lab.commands.output("cmp", image.toString(), disk.toString());
        }
    }

    /// The next points as they are made, whatever their instants are.
    private static List<Installation.Point> newest(Lab lab, QemuMachine machine, int count)
            throws IOException, InterruptedException {
        var found = new LinkedHashSet<Installation.Point>();
        found.add(newest(lab));
        lab.installation.await(
                count + " more points",
                machine.process(),
                MAX,
                () -> found.add(newest(lab)) && found.size() > count);
        return found.stream().skip(1).toList();
    }

    private static Installation.Point newest(Lab lab) throws IOException, InterruptedException {
        var point = lab.installation.server().required("newestPoint");
        return new Installation.Point(
                point.required("id").asString(),
                Instant.parse(point.required("instant").asString()));
    }

    @Test
    void whereTheKernelDoesNotTellItsTypesTheAgentScansAndSaysWhy() throws Exception {
        try (var lab = Lab.open("scan")) {
            var disk = fileSystem(lab);
            var script =
                    "mount --bind /dev/null /sys/kernel/btf/vmlinux\nexec " + enrolling(lab) + "\n";
            var machine = StockMachine.start(lab, "machine", "", script, List.of(disk));
            lab.installation.awaitState("CONTINUOUS", machine.process(), MAX);
            // nothing is written: points are to be had in any way
            lab.installation.awaitPointAfter(lab.time.now(), machine.process(), MAX);
            assertThat(tracker(lab)).startsWith("scan: ").contains("/sys/kernel/btf/vmlinux");
        }
    }

    private static String tracker(Lab lab) throws IOException, InterruptedException {
        return lab.installation.server().required("machine").required("tracker").asString();
    }

    /// Starts a server that the machine can reach.
    ///
    /// @return the command line of the machine's agent
    private static String enrolling(Lab lab) throws IOException, InterruptedException {
        QemuMachine.letIn(lab);
        lab.installation.startServer();
        var token = lab.installation.command("token", "create").required("token").asString();
        return "%s run --server %s --token %s --disk %s"
                .formatted(AgentArchive.PROGRAM, QemuMachine.url(lab), token, DISK);
    }

    private static Path fileSystem(Lab lab) throws IOException, InterruptedException {
        var disk = sparse(lab.directory.resolve("disk.img"), 96L << 20);
        lab.commands.output(
                "mke2fs",
                "-q",
                "-F",
                "-t",
                "ext4",
                "-b",
                "4096",
                "-J",
                "size=8",
                "-E",
                "lazy_itable_init=0,lazy_journal_init=0",
                disk.toString());
        return disk;
    }

    private static Path sparse(Path file, long sizeBytes) throws IOException {
        try (var made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(sizeBytes);
        }
        return file;
    }
}
