package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.recovery.MachineHost;
import holdfast.replication.AgentReport;
import holdfast.replication.DiskFacts;
import holdfast.replication.MachineFacts;
import holdfast.replication.Newcomer;
import holdfast.replication.ReplicationHost;
import holdfast.replication.SessionControl;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.SnapshotPolicy;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Agents of recovery instances that run elsewhere: they replicate into the instance's branches,
/// whose points a failback then follows as those of any instance. Safe for any thread.
///
/// While one does, the branches are between two points most of the time; so whoever needs a point
/// of them takes the newest that the agent made, and none is made here.
public final class ElsewhereInstances implements ReplicationHost {
    private static final Duration LOOK = Duration.ofMillis(200);

    /// An agent that loses its link on the way is asked again.
    private static final Duration ASK_EVERY = Duration.ofSeconds(5);

    private static final System.Logger LOG = System.getLogger("holdfast.elsewhere");

    private final Database database;
    private final VolumeStore store;
    private final MachineHost host;
    private final ServerMachines machines;
    private final TimeSource time;
    private final Map<String, SessionControl> sessions = new ConcurrentHashMap<>();
    private final Map<String, Contact> contacts = new ConcurrentHashMap<>();

    /// What this process has heard of an agent.
    private record Contact(int sessions, Instant seenAt, Optional<AgentReport> report) {}

    ElsewhereInstances(
            Database database,
            VolumeStore store,
            MachineHost host,
            ServerMachines machines,
            TimeSource time) {
        this.database = database;
        this.store = store;
        this.host = host;
        this.machines = machines;
        this.time = time;
    }

    static boolean isInstance(String name) {
        return name.startsWith("i-");
    }

    /// Makes the holder of a token the agent of the instance that the token is for.
    ///
    /// @param certify issues the certificate for the instance's id
    /// @throws RefusalException if the token is not accepted, or the instance cannot run elsewhere
    public <C> C enrol(
            String token, String instance, String hostname, Enrolments.Certifier<C> certify)
            throws IOException {
        requireStopped(instance);
        database.transact(tx -> requirePossible(tx, instance));
        var certificate = certify.certify(instance);
        if (store.newestPoint(instance).isEmpty()) {
            store.branchPoint(instance); // what the images are of, at least
        }
        database.<@Nullable Void>transact(tx -> {
            Enrolments.use(tx, token, instance, time.now());
            requirePossible(tx, instance);
            ServerMachines.forget(tx, instance); // it is that machine from now on
            Elsewhere.save(
                    tx,
                    new Elsewhere(
                            instance, hostname, time.now(), Optional.empty(), Optional.empty()));
            return null;
        });
        LOG.log(System.Logger.Level.INFO, "instance={0} runs elsewhere: {1}", instance, hostname);
        return certificate;
    }

    private void requireStopped(String instance) throws IOException {
        if (host.find(instance).filter(machine -> machine.running()).isPresent()) {
            throw new RefusalException(
                    "instance-running",
                    "the machine of recovery instance "
                            + instance
                            + " runs here, on the same disks: recover the server with the launch disposition STOPPED to run it elsewhere");
        }
    }

    /// @throws RefusalException if the instance cannot run elsewhere
    static RecoveryInstance requirePossible(Transaction tx, String id) throws DatabaseException {
        var instance = Instances.require(tx, id);
        switch (instance.state()) {
            case STOPPED, FAILED -> {}
            case LAUNCHING, RUNNING, TERMINATING, TERMINATED ->
                    throw new RefusalException(
                            "instance-not-stopped",
                            String.format(
                                    Locale.ROOT,
                                    "recovery instance %s is %s: only one that is STOPPED here can run elsewhere",
                                    id,
                                    instance.state()));
        }
        Reversals.refuseReversed(tx, id);
        return instance;
    }

    /// @throws RefusalException if the instance runs elsewhere
    static void refuse(Transaction tx, String instance) throws DatabaseException {
        var machine = Elsewhere.find(tx, instance);
        if (machine.isPresent()) {
            throw new RefusalException(
                    "instance-elsewhere",
                    String.format(
                            Locale.ROOT,
                            "recovery instance %s runs elsewhere, on %s, whose agent replicates into its disks",
                            instance,
                            machine.get().hostname()));
        }
    }

    /// A point of the instance's disks: the newest of its agent's where it runs elsewhere, or else
    /// one that is made now.
    ConsistencyPoint point(String instance) throws IOException {
        if (database.transact(tx -> Elsewhere.find(tx, instance)).isEmpty()) {
            return store.branchPoint(instance);
        }
        return store.newestPoint(instance)
                .orElseThrow(() ->
                        new RefusalException(
                                "no-point", "recovery instance " + instance + " has no point yet"));
    }

