package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.recovery.BootProof;
import holdfast.recovery.MachineHost;
import holdfast.recovery.MachineSpec;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Launches a recovery instance for each server of a job, all at a time: pick point → branch →
/// launch → boot.
///
/// Each step finds what an earlier controller did: the instance by job and server, branches by
/// owner and disk, the machine by the instance's id.
final class RecoverWork {
    /// After a crash the boot may have been proven long ago; looking for the proof takes a moment.
    private static final Duration BOOT_TIMEOUT_MIN = Duration.ofSeconds(30);

    /// Characters of a serial number that guests see (QEMU's virtio-blk: VIRTIO_BLK_ID_BYTES).
    private static final int SERIAL_LENGTH_MAX = 20;

    private final Database database;
    private final Instances instances;
    private final Points points;
    private final VolumeStore store;
    private final MachineHost host;
    private final TimeSource time;
    private final RandomSource random;
    private final Path socket;
    private final Duration bootTimeout;

    /// @param socket of the NBD server that serves branches by their ids
    RecoverWork(
            Database database,
            Instances instances,
            Points points,
            VolumeStore store,
            MachineHost host,
            TimeSource time,
            RandomSource random,
            Path socket,
            Duration bootTimeout) {
        this.database = database;
        this.instances = instances;
        this.points = points;
        this.store = store;
        this.host = host;
        this.time = time;
        this.random = random;
        this.socket = socket;
        this.bootTimeout = bootTimeout;
    }

