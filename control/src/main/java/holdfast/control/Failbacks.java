package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.replication.AgentReport;
import holdfast.replication.ComparedDisk;
import holdfast.replication.DiskFacts;
import holdfast.replication.FailbackHost;
import holdfast.replication.MachineFacts;
import holdfast.replication.MachineIdentity;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Failbacks of recovery instances: who may follow which, and how far they are. Rows are made when
/// something is first said of an instance's failback. Safe for any thread.
public final class Failbacks implements FailbackHost {
    private static final String CLIENT = "fbc";
    private static final int INSTANCES_MAX = 200;
    private static final long BYTES_PER_MEGABIT = 1_000_000 / 8;

    private static final System.Logger LOG = System.getLogger("holdfast.failbacks");

    private final Database database;
    private final Jobs jobs;
    private final VolumeStore store;
    private final TimeSource time;
    private final RandomSource random;
    private final ServerMachines machines;
    private final ElsewhereInstances elsewhere;

    /// By client; gone with the process.
    private final Map<String, Contact> contacts = new ConcurrentHashMap<>();

    /// @param sessions open now: a newer one begins before the older has ended
    /// @param machine that its newest session is from
    private record Contact(
            int sessions, Instant seenAt, Optional<AgentReport> report, MachineIdentity machine) {
        Contact from(MachineIdentity newest) {
            return new Contact(sessions, seenAt, report, newest);
        }
    }

    Failbacks(
            Database database,
            Jobs jobs,
            VolumeStore store,
            ServerMachines machines,
            ElsewhereInstances elsewhere,
            TimeSource time,
            RandomSource random) {
        this.elsewhere = elsewhere;
        this.machines = machines;
        this.database = database;
        this.jobs = jobs;
        this.store = store;
        this.time = time;
        this.random = random;
    }

    /// @throws RefusalException if there is no such instance
    public FailbackView get(String instance) throws IOException {
        return view(database.transact(tx -> require(tx, instance)));
    }

    /// Of all instances that something was ever said of, by instance.
    public Map<String, FailbackView> all() throws IOException {
        return database.transact(tx -> Tables.FAILBACKS.select(tx, "")).stream()
                .collect(Collectors.toMap(Failback::instance, this::view));
    }

    private FailbackView view(Failback failback) {
        var contact = failback.client().map(client -> contacts.get(client.id()));
        return new FailbackView(
                failback,
                contact.filter(known -> known.sessions() > 0).isPresent(),
                contact.map(Contact::seenAt),
                contact.flatMap(Contact::report).or(failback::report));
    }

    private Failback require(Transaction tx, String instance) throws DatabaseException {
        Instances.require(tx, instance);
        return find(tx, instance);
    }

    private Failback find(Transaction tx, String instance) throws DatabaseException {
        return Tables.FAILBACKS
                .find(tx, instance)
                .orElseGet(() -> Failback.of(instance, time.now()));
    }

    /// Binds a new client to an instance.
    ///
    /// @param original whether it says that it is the machine that was recovered
    /// @param certify issues the certificate for the id it is given
    /// @return the client's id and what `certify` returned
    /// @throws RefusalException if there is no such instance, it has nothing to be followed, or
    ///   another client follows it
    public <C> Pairing<C> pair(
            String instance, String hostname, boolean original, Enrolments.Certifier<C> certify)
            throws IOException {
        var client = new Failback.Client(random.nextId(CLIENT), hostname, original, time.now());
        var certificate = certify.certify(client.id());
        database.<@Nullable Void>transact(tx -> {
            var failback = require(tx, instance);
            requireFollowable(Instances.require(tx, instance));
            if (failback.state() != FailbackState.DISCONNECTED) {
                refuseWhileFollowed(failback);
            } // else that is what is to be told
            change(
                    tx,
                    failback.pairedWith(client),
                    FailbackState.Event.CLIENT_PAIRED,
                    "client " + client.id() + " on " + hostname + " was paired");
            return null;
        });
        if (database.transact(tx -> Reversals.of(tx, instance)).isEmpty()) {
            // the points of a failback are for the client alone: none is kept beyond the window
            store.snapshotPolicy(instance, new SnapshotPolicy(List.of()));
        }
        return new Pairing<>(client.id(), certificate);
    }

    /// A client and its certificate.
    public record Pairing<C>(String clientId, C certificate) {}

    private void refuseWhileFollowed(Failback failback) {
        if (failback.client().isPresent() && view(failback).connected()) {
            var other = failback.client().get();
            throw new RefusalException(
                    "failback-in-progress",
                    String.format(
                            Locale.ROOT,
                            "the failback client %s on %s follows instance %s already: end it there, or stop the failback with `holdfast instances stop-failback %s`",
                            other.id(),
                            other.hostname(),
                            failback.instance(),
                            failback.instance()));
        }
    }

    static void requireFollowable(RecoveryInstance instance) {
        switch (instance.state()) {
            case RUNNING, FAILED, STOPPED -> {}
            case LAUNCHING, TERMINATING, TERMINATED ->
                    throw new RefusalException(
                            "instance-" + instance.state().name().toLowerCase(Locale.ROOT),
                            String.format(
                                    Locale.ROOT,
                                    "instance %s is %s and cannot be failed back",
                                    instance.id(),
                                    instance.state()));
        }
    }

