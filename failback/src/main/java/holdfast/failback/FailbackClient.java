package holdfast.failback;

import holdfast.agent.MachineProbe;
import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.RequestSigner;
import holdfast.base.TimeSource;
import holdfast.replication.MachineFacts;
import holdfast.replication.SessionEndedException;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.TlsContexts;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

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
            var server = server();
            var authority =
                    new ServerAuthority(time, random, operator, settings.prompt())
                            .of(settings.authority(), server);
            var api = api(server, authority);
            var instances = api.instances();
            var kept = directory.kept().filter(this::isWanted);
            if (kept.isPresent()) {
                var done = completed(directory, kept.get(), instances);
                if (done.isPresent()) {
                    return done.get();
                }
            }
            var begun =
                    settings.dryRun()
                            ? begin(api, authority, instances, Optional.empty(), directory)
                            : begin(api, authority, instances, kept, directory);
            try {
                var pursuit = pursuit(begun);
                if (settings.dryRun()) {
                    return pursuit.dryRun();
                }
                try {
                    return outcome(begun.instance().id(), pursuit.follow(directory));
                } finally {
                    sentBytes = pursuit.sentBytes();
                    receivedBytes = pursuit.receivedBytes();
                }
            } catch (SessionEndedException e) {
                if (e.code().equals("failback-completed")) {
                    var now = directory.kept().orElse(begun.kept());
                    return completed(directory, now, api.instances()).orElseThrow(() -> e);
                }
                throw new RefusalException(e.code(), String.valueOf(e.getMessage()));
            } finally {
                if (settings.dryRun()) {
                    api.leave(begun.identity().name());
                }
            }
        }
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
        return Optional.of(outcome(kept.instance(), complete.get().position()));
    }

    private Outcome outcome(String instance, Position position) {
        return new Outcome.Completed(instance, sentBytes, receivedBytes, position.words());
    }

    private URI server() throws IOException {
        return base(
                required(
                        settings.endpoint(),
                        "endpoint (https://<server>:8443)",
                        "--endpoint",
                        false));
    }

    private ControllerApi api(URI server, X509Certificate authority) throws IOException {
        var id = required(settings.accessKeyId(), "access key id", "--aws-access-key-id", false);
        var secret =
                required(
                        settings.secretAccessKey(),
                        "secret access key",
                        "--aws-secret-access-key",
                        true);
        var token = settings.sessionToken();
        return new ControllerApi(
                server,
                new RequestSigner(
                        id,
                        secret,
                        token,
                        settings.region().orElse(FailbackSettings.REGION),
                        ControllerApi.SERVICE),
                TlsContexts.client(authority, time, random),
                time);
    }

    private static URI base(String text) {
        try {
            var uri = new URI(text.strip());
            if ("https".equals(uri.getScheme()) && uri.getHost() != null) {
                return new URI("https", null, uri.getHost(), uri.getPort(), null, null, null);
            }
        } catch (URISyntaxException _) {
            // told below
        }
        throw new RefusalException(
                "malformed-endpoint", "'" + text + "' is no endpoint: write https://<server>:8443");
    }

    private String required(Optional<String> given, String what, String option, boolean secret)
            throws IOException {
        if (given.isPresent() && !given.get().isBlank()) {
            return given.get();
        }
        if (!settings.prompt()) {
            throw new RefusalException(
                    "malformed-request", "the " + what + " is missing: give it with " + option);
        }
        var answer = operator.ask(what + ": ", secret).strip();
        if (answer.isEmpty()) {
            throw new RefusalException("malformed-request", "no " + what + " was given");
        }
        return answer;
    }

    private Begun begin(
            ControllerApi api,
            X509Certificate authority,
            List<Instance> instances,
            Optional<FailbackDirectory.Kept> kept,
            FailbackDirectory directory)
            throws IOException, InterruptedException {
        var there = disks.list();
        var instance =
                kept.isPresent()
                        ? Instance.of(instances, kept.get().instance())
                        : choose(instances, there);
        var original = instance.recoveredFrom(machine.networkInterfaces(), there);
        var mapper = new Mapper(disks, settings.format(), operator, settings.prompt());
        var mapping = settings.mapping();
        if (kept.isPresent() && mapping.isEmpty()) {
            return goOn(instance, kept.get(), directory);
        }
        var mapped = mapper.map(instance, mapping);
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
        return pair(api, authority, instance, original, mapped, directory);
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
        var text = new ArrayList<String>();
        for (var disk : instance.disks()) {
            var local =
                    kept.disks().stream()
                            .filter(one -> one.recovery().equals(disk.name()))
                            .map(FailbackDirectory.Disk::local)
                            .findFirst();
            text.add(disk.name() + "=" + local.orElse(DeviceMapping.EXCLUDE));
        }
        var byName = new Mapper(disks, ValueFormat.DEV_NAME, operator, false);
        var mapped = byName.map(instance, Optional.of(String.join(",", text)));
        var next = kept.resumed(machine.bootId(), entries(mapped));
        directory.save(next);
        operator.tell("going on with " + instance.id() + ": " + next.position().words());
        return new Begun(instance, mapped, directory.identity(), next);
    }

    private Begun pair(
            ControllerApi api,
            X509Certificate authority,
            Instance instance,
            boolean original,
            List<MappedDisk> mapped,
            FailbackDirectory directory)
            throws IOException, InterruptedException {
        var hostname = machine.hostname().isBlank() ? "unknown" : machine.hostname();
        var asked = CertificateRequest.create(random, hostname);
        var paired = api.pair(instance.id(), hostname, original, asked.pem());
        var identity = asked.identity(paired.certificate(), authority);
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

    private Instance choose(List<Instance> all, List<LocalDisk> there) throws IOException {
        if (settings.instance().isPresent()) {
            return Instance.of(all, settings.instance().get());
        }
        var free = disks.free();
        var candidates =
                all.stream()
                        .filter(one -> Set.of("RUNNING", "FAILED", "STOPPED").contains(one.state()))
                        .filter(one -> !one.failback().equals("COMPLETED"))
                        .filter(one -> !one.failback().equals("DISCONNECTED"))
                        .toList();
        var own =
                candidates.stream()
                        .filter(one -> !one.drill())
                        .filter(one -> one.recoveredFrom(machine.networkInterfaces(), there))
                        .toList();
        if (own.size() == 1) {
            operator.tell(
                    "this machine is the one that "
                            + own.getFirst().id()
                            + " was recovered from; it is brought home");
            return own.getFirst();
        }
        var fitting = candidates.stream().filter(one -> one.fits(free)).toList();
        if (fitting.isEmpty()) {
            throw new RefusalException(
                    "no-instance",
                    "there is no recovery instance whose disks fit on this machine's: free or add disks, or launch one with `holdfast recover`");
        }
        if (!settings.prompt()) {
            throw new RefusalException(
                    "instance-needed",
                    "name the recovery instance with --recovery-instance-id; those that fit are "
                            + String.join(", ", fitting.stream().map(Instance::id).toList()));
        }
        for (var i = 0; i < fitting.size(); i++) {
            var one = fitting.get(i);
            operator.tell(
                    String.format(
                            Locale.ROOT,
                            "%3d  %s  %s%s, %d disks",
                            i + 1,
                            one.id(),
                            one.hostname(),
                            one.drill() ? " (drill)" : "",
                            one.disks().size()));
        }
        var answer = operator.ask("recovery instance, by number or id: ", false).strip();
        if (answer.matches("[0-9]{1,4}")) {
            var number = Integer.parseInt(answer);
            if (number < 1 || number > fitting.size()) {
                throw new RefusalException(
                        "unknown-instance", "there is no number " + number + " in the list");
            }
            return fitting.get(number - 1);
        }
        return Instance.of(fitting, answer);
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