    JobOutcome run(JobRun run, JobRequest.Recover request)
            throws IOException, InterruptedException {
        var failures = new ArrayList<String>();
        try (var threads =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name(run.job().id() + "-", 0).factory())) {
            var pending = new ArrayList<Future<Optional<String>>>();
            for (var target : request.targets()) {
                pending.add(threads.submit(() -> recover(run, request.drill(), target)));
            }
            try {
                for (var i = 0; i < pending.size(); i++) {
                    var server = request.servers().get(i);
                    result(pending.get(i)).ifPresent(why -> failures.add(server + ": " + why));
                }
            } finally {
                threads.shutdownNow(); // when one was interrupted or lost the lease, all stop
            }
        }
        var launched = request.servers().size() - failures.size();
        return failures.isEmpty()
                ? JobOutcome.succeeded(
                        launched + (launched == 1 ? " instance runs" : " instances run"))
                : JobOutcome.failed(String.join("; ", failures));
    }

    private static Optional<String> result(Future<Optional<String>> future)
            throws IOException, InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case InterruptedException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null -> throw new IllegalStateException(e);
                case Throwable cause -> throw new IllegalStateException(cause);
            }
        }
    }

    /// @return why it failed, if it did
    private Optional<String> recover(JobRun run, boolean drill, RecoveryTarget target)
            throws IOException, InterruptedException {
        var job = run.job().id();
        var server = target.server();
        try {
            run.phase(
                    server, "pick point", () -> pickPoint(job, drill, target), JobRun.Failure.NONE);
            var picked = instances.launchedBy(job, server);
            if (picked.isEmpty()) {
                return Optional.of("no point was picked, see the job's phases");
            }
            if (picked.get().state() == InstanceState.LAUNCHING) {
                launch(run, picked.get());
            }
        } catch (JobRun.StepFailedException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        var instance = instances.launchedBy(job, server).orElseThrow();
        return instance.state() == InstanceState.FAILED
                ? Optional.of(instance.reason())
                : Optional.empty();
    }

    private Database.Work<String> pickPoint(String job, boolean drill, RecoveryTarget target)
            throws IOException {
        var point = points.choose(target.server(), target.point());
        return tx -> {
            var instance =
                    new RecoveryInstance(
                            random.nextId("i"),
                            job,
                            target.server(),
                            drill,
                            InstanceState.LAUNCHING,
                            "being launched by " + job,
                            time.now(),
                            point,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty());
            Tables.INSTANCES.insert(tx, instance);
            return String.format(Locale.ROOT, "%s of %s", point.id(), point.instant());
        };
    }

    private void launch(JobRun run, RecoveryInstance instance)
            throws IOException, InterruptedException {
        var id = instance.id();
        var server = instance.server();
        JobRun.Failure failure =
                (tx, why) ->
                        Instances.change(
                                tx,
                                Instances.require(tx, id),
                                InstanceState.Event.LAUNCH_FAILED,
                                why);
        run.phase(server, "branch", () -> branch(instance), failure);
        run.phase(server, "launch", () -> launch(instance), failure);
        run.phase(server, "boot", () -> awaitBoot(run, id, server), failure);
    }

    private Database.Work<String> branch(RecoveryInstance instance) throws IOException {
        var names = new ArrayList<String>();
        for (var disk : source(instance).disks()) {
            var branch = find(instance.id(), disk.name());
            names.add(
                    (branch.isPresent()
                                    ? branch.get()
                                    : store.branch(
                                            new VolumeId(disk.volume()),
                                            instance.point().sequence(),
                                            instance.id(),
                                            disk.name()))
                            .id()
                            .text());
        }
        return _ -> String.join(", ", names);
    }

    private Database.Work<String> launch(RecoveryInstance instance) throws IOException {
        var server = source(instance);
        var facts =
                server.machine()
                        .orElseThrow(() ->
                                new RefusalException(
                                        "no-machine-facts",
                                        String.format(
                                                Locale.ROOT,
                                                "server %s never said what machine it is",
                                                server.id())));
        var disks = new ArrayList<MachineSpec.Disk>();
        for (var disk : server.disks()) {
            find(instance.id(), disk.name())
                    .ifPresent(branch ->
                            disks.add(
                                    new MachineSpec.Disk(
                                            socket, branch.id().text(), shortened(disk.serial()))));
        }
        var machine =
                host.launch(
                        new MachineSpec(
                                instance.id(),
                                server.hostname(),
                                facts.cpuCount(),
                                facts.memoryBytes(),
                                facts.uefi(),
                                disks));
        return tx -> {
            Tables.INSTANCES.update(tx, Instances.require(tx, instance.id()).with(machine));
            var note = machine.note().isEmpty() ? "" : "; " + machine.note();
            return String.format(
                    Locale.ROOT, "%s, pid %d%s", machine.accelerator(), machine.pid(), note);
        };
    }

    private Database.Work<String> awaitBoot(JobRun run, String id, String server)
            throws IOException, InterruptedException {
        var launchedAt = instances.get(id).machine().orElseThrow().launchedAt();
        var left = bootTimeout.minus(Duration.between(launchedAt, time.now()));
        var least = shorter(BOOT_TIMEOUT_MIN, bootTimeout);
        var timeout = left.compareTo(least) < 0 ? least : left;
        var proof = host.awaitBoot(id, timeout, said -> run.progress(server, "boot", said));
        return tx -> recordProof(tx, id, proof);
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static String recordProof(Transaction tx, String id, BootProof proof)
            throws DatabaseException {
        var instance = Instances.require(tx, id).with(proof);
        if (proof.proven()) {
            Instances.change(tx, instance, InstanceState.Event.BOOT_PROVEN, proof.evidence());
            return proof.evidence();
        }
        var why = "boot not proven: " + proof.evidence();
        Instances.change(tx, instance, InstanceState.Event.LAUNCH_FAILED, why);
        return why;
    }

    private SourceServer source(RecoveryInstance instance) throws IOException {
        return database.transact(tx -> Servers.require(tx, instance.server()));
    }

    private Optional<Volume> find(String owner, String name) {
        return store.volumes().stream()
                .filter(volume -> volume.owner().equals(owner) && volume.name().equals(name))
                .findFirst();
    }

    private static String shortened(String serial) {
        return serial.substring(0, Math.min(serial.length(), SERIAL_LENGTH_MAX));
    }

    /// The branches that an instance runs on.
    static List<Volume> branches(VolumeStore store, String instance) {
        return store.volumes().stream().filter(volume -> volume.owner().equals(instance)).toList();
    }
}