    /// Changes what an operator may set.
    ///
    /// @throws RefusalException if there is no such instance
    public void set(String instance, UnaryOperator<Failback.Settings> change) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var failback = require(tx, instance);
            save(tx, failback.set(change.apply(failback.settings())));
            return null;
        });
    }

    /// Begins to finish failbacks, in one job: all of them or none.
    ///
    /// @throws RefusalException if one is unknown or not READY
    public Job.View start(List<String> ids, Map<String, String> jobTags) throws IOException {
        if (ids.isEmpty() || ids.size() > INSTANCES_MAX || new HashSet<>(ids).size() < ids.size()) {
            throw new RefusalException(
                    "malformed-request",
                    String.format(
                            Locale.ROOT,
                            "a failback is of 1 to %d different instances, %d were named",
                            INSTANCES_MAX,
                            ids.size()));
        }
        return database.transact(tx -> {
            var endings = new ArrayList<JobRequest.Ending>();
            for (var id : ids) {
                require(tx, id);
                endings.add(new JobRequest.Ending(id, Instances.require(tx, id).server()));
            }
            var job = jobs.submitAsked(tx, new JobRequest.Failback(endings));
            for (var id : ids) {
                requireFollowable(Instances.require(tx, id));
                change(
                        tx,
                        find(tx, id).workedOnBy(job.id()),
                        FailbackState.Event.LAUNCH_ASKED,
                        "being finished by " + job.id());
            }
            Tags.put(tx, job.id(), jobTags);
            return new Job.View(job, List.of(), ids);
        });
    }

    /// Abandons a failback: its client is told at its next turn.
    ///
    /// @throws RefusalException if there is no such instance, or it is being finished
    public void stop(String instance) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            change(
                    tx,
                    require(tx, instance).withoutClient(),
                    FailbackState.Event.STOPPED,
                    "stopped by the operator");
            return null;
        });
    }

    /// A client gives up what it began, and may never come back.
    ///
    /// @throws RefusalException if it follows nothing, or its failback is being finished
    public void leave(String clientId) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            change(
                    tx,
                    requireClient(tx, clientId).withoutClient(),
                    FailbackState.Event.STOPPED,
                    "its client has left");
            return null;
        });
    }

    /// Lets nobody follow the instance any more. Its machine and branches stay.
    ///
    /// @throws RefusalException if there is no such instance, or it is being finished
    public void disconnect(String instance) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            change(
                    tx,
                    require(tx, instance),
                    FailbackState.Event.DISCONNECTED,
                    "disconnected by the operator");
            return null;
        });
        elsewhere.end(instance);
    }

    @Override
    public boolean isClient(String name) {
        return name.startsWith(CLIENT + "-");
    }

    /// @throws RefusalException if the client follows nothing (any more)
    private Failback requireClient(Transaction tx, String clientId) throws DatabaseException {
        var failback =
                Tables.FAILBACKS.select(tx, "").stream()
                        .filter(known ->
                                known.client().filter(c -> c.id().equals(clientId)).isPresent())
                        .findFirst()
                        .orElseThrow(() ->
                                new RefusalException(
                                        "failback-stopped",
                                        "this client follows no instance any more: the failback was stopped, or another client took over; start it anew to begin again"));
        switch (failback.state()) {
            case COMPLETED ->
                    throw new RefusalException(
                            "failback-completed",
                            "the failback of instance " + failback.instance() + " is completed");
            case DISCONNECTED ->
                    throw new RefusalException(
                            "instance-disconnected",
                            "instance "
                                    + failback.instance()
                                    + " was disconnected by the operator");
            case NOT_STARTED, IN_PROGRESS, READY, FINISHING, ERROR -> {}
        }
        requireFollowable(Instances.require(tx, failback.instance()));
        return failback;
    }

    @Override
    public Followed begin(String clientId, MachineFacts machine, List<DiskFacts> disks)
            throws IOException {
        var instance = database.transact(tx -> requireClient(tx, clientId)).instance();
        var all = RecoverWork.branches(store, instance);
        var branches = new ArrayList<Volume>();
        for (var disk : disks) {
            branches.add(
                    all.stream()
                            .filter(branch -> branch.name().equals(disk.name()))
                            .findFirst()
                            .orElseThrow(() ->
                                    new RefusalException(
                                            "unknown-disk",
                                            String.format(
                                                    Locale.ROOT,
                                                    "instance %s has no disk %s; it has: %s",
                                                    instance,
                                                    disk.name(),
                                                    all.stream()
                                                            .map(Volume::name)
                                                            .collect(Collectors.joining(", "))))));
        }
        contacts.compute(clientId, (_, known) -> seen(known, 1).from(machine.identity()));
        return new Followed(instance, branches);
    }

    private Contact seen(@Nullable Contact known, int sessions) {
        return known == null
                ? new Contact(
                        Math.max(0, sessions),
                        time.now(),
                        Optional.empty(),
                        MachineIdentity.UNKNOWN)
                : new Contact(
                        Math.max(0, known.sessions() + sessions),
                        time.now(),
                        known.report(),
                        known.machine());
    }

    @Override
    public Turn nextPoint(String clientId) throws IOException {
        var failback = database.transact(tx -> requireClient(tx, clientId));
        contacts.compute(clientId, (_, known) -> seen(known, 0));
        if (failback.state() == FailbackState.FINISHING && failback.lastPoint().isPresent()) {
            return new Turn(failback.lastPoint().get(), true);
        }
        return new Turn(elsewhere.point(failback.instance()), false);
    }

    @Override
    public long bytesPerSecondMax(String clientId) throws IOException {
        return database.transact(tx -> requireClient(tx, clientId)).settings().megabitsPerSecond()
                * BYTES_PER_MEGABIT;
    }

    @Override
    public void reported(String clientId, AgentReport report) {
        contacts.compute(
                clientId,
                (_, known) -> {
                    var seen = seen(known, 0);
                    return new Contact(
                            seen.sessions(), seen.seenAt(), Optional.of(report), seen.machine());
                });
    }

    @Override
    public void reached(String clientId, long sequence) throws IOException {
        var report = Optional.ofNullable(contacts.get(clientId)).flatMap(Contact::report);
        database.<@Nullable Void>transact(tx -> {
            var failback = requireClient(tx, clientId).reached(sequence);
            var kept = report.map(failback::reported).orElse(failback);
            if (kept.state() == FailbackState.NOT_STARTED) {
                save(tx, kept);
            } else {
                change(
                        tx,
                        kept,
                        FailbackState.Event.IN_STEP,
                        "the client's disks equal a point of the instance");
            }
            return null;
        });
    }

    @Override
    public void verified(String clientId, long sequence, List<ComparedDisk> disks)
            throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var failback = requireClient(tx, clientId);
            var last = failback.lastPoint();
            if (failback.state() != FailbackState.FINISHING
                    || last.isEmpty()
                    || last.get().sequence() != sequence
                    || !failback.reached().equals(Optional.of(sequence))) {
                throw new RefusalException(
                        "failback-not-finishing",
                        "what was read back is not the last point of the instance: begin the last round again");
            }
            var found = failback.verifiedAs(disks);
            var differing = disks.stream().mapToLong(ComparedDisk::differingBytes).sum();
            if (differing == 0) {
                var contact = contacts.get(clientId);
                if (contact != null) {
                    var server = Instances.require(tx, failback.instance()).server();
                    machines.leave(tx, server, contact.machine());
                }
                change(
                        tx,
                        found,
                        FailbackState.Event.VERIFIED,
                        "every disk was read back and equals the last point");
            } else {
                change(
                        tx,
                        found,
                        FailbackState.Event.FAILED,
                        String.format(
                                Locale.ROOT,
                                "%d bytes that were read back from the client's disks are not what was written: look at its disks",
                                differing));
            }
            return null;
        });
    }

    @Override
    public void ended(String clientId, Optional<String> error) {
        contacts.compute(clientId, (_, known) -> seen(known, -1));
        error.ifPresent(
                why -> LOG.log(System.Logger.Level.WARNING, "client={0} left: {1}", clientId, why));
    }

    /// Records the point after which the instance has not run, in a transaction of the caller's.
    void stopped(Transaction tx, String instance, ConsistencyPoint last) throws DatabaseException {
        save(tx, find(tx, instance).endsAt(Optional.of(last)));
    }

    /// Ends an attempt to finish, in a transaction of the caller's.
    void failed(Transaction tx, String instance, String why) throws DatabaseException {
        var failback = find(tx, instance);
        if (failback.state() == FailbackState.FINISHING) {
            change(tx, failback.endsAt(Optional.empty()), FailbackState.Event.FAILED, why);
        }
    }

    /// Forgets the failbacks of instances that are gone.
    void prune() throws IOException {
        database.<@Nullable Void>transact(tx -> {
            for (var failback : Tables.FAILBACKS.select(tx, "")) {
                if (Tables.INSTANCES.find(tx, failback.instance()).isEmpty()) {
                    Tables.FAILBACKS.delete(tx, failback);
                }
            }
            return null;
        });
    }

    private static void save(Transaction tx, Failback failback) throws DatabaseException {
        if (Tables.FAILBACKS.find(tx, failback.instance()).isPresent()) {
            Tables.FAILBACKS.update(tx, failback);
        } else {
            Tables.FAILBACKS.insert(tx, failback);
        }
    }

    private void change(Transaction tx, Failback failback, FailbackState.Event event, String why)
            throws DatabaseException {
        var next = failback.on(event, why, time.now());
        save(tx, next);
        if (next.state() != failback.state()) {
            tx.afterCommit(() ->
                    LOG.log(
                            System.Logger.Level.INFO,
                            "failback instance={0} state={1} -> {2} ({3})",
                            next.instance(),
                            failback.state(),
                            next.state(),
                            why));
        }
    }
}
