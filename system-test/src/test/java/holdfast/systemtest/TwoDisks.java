package holdfast.systemtest;

import holdfast.demo.Installation;
import holdfast.demo.RecordHistory;
import holdfast.demo.WriterProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Two disks of one server (ext4 and XFS) under load from writers, a database and fio, and the
/// check of a point of both against what those had acknowledged when it was taken.
///
/// A lab keeps the disks; closing this ends the loads. One thread uses it.
final class TwoDisks implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(3);

    private final Lab lab;
    private final ProtectedDisk ext4;
    private final ProtectedDisk xfs;
    private final List<WriterProcess> writers = new ArrayList<>();
    private final List<Lab.Load> loads = new ArrayList<>();

    private TwoDisks(Lab lab, ProtectedDisk ext4, ProtectedDisk xfs) {
        this.lab = lab;
        this.ext4 = ext4;
        this.xfs = xfs;
    }

    /// Makes both, quiet as yet.
    static TwoDisks make(Lab lab) throws IOException, InterruptedException {
        var ext4 = lab.disk("ext4", "ext4", 320);
        return new TwoDisks(lab, ext4, lab.disk("xfs", "xfs", 320));
    }

    List<ProtectedDisk> disks() {
        return List.of(ext4, xfs);
    }

    /// What tells an agent to protect both.
    List<String> options() {
        return List.of("--disk", ext4.device().toString(), "--disk", xfs.device().toString());
    }

    /// Starts writing.
    ///
    /// @param rate what fio writes beside the others, in its own notation, a second
    TwoDisks load(String rate) throws IOException {
        var files = new Loaded(ext4.root(), xfs.root());
        // A on one disk, B on the other: only one instant for both keeps them in order
        writers.add(WriterProcess.start(lab.processes, files.acrossA(), files.acrossB(), PAUSE));
        writers.add(WriterProcess.start(lab.processes, files.withinA(), files.withinB(), PAUSE));
        writers.add(
                WriterProcess.start(
                        lab.processes,
                        SqliteLoad.class.getName(),
                        List.of(files.database().toString(), "10")));
        loads.add(lab.load(fio(ext4.root(), rate)));
        return this;
    }

    private static List<String> fio(Path directory, String rate) {
        return List.of(
                "fio",
                "--name=background",
                "--directory=" + directory,
                "--size=64m",
                "--rw=randwrite",
                "--bs=16k",
                "--rate=" + rate,
                "--time_based",
                "--runtime=360000");
    }

    /// Whether all that checks rely on still writes.
    boolean isLoaded() {
        return writers.stream().allMatch(WriterProcess::isAlive);
    }

    /// Copies both disks at a point, mounts the copies, and holds their files against what was
    /// acknowledged before its instant.
    ///
    /// @return what is wrong, empty if nothing
    List<String> faults(Installation.Point point) throws Exception {
        var faults = new ArrayList<String>();
        var ext4Image = lab.copy(ext4.device(), point, "recovered-ext4.raw");
        var xfsImage = lab.copy(xfs.device(), point, "recovered-xfs.raw");
        try (var first = lab.recovered(ext4Image, "check-ext4");
                var second = lab.recovered(xfsImage, "check-xfs")) {
            var histories = writers.stream().map(WriterProcess::history).toList();
            faults.addAll(
                    new Loaded(first.root(), second.root()).check(histories, point.instant()));
            for (var image : List.of(first, second)) {
                image.unmountAndCheck().ifPresent(faults::add);
            }
        }
        Files.delete(ext4Image);
        Files.delete(xfsImage);
        if (!faults.isEmpty()) {
            faults.addFirst(point.toString());
        }
        return faults;
    }

    @Override
    public void close() {
        loads.forEach(Lab.Load::close);
        writers.forEach(WriterProcess::close);
    }

    /// Where the three writers write: two pairs of files and a database.
    private record Loaded(Path ext4, Path xfs) {
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