    /// Empty if the instance does not run elsewhere.
    public Optional<Elsewhere.View> find(String instance) throws IOException {
        return database.transact(tx -> Elsewhere.find(tx, instance)).map(this::view);
    }

    /// Those of all instances, by instance.
    public Map<String, Elsewhere.View> all() throws IOException {
        return database.transact(tx -> Elsewhere.ROWS.select(tx, "")).stream()
                .collect(Collectors.toMap(Elsewhere::instance, this::view));
    }

    private Elsewhere.View view(Elsewhere machine) {
        var contact = Optional.ofNullable(contacts.get(machine.instance()));
        return new Elsewhere.View(
                machine.hostname(),
                machine.since(),
                contact.filter(known -> known.sessions() > 0).isPresent(),
                contact.map(Contact::seenAt).or(machine::lastSeenAt),
                contact.flatMap(Contact::report));
    }

    @Override
    public void admit(String instance, Newcomer newcomer) throws IOException, InterruptedException {
        machines.admit(instance, newcomer);
    }

    @Override
    public Begun begin(String instance, MachineFacts machine, List<DiskFacts> disks)
            throws IOException {
        requireStopped(instance);
        database.transact(tx -> requireAdmitted(tx, instance, machine.bootId()));
        var branches = new BranchMatch(instance, RecoverWork.branches(store, instance)).of(disks);
        var none = new SnapshotPolicy(List.of()); // its points are for a failback
        if (!store.snapshotPolicy(instance).equals(none)) {
            store.snapshotPolicy(instance, none);
        }
        var boots =
                database.transact(tx -> {
                    var current = requireAdmitted(tx, instance, machine.bootId());
                    Elsewhere.save(tx, current.seen(time.now()).endsAt(Optional.empty()));
                    return machines.began(tx, instance, machine);
                });
        hear(instance, 1, Optional.empty());
        return new Begun(branches, boots);
    }

    /// @throws RefusalException if the instance's agent may not replicate: this is what it is told
    private Elsewhere requireAdmitted(Transaction tx, String id, String bootId)
            throws DatabaseException {
        requireThere(tx, id);
        requirePossible(tx, id);
        var failback = Tables.FAILBACKS.find(tx, id).map(Failback::state);
        var machine =
                Elsewhere.find(tx, id)
                        .orElseThrow(() ->
                                new RefusalException(
                                        "instance-not-elsewhere",
                                        "recovery instance "
                                                + id
                                                + " does not run elsewhere: enrol again with a token that is made for it"));
        var over =
                failback.equals(Optional.of(FailbackState.COMPLETED))
                        || (failback.equals(Optional.of(FailbackState.FINISHING))
                                && machine.lastPoint().isPresent());
        if (!over) {
            return machine;
        }
        if (machine.lastPoint().isPresent() && machines.isNewestBoot(tx, id, bootId)) {
            throw recorded(id);
        }
        throw new RefusalException(
                "failback-" + failback.orElseThrow().name().toLowerCase(Locale.ROOT),
                "recovery instance "
                        + id
                        + " was failed back: what this machine writes since is not brought home");
    }

    /// @throws RefusalException if the operator wants no more of it
    private static void requireThere(Transaction tx, String id) throws DatabaseException {
        var instance = Tables.INSTANCES.find(tx, id);
        var gone =
                instance.isEmpty()
                        || instance.get().state() == InstanceState.TERMINATING
                        || instance.get().state() == InstanceState.TERMINATED;
        var failback = Tables.FAILBACKS.find(tx, id).map(Failback::state);
        if (gone || failback.equals(Optional.of(FailbackState.DISCONNECTED))) {
            throw ended(id);
        }
    }

    private static RefusalException ended(String id) {
        return new RefusalException(
                SessionControl.DISCONNECTED,
                "recovery instance " + id + " was disconnected or terminated by the operator");
    }

    private static RefusalException recorded(String id) {
        return new RefusalException(
                SessionControl.FINISHED,
                "the last round of recovery instance " + id + " is recorded");
    }

    @Override
    public void began(String instance, SessionControl session) {
        sessions.put(instance, session);
        try { // an order given since the session asked to begin may have missed it
            database.<@Nullable Void>transact(tx -> {
                requireThere(tx, instance);
                return null;
            });
            session.limit(0);
        } catch (RefusalException e) {
            session.end(e);
        } catch (IOException e) {
            session.end(again(String.valueOf(e.getMessage())));
        }
    }

