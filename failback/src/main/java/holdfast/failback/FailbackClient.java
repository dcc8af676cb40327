package holdfast.failback;

import holdfast.agent.MachineProbe;
import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.failback.firmware.BootEntryMaker;
import holdfast.replication.MachineFacts;
import holdfast.replication.SessionEndedException;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The failback client: finds out what is to be brought home and whereto, then follows the instance
/// until its disks are here, through cuts of the network and restarts of its own.
///
/// Used once, by one thread.
public final class FailbackClient {
    private static final System.Logger LOG = System.getLogger(FailbackClient.class.getName());

    private final FailbackSettings settings;
    private final Operator operator;
    private final TimeSource time = TimeSource.system();
    private final RandomSource random = RandomSource.system();
    private final LocalDisks disks;
    private final MachineFacts machine;
    private long sentBytes;
    private long receivedBytes;

    /// @param version of this program
    public FailbackClient(FailbackSettings settings, Operator operator, String version) {
        this.settings = settings;
        this.operator = operator;
        this.disks = LocalDisks.local(settings.state());
        this.machine = new MachineProbe(Path.of("/"), version).facts("failback");
    }

    /// What is followed, and with what.
    private record Begun(
            Instance instance,
            List<MappedDisk> mapped,
            Identity identity,
            FailbackDirectory.Kept kept) {}

    /// Runs until the disks are complete.
    ///
    /// @throws RefusalException if what was asked for cannot be done; nothing was written then
    /// @throws IOException if a disk or the server fails for good; the disks are then where the
    ///   folder says, and another run goes on from there
    public Outcome run() throws IOException, InterruptedException {
        try (var directory = FailbackDirectory.open(Filesystem.local(), settings.state())) {
            var access = access(settings);
            var trusted = access.trusted();
            var api = access.api();
            var instances = reached(api::instances);
            var kept = directory.kept().filter(this::isWanted);
            if (kept.isPresent()) {
                var done = completed(directory, kept.get(), instances);
                if (done.isPresent()) {
                    return done.get();
                }
            }
            var begun =
                    settings.dryRun()
                            ? begin(api, trusted, instances, Optional.empty(), directory)
                            : begin(api, trusted, instances, kept, directory);
            try {
                var pursuit = pursuit(begun);
                if (settings.dryRun()) {
                    return pursuit.dryRun();
                }
                var complete = followed(pursuit, directory);
                tellFirmware(begun.kept());
                return outcome(begun.instance().id(), complete);
            } catch (SessionEndedException e) {
                if (e.code().equals("failback-completed")) {
                    var now = directory.kept().orElse(begun.kept());
                    return completed(directory, now, reached(api::instances)).orElseThrow(() -> e);
                }
                if (e.code().equals("failback-stopped")) {
                    directory.forget(); // the next one is let in anew
                }
                throw new RefusalException(e.code(), String.valueOf(e.getMessage()));
            } finally {
                if (settings.dryRun()) {
                    api.leave(begun.identity().name());
                }
            }
        }
    }

    /// Follows to the end, and counts what that took.
    private Position followed(Pursuit pursuit, FailbackDirectory directory)
            throws IOException, InterruptedException {
        try {
            return pursuit.follow(directory);
        } finally {
            sentBytes = pursuit.sentBytes();
            receivedBytes = pursuit.receivedBytes();
        }
    }

    /// Asks for whatever is missing, and checks it. Nothing is begun, and nothing is written.
    ///
    /// @return settings with which a client runs that has nobody to ask
    /// @throws RefusalException if what was asked for cannot be done
    public FailbackSettings settle() throws IOException, InterruptedException {
        try (var directory = FailbackDirectory.open(Filesystem.local(), settings.state())) {
            var complete = access(settings).complete(directory);
            var instances = access(complete).api().instances();
            var kept = directory.kept().filter(this::isWanted);
            if (kept.isPresent() && settings.mapping().isEmpty() && !settings.dryRun()) {
                return complete.settled(kept.get().instance(), Optional.empty());
            }
            var instance =
                    kept.isPresent()
                            ? Instance.of(instances, kept.get().instance())
                            : choice().of(instances);
            var mapped = mapper().map(instance, settings.mapping());
            var mapping = DeviceMapping.of(instance, entries(mapped));
            return complete.settled(instance.id(), Optional.of(mapping.text()));
        }
    }

    private Access access(FailbackSettings of) {
        return new Access(of, operator, time, random);
    }

    private InstanceChoice choice() {
        return new InstanceChoice(
                settings.instance(),
                disks,
                machine.networkInterfaces(),
                operator,
                settings.prompt());
    }

    private Mapper mapper() {
        return new Mapper(disks, settings.format(), operator, settings.prompt());
    }

    private boolean isWanted(FailbackDirectory.Kept kept) {
        return settings.instance().map(kept.instance()::equals).orElse(true);
    }

    /// Whether the server has recorded that the disks are complete, and so has the folder.
    private Optional<Outcome> completed(
            FailbackDirectory directory, FailbackDirectory.Kept kept, List<Instance> instances)
            throws IOException {
        var instance =
                instances.stream().filter(one -> one.id().equals(kept.instance())).findFirst();
        if (instance.filter(one -> one.failback().equals("COMPLETED")).isEmpty()) {
            return Optional.empty();
        }
        var complete = kept.completed(instance.get().lastPoint().orElse(-1));
        if (complete.isEmpty()) {
            return Optional.empty();
        }
        directory.save(complete.get());
        tellFirmware(complete.get()); // an earlier client may have died before it did
        return Optional.of(outcome(kept.instance(), complete.get().position()));
    }

