package holdfast.control;

import holdfast.volume.Damage;
import holdfast.volume.DamagedDataException;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Looks for damage: in all that one point needs (verify), or in every stored byte (scrub).
final class CheckWork {
    private static final int READ_BYTES_MAX = 1 << 20;

    private final Database database;
    private final Points points;
    private final VolumeStore store;

    CheckWork(Database database, Points points, VolumeStore store) {
        this.database = database;
        this.points = points;
        this.store = store;
    }

    JobOutcome verify(JobRun run, JobRequest.Verify request)
            throws IOException, InterruptedException {
        var reading = new Reading(run, request.server());
        run.phase(
                request.server(),
                "read back",
                () -> {
                    var point = points.choose(request.server(), request.point());
                    var server = database.transact(tx -> Servers.require(tx, request.server()));
                    for (var disk : server.disks()) {
                        try (var view = store.view(new VolumeId(disk.volume()), point.sequence())) {
                            reading.read(view);
                        }
                    }
                    return tx -> {
                        run.found(tx, reading.result());
                        return String.format(Locale.ROOT, "%s of %s", point.id(), point.instant());
                    };
                },
                JobRun.Failure.NONE);
        return outcome(run);
    }

    JobOutcome scrub(JobRun run) throws IOException, InterruptedException {
        run.phase(
                "",
                "read everything",
                () -> {
                    var damage = new ArrayList<Damage>();
                    var report =
                            store.scrub(place -> {
                                if (damage.size() < JobResult.DAMAGE_MAX) {
                                    damage.add(place);
                                }
                            });
                    scrubDatabase(damage);
                    var filesRead = report.filesRead() + 1;
                    return tx -> {
                        run.found(
                                tx,
                                new JobResult.Scrubbing(
                                        filesRead,
                                        report.bytesRead(),
                                        report.extentsChecked(),
                                        damage));
                        return filesRead + " files";
                    };
                },
                JobRun.Failure.NONE);
        return outcome(run);
    }

    /// From the row and not from memory: an earlier controller may have done the reading.
    private static JobOutcome outcome(JobRun run) throws IOException {
        var damage = run.found().orElseThrow().damage();
        if (damage.isEmpty()) {
            return JobOutcome.succeeded("no damage found");
        }
        var count = (damage.size() == JobResult.DAMAGE_MAX ? "at least " : "") + damage.size();
        return JobOutcome.failed(
                count
                        + (damage.size() == 1 ? " damaged place: " : " damaged places, the first: ")
                        + damage.getFirst());
    }

    private void scrubDatabase(List<Damage> damage) throws IOException {
        try {
            database.verify();
        } catch (DamagedDatabaseException e) {
            damage.add(
                    new Damage(
                            "-",
                            -1,
                            0,
                            String.valueOf(database.file().getFileName()),
                            -1,
                            e.what()));
        }
    }

    /// Reads views whole and keeps count.
    private static final class Reading {
        private final JobRun run;
        private final String server;
        private final List<Damage> damage = new ArrayList<>();
        private final ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES_MAX);
        private long bytesRead;
        private long extents;

        Reading(JobRun run, String server) {
            this.run = run;
            this.server = server;
        }

        void read(VolumeView view) throws IOException, InterruptedException {
            for (var at = 0L; at < view.sizeBytes(); ) {
                for (var stretch : view.allocation(at, view.sizeBytes() - at)) {
                    at = stretch.offsetBytes() + stretch.lengthBytes();
                    if (stretch.data()) {
                        extents++;
                        read(view, stretch.offsetBytes(), at);
                    }
                }
            }
        }

        private void read(VolumeView view, long from, long end)
                throws IOException, InterruptedException {
            for (var at = from; at < end; ) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                var length = (int) Math.min(end - at, READ_BYTES_MAX);
                try {
                    view.read(buffer.clear().limit(length), at);
                    bytesRead += length;
                    at += length;
                } catch (DamagedDataException e) {
                    note(e.damage());
                    at = pastDamage(e.damage(), at, at + length);
                }
                run.progress(
                        server,
                        "read back",
                        String.format(
                                Locale.ROOT,
                                "%s: %d of %d bytes",
                                view.volume().name(),
                                at,
                                view.sizeBytes()));
            }
        }

        /// Goes on behind the damaged place, so that one place does not hide the next.
        private static long pastDamage(Damage damage, long at, long end) {
            var damageEnd = damage.offsetBytes() + damage.lengthBytes();
            return damage.offsetBytes() >= 0 && damageEnd > at ? damageEnd : end;
        }

        private void note(Damage place) {
            if (damage.size() < JobResult.DAMAGE_MAX) {
                damage.add(place);
            }
        }

        JobResult result() {
            return new JobResult.Verification(bytesRead, extents, damage);
        }
    }
}
