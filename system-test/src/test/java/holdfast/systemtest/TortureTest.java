package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.demo.Installation;
import holdfast.demo.Program;
import holdfast.demo.RecordHistory;
import holdfast.demo.WriterProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Two disks of one server (ext4 and XFS) under load from writers, a database and fio; points at
/// random instants are recovered all the while and held against what was acknowledged.
///
/// One minute unless `-Dholdfast.torture.minutes` says otherwise.
class TortureTest {
    private static final Duration RUN =
            Duration.ofMinutes(Integer.getInteger("holdfast.torture.minutes", 1));
    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());
    private static final Duration BLIND_MAX = Duration.ofMinutes(5);
    private static final Duration PAUSE = Duration.ofMillis(3);

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    void everyPointHoldsWhatWasAcknowledgedBeforeIt() throws Exception {
        System.out.println("torture: seed " + SEED + ", " + RUN);
        try (var lab = Lab.open("torture")) {
            var ext4 = lab.disk("ext4", "ext4", 320);
            var xfs = lab.disk("xfs", "xfs", 320);
            var agent = protect(lab, ext4, xfs);
            assertThat(faultsUnderLoad(lab, ext4, xfs, RUN)).as("seed %d", SEED).isEmpty();
            for (var disk : List.of(ext4, xfs)) {
                disk.quiesce();
            }
            assertThatVolumesEqualDisks(lab, agent, List.of(ext4, xfs));
        }
    }

    /// That the check above can fail.
    @Test
    void withoutValidationPointsAreWrong() throws Exception {
        var blind = Program.java(BlindAgent.class.getName());
        try (var lab = Lab.open("blind", blind)) {
            var ext4 = lab.disk("ext4", "ext4", 320);
            var xfs = lab.disk("xfs", "xfs", 320);
            protect(lab, ext4, xfs);
            var faults = faultsUnderLoad(lab, ext4, xfs, BLIND_MAX);
            assertThat(faults).as("seed %d", SEED).isNotEmpty();
            System.out.println("torture: without validation " + faults);
        }
    }

    private static Process protect(Lab lab, ProtectedDisk ext4, ProtectedDisk xfs)
            throws IOException, InterruptedException {
        lab.installation.startServer();
        var agent =
                lab.installation.startAgent(
                        List.of(
                                "--disk", ext4.device().toString(),
                                "--disk", xfs.device().toString()));
        lab.installation.awaitState("CONTINUOUS", agent, Duration.ofMinutes(5));
        return agent;
    }

    /// Checks points until one has a fault or the time is over.
    private List<String> faultsUnderLoad(
            Lab lab, ProtectedDisk ext4, ProtectedDisk xfs, Duration run) throws Exception {
        var files = new Files3(ext4.root(), xfs.root());
        // A on one disk, B on the other: only one instant for both keeps them in order
        try (var across = writer(lab, files.acrossA(), files.acrossB());
                var within = writer(lab, files.withinA(), files.withinB());
                var database =
                        WriterProcess.start(
                                lab.processes,
                                SqliteLoad.class.getName(),
                                List.of(files.database().toString(), "10"));
                var _ = lab.load(fio(ext4.root()))) {
            var histories = List.of(across.history(), within.history(), database.history());
            var begun = lab.time.now();
            var checked = new HashSet<String>();
            for (var now = begun;
                    Duration.between(begun, now).compareTo(run) < 0;
                    now = lab.time.now()) {
                lab.time.sleep(Duration.ofMillis(random.nextLong(1000)));
                var age = random.nextLong(Duration.between(begun, now).toMillis() + 1);
                var point = lab.installation.point(now.minusMillis(age));
                if (!checked.add(point.id())) {
                    continue;
                }
                var faults = faults(lab, ext4, xfs, point, histories);
                if (!faults.isEmpty()) {
                    faults.addFirst(point.toString());
                    return faults;
                }
            }
            assertThat(List.of(across, within, database)).allMatch(WriterProcess::isAlive);
            assertThat(checked).as("points checked").isNotEmpty();
            System.out.println("torture: " + checked.size() + " points hold");
            return List.of();
        }
    }

    private static WriterProcess writer(Lab lab, Path fileA, Path fileB) throws IOException {
        return WriterProcess.start(lab.processes, fileA, fileB, PAUSE);
    }

    private static List<String> fio(Path directory) {
        return List.of(
                "fio",
                "--name=background",
                "--directory=" + directory,
                "--size=64m",
                "--rw=randwrite",
                "--bs=16k",
                "--rate=2m",
                "--time_based",
                "--runtime=36000");
    }

    private static List<String> faults(
            Lab lab,
            ProtectedDisk ext4,
            ProtectedDisk xfs,
            Installation.Point point,
            List<RecordHistory> histories)
            throws Exception {
        var faults = new ArrayList<String>();
        var ext4Image = lab.copy(ext4.device(), point, "recovered-ext4.raw");
        var xfsImage = lab.copy(xfs.device(), point, "recovered-xfs.raw");
        try (var first = lab.recovered(ext4Image, "check-ext4");
                var second = lab.recovered(xfsImage, "check-xfs")) {
            var files = new Files3(first.root(), second.root());
            faults.addAll(files.check(histories, point.instant()));
            for (var image : List.of(first, second)) {
                image.unmountAndCheck().ifPresent(faults::add);
            }
        }
        Files.delete(ext4Image);
        Files.delete(xfsImage);
        return faults;
    }

    private static void assertThatVolumesEqualDisks(
            Lab lab, Process agent, List<ProtectedDisk> disks) throws Exception {
        var quiet = lab.time.now();
        var point = lab.installation.awaitPointAfter(quiet, agent, Duration.ofMinutes(5));
        for (var disk : disks) {
            var image = lab.directory.resolve("quiesced.raw");
            lab.installation.export(disk.device(), point, image);
            lab.commands.output("cmp", image.toString(), disk.device().toString());
            Files.delete(image);
        }
    }

    /// Where the three writers write: two pairs of files and a database.
    private record Files3(Path ext4, Path xfs) {
        Path acrossA() {
            return ext4.resolve("across-a.records");
        }

        Path acrossB() {
            return xfs.resolve("across-b.records");
        }

        Path withinA() {
            return ext4.resolve("within-a.records");
        }

        Path withinB() {
            return ext4.resolve("within-b.records");
        }

        Path database() {
            return xfs.resolve("load.db");
        }

        List<String> check(List<RecordHistory> histories, Instant instant)
                throws IOException, SQLException {
            var faults = new ArrayList<String>();
            faults.addAll(histories.get(0).check(acrossA(), acrossB(), instant).faults());
            faults.addAll(histories.get(1).check(withinA(), withinB(), instant).faults());
            faults.addAll(SqliteLoad.check(database(), histories.get(2).lastBefore(instant)));
            return faults;
        }
    }
}