    private static RefusalException again(String why) {
        return new RefusalException(SessionControl.AGAIN, why);
    }

    @Override
    public void certified(String instance, Instant expiresAt) {}

    @Override
    public void renewing(String instance) throws IOException {
        database.transact(tx -> requirePossible(tx, instance));
    }

    @Override
    public void reported(String instance, AgentReport report) {
        hear(instance, 0, Optional.of(report));
    }

    @Override
    public void pointMade(String instance, ConsistencyPoint point) {
        hear(instance, 0, Optional.empty());
    }

    @Override
    public void finished(String instance, long round) {
        var last = store.newestPoint(instance).filter(point -> point.round() == round);
        var session = sessions.get(instance);
        if (last.isEmpty() || session == null) {
            return; // a point of an earlier session's: the agent makes another
        }
        try {
            var asked =
                    database.transact(tx -> {
                        var machine = Elsewhere.find(tx, instance);
                        var wanted = machine.isPresent() && isFinishing(tx, instance);
                        if (wanted) {
                            Elsewhere.save(tx, machine.get().endsAt(last));
                        }
                        return wanted;
                    });
            // who is not being failed back any more must not be powered off
            session.end(asked ? recorded(instance) : again("the failback is not being finished"));
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "instance={0} last round not recorded: {1}",
                    instance,
                    e.getMessage());
        }
    }

    private static boolean isFinishing(Transaction tx, String instance) throws DatabaseException {
        return Tables.FAILBACKS
                .find(tx, instance)
                .filter(failback -> failback.state() == FailbackState.FINISHING)
                .isPresent();
    }

    @Override
    public void ended(String instance, Optional<String> error) {
        sessions.remove(instance);
        hear(instance, -1, Optional.empty());
        error.ifPresent(why ->
                LOG.log(
                        System.Logger.Level.WARNING,
                        "instance={0} agent left: {1}",
                        instance,
                        why));
        try {
            database.<@Nullable Void>transact(tx -> {
                var machine = Elsewhere.find(tx, instance);
                if (machine.isPresent()) {
                    Elsewhere.save(tx, machine.get().seen(time.now()));
                }
                return null;
            });
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "instance={0} not recorded when it was last seen: {1}",
                    instance,
                    e.getMessage());
        }
    }

    private void hear(String instance, int change, Optional<AgentReport> report) {
        contacts.compute(
                instance,
                (_, known) ->
                        new Contact(
                                Math.max(0, (known == null ? 0 : known.sessions()) + change),
                                time.now(),
                                report.or(
                                        () -> known == null ? Optional.empty() : known.report())));
    }

    /// Ends the session of an instance's agent, which uninstalls itself.
    void end(String instance) {
        var session = sessions.get(instance);
        if (session != null) {
            session.end(ended(instance));
        }
    }

    /// Has the agent make its last round.
    ///
    /// @param progress told what is waited for
    /// @throws IOException if there is none within that time, with the agent's word
    ConsistencyPoint finish(String instance, Duration within, Consumer<String> progress)
            throws IOException, InterruptedException {
        var began = time.nanoTime();
        var asked = began - ASK_EVERY.toNanos();
        while (true) {
            var machine =
                    database.transact(tx -> Elsewhere.find(tx, instance))
                            .orElseThrow(() -> new IOException(instance + " runs no more"));
            if (machine.lastPoint().isPresent()) {
                return machine.lastPoint().get();
            }
            var session = sessions.get(instance);
            if (time.nanoTime() - began > within.toNanos()) {
                if (session != null) {
                    session.end(again("no last round is wanted any more"));
                }
                throw new IOException(late(machine, within, session != null));
            }
            if (session != null && time.nanoTime() - asked >= ASK_EVERY.toNanos()) {
                asked = time.nanoTime();
                if (!session.finish()) {
                    throw new IOException(
                            "the agent on "
                                    + machine.hostname()
                                    + " is too old to be asked for a last round: upgrade it");
                }
            }
            progress.accept(session == null ? "its agent is away" : "its agent was asked");
            time.sleep(LOOK);
        }
    }

    private String late(Elsewhere machine, Duration within, boolean connected) {
        var detail = view(machine).report().map(AgentReport::detail).orElse("");
        return String.format(
                Locale.ROOT,
                "the agent on %s made no last round within %d s: %s",
                machine.hostname(),
                within.toSeconds(),
                connected
                        ? (detail.isEmpty() ? "see its status there" : detail)
                        : "it is not connected; start it, then finish the failback again");
    }
}