    /// Where the firmware of this machine has to be told of the disks. They are complete, whatever
    /// comes of it.
    private void tellFirmware(FailbackDirectory.Kept kept) {
        var entries = new BootEntryMaker(Path.of("/"));
        for (var disk : kept.disks()) {
            try (var file = Filesystem.local().openForReading(Path.of(disk.local()))) {
                entries.add(
                                disk.local(),
                                (offset, bytes) -> file.read(ByteBuffer.wrap(bytes), offset))
                        .forEach(operator::tell);
            } catch (IOException e) {
                operator.tell("warning: " + disk.local() + ": " + e.getMessage());
            }
        }
    }

    private Outcome outcome(String instance, Position position) {
        return new Outcome.Completed(instance, sentBytes, receivedBytes, position.words());
    }

    private Begun begin(
            ControllerApi api,
            TrustedAuthorities trusted,
            List<Instance> instances,
            Optional<FailbackDirectory.Kept> kept,
            FailbackDirectory directory)
            throws IOException, InterruptedException {
        var there = disks.list();
        var instance =
                kept.isPresent()
                        ? Instance.of(instances, kept.get().instance())
                        : choice().of(instances);
        var original = instance.recoveredFrom(machine.networkInterfaces(), there);
        var mapping = settings.mapping();
        if (kept.isPresent() && mapping.isEmpty()) {
            return goOn(instance, kept.get(), directory);
        }
        var mapped = mapper().map(instance, mapping);
        for (var disk : mapped) {
            operator.tell(
                    String.format(
                            Locale.ROOT,
                            "%s of %s -> %s",
                            disk.recovery().name(),
                            instance.id(),
                            disk.local().path()));
        }
        new Preflight(Path.of("/"))
                .warnings(machine, instance)
                .forEach(warning -> operator.tell("warning: " + warning));
        if (kept.isPresent() && entries(mapped).equals(kept.get().disks())) {
            return goOn(instance, kept.get(), directory);
        }
        return pair(api, trusted, instance, original, mapped, directory);
    }

    private static List<FailbackDirectory.Disk> entries(List<MappedDisk> mapped) {
        return mapped.stream()
                .map(disk ->
                        new FailbackDirectory.Disk(
                                disk.recovery().name(),
                                disk.local().path().toString(),
                                disk.local().sizeBytes()))
                .toList();
    }

    /// With what an earlier client of this folder has begun. Its disks are looked at again; after a
    /// boot of the machine nothing is known of what they hold.
    private Begun goOn(Instance instance, FailbackDirectory.Kept kept, FailbackDirectory directory)
            throws IOException {
        var byName = new Mapper(disks, ValueFormat.DEV_NAME, operator, false);
        var mapping = DeviceMapping.of(instance, kept.disks());
        var mapped = byName.map(instance, Optional.of(mapping.text()));
        var next = kept.resumed(machine.bootId(), entries(mapped));
        directory.save(next);
        operator.tell("going on with " + instance.id() + ": " + next.position().words());
        return new Begun(instance, mapped, directory.identity(), next);
    }

    private Begun pair(
            ControllerApi api,
            TrustedAuthorities trusted,
            Instance instance,
            boolean original,
            List<MappedDisk> mapped,
            FailbackDirectory directory)
            throws IOException, InterruptedException {
        var hostname = machine.hostname();
        var asked = CertificateRequest.create(random, hostname);
        // a client that was bound and did not learn of it is let go of by the next
        var paired = reached(() -> api.pair(instance.id(), hostname, original, asked.pem()));
        var identity = asked.identity(paired.certificate(), paired.authority(), trusted);
        var kept =
                new FailbackDirectory.Kept(
                        instance.id(),
                        paired.clientId(),
                        paired.replicationAddress(),
                        machine.bootId(),
                        entries(mapped),
                        new Position.Unknown());
        if (!settings.dryRun()) {
            directory.begin(identity, kept);
        }
        LOG.log(
                System.Logger.Level.INFO,
                "event=paired client={0} instance={1}",
                paired.clientId(),
                instance.id());
        return new Begun(instance, mapped, identity, kept);
    }

    /// A question to the server.
    @FunctionalInterface
    private interface Question<T> {
        T ask() throws IOException, InterruptedException;
    }

    /// Asks until it can be reached: that it exists was found out when the settings were made.
    private <T> T reached(Question<T> question) throws IOException, InterruptedException {
        var pauses = new Pauses(time, operator);
        while (true) {
            try {
                return question.ask();
            } catch (ConnectException e) {
                pauses.next(e);
            }
        }
    }

    private Pursuit pursuit(Begun begun) {
        return new Pursuit(
                new Pursuit.Seams(
                        time,
                        random,
                        Network.system(),
                        machine,
                        Pursuit::address,
                        LinuxTargetDisk::open),
                operator,
                begun.mapped(),
                begun.identity(),
                begun.kept());
    }
}
