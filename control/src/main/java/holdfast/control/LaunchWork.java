package holdfast.control;

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
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes recovery instances ready and starts them: (replace disks, of one that there was) → branch
/// → attach network → launch → boot → actions.
///
/// Each step finds what an earlier controller did: branches by owner and disk, the machine by the
/// instance's id.
final class LaunchWork {
    /// After a crash the boot may have been proven long ago; looking for the proof takes a moment.
    private static final Duration BOOT_TIMEOUT_MIN = Duration.ofSeconds(30);

    static final String REPLACE_DISKS = "replace disks";

    /// Characters of a serial number that guests see (QEMU's virtio-blk: VIRTIO_BLK_ID_BYTES).
    private static final int SERIAL_LENGTH_MAX = 20;

    private final Database database;
    private final Instances instances;
    private final Settings<LaunchSettings> settings;
    private final ActionWork actions;
    private final Attachments attachments;
    private final VolumeStore store;
    private final BranchRemoval removal;
    private final MachineHost host;
    private final TimeSource time;
    private final Path socket;
    private final Duration bootTimeout;

    /// @param socket of the NBD server that serves branches by their ids
    LaunchWork(
            Database database,
            Instances instances,
            Settings<LaunchSettings> settings,
            ActionWork actions,
            Attachments attachments,
            VolumeStore store,
            BranchRemoval removal,
            MachineHost host,
            TimeSource time,
            Path socket,
            Duration bootTimeout) {
        this.database = database;
        this.instances = instances;
        this.settings = settings;
        this.actions = actions;
        this.attachments = attachments;
        this.store = store;
        this.removal = removal;
        this.host = host;
        this.time = time;
        this.socket = socket;
        this.bootTimeout = bootTimeout;
    }

    JobOutcome run(JobRun run, JobRequest.Start request) throws IOException, InterruptedException {
        var instance = instances.get(request.instance());
        if (Instances.isStarting(instance)) {
            try {
                start(run, instance);
            } catch (JobRun.StepFailedException e) {
                return JobOutcome.failed(String.valueOf(e.getMessage()));
            }
        }
        var started = instances.get(request.instance());
        return started.state() == InstanceState.FAILED
                ? JobOutcome.failed(started.reason())
                : JobOutcome.succeeded("the instance runs");
    }

    /// Launches an instance as the server's launch settings say.
    ///
    /// @throws JobRun.StepFailedException if a step failed, which the instance then says
    void launch(JobRun run, RecoveryInstance instance) throws IOException, InterruptedException {
        var server = instance.server();
        if (LaunchTargets.isTaken(instance)) {
            run.phase(
                    server,
                    REPLACE_DISKS,
                    () -> replaceDisks(instance.id()),
                    failure(instance.id()));
        }
        run.phase(server, "branch", () -> branch(instance), failure(instance.id()));
        if (settings.of(server).start()) {
            start(run, instance);
        } else {
            run.<@Nullable Void>write(tx -> {
                Instances.change(
                        tx,
                        Instances.require(tx, instance.id()),
                        InstanceState.Event.MADE_READY,
                        "ready, and not started, as the server's launch settings say");
                return null;
            });
        }
    }

    private void start(JobRun run, RecoveryInstance instance)
            throws IOException, InterruptedException {
        var id = instance.id();
        var server = instance.server();
        if (attachments.undecided(instance)) {
            run.phase(
                    server,
                    "attach network",
                    () -> tx -> attachments.decide(tx, instance),
                    failure(id));
        }
        run.phase(server, "launch", () -> start(instance), failure(id));
        run.phase(server, "boot", () -> awaitBoot(run, id, server), failure(id));
        if (instances.get(id).state() == InstanceState.LAUNCHING) {
            actions.run(run, instance, actionFailure(id));
            run.<@Nullable Void>write(tx -> {
                var acted = Instances.require(tx, id);
                Instances.change(
                        tx,
                        acted,
                        InstanceState.Event.BOOT_PROVEN,
                        acted.bootProof().orElseThrow().evidence() + "; launch actions done");
                return null;
            });
        }
    }

    /// The machine's disks go, so it need not shut down in order; all else of it stays.
    private Database.Work<String> replaceDisks(String id) throws IOException, InterruptedException {
        host.stop(id, Duration.ZERO);
        var removed = removal.remove(id);
        return _ -> "machine stopped, " + removed + " deleted";
    }

    private static JobRun.Failure failure(String id) {
        return (tx, why) ->
                Instances.change(
                        tx, Instances.require(tx, id), InstanceState.Event.LAUNCH_FAILED, why);
    }

    /// The machine booted and is not what it was to be, so its launch is not proven.
    private static JobRun.Failure actionFailure(String id) {
        return (tx, why) -> {
            var instance = Instances.require(tx, id);
            var booted = instance.bootProof().orElseThrow();
            var proof =
                    new BootProof(
                            false,
                            booted.evidence() + "; a launch action failed: " + why,
                            booted.took(),
                            booted.consoleLog(),
                            booted.screenshot());
            Instances.change(
                    tx,
                    instance.with(proof),
                    InstanceState.Event.LAUNCH_FAILED,
                    "a launch action failed: " + why);
        };
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

    private Database.Work<String> start(RecoveryInstance instance)
            throws IOException, InterruptedException {
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
                                disks,
                                attachments.ready(instance)));
        if (settings.of(server.id()).exactSize() && !machine.note().isEmpty()) {
            host.terminate(instance.id());
            throw new RefusalException(
                    "host-too-small",
                    "the launch settings ask for what the source has, and the machine was "
                            + machine.note()
                            + ": choose BASIC, or a larger launch host");
        }
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

    private String recordProof(Transaction tx, String id, BootProof proof)
            throws DatabaseException {
        var instance = Instances.require(tx, id).with(proof);
        if (proof.proven() && !actions.of(tx, instance.server()).isEmpty()) {
            Tables.INSTANCES.update(tx, instance); // the actions decide
            return proof.evidence();
        }
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
}
