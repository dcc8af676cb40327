package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.recovery.MachineHost;
import holdfast.recovery.NetworkHost;
import holdfast.replication.ReplicationHost;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.EncryptionKeyFiles;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The control plane of one installation: the commands that the API translates to, and the engine
/// that works on its jobs.
///
/// Owns its threads. Borrows the database, the store and the machine host: whoever opened them
/// closes them, after this. Safe for any thread.
public final class Controller implements AutoCloseable {
    private static final int SERVERS_MAX = 200;

    /// Kinds of settings in the database.
    static final String LAUNCH = "LAUNCH";

    private static final String REPLICATION = "REPLICATION";

    private final Database database;
    private final TimeSource time;
    private final Points points;
    private final Enrolments enrolments;
    private final Servers servers;
    private final ServerOrders orders;
    private final Placement placement;
    private final Jobs jobs;
    private final Instances instances;
    private final Failbacks failbacks;
    private final ElsewhereInstances elsewhere;
    private final PointExports exports;
    private final EncryptionKeys encryptionKeys;
    private final Settings<ReplicationSettings> replicationSettings;
    private final Settings<LaunchSettings> launchSettings;
    private final LaunchTargets launchTargets;
    private final LaunchActions launchActions;
    private final Accounts accounts;
    private final Extensions extensions;
    private final Reversals reversals;
    private final Users users;
    private final Roles roles;
    private final AccessKeys accessKeys;
    private final Sessions sessions;
    private final UsedSignatures usedSignatures;
    private final Tags tags;
    private final Plans plans;
    private final PlanExecutions executions;
    private final Networks networks;
    private final NetworkStacks networkStacks;
    private final SourceNetworks sourceNetworks;
    private final NetworkRecoveries networkRecoveries;
    private final JobEngine engine;
    private final Housekeeping housekeeping;

    /// @param keyFiles where encryption keys are, which the store's data keys may be wrapped by
    /// @param nbdSocket of the NBD server that serves [#exports]
    /// @param scripts that launch actions may name
    public Controller(
            Database database,
            VolumeStore store,
            EncryptionKeyFiles keyFiles,
            MachineHost host,
            NetworkHost networkHost,
            Path nbdSocket,
            LaunchScripts scripts,
            ControlSettings settings,
            TimeSource time,
            RandomSource random) {
        this.database = database;
        this.time = time;
        accounts = new Accounts(database, time, random);
        var box = new SecretBox(store.derivedKey("access"), random);
        users = new Users(database, time);
        roles = new Roles(database);
        accessKeys = new AccessKeys(database, users, box, time, random);
        sessions = new Sessions(database, accessKeys, accounts, box, time);
        usedSignatures = new UsedSignatures(database, time);
        tags = new Tags(database);
        replicationSettings =
                new Settings<>(
                        database,
                        time,
                        random,
                        new Settings.Kind<>(
                                REPLICATION,
                                "rct",
                                new ReplicationSettings(0, settings.snapshotPolicy(), ""),
                                SettingsDocuments::ofReplication,
                                SettingsDocuments::replication));
        launchSettings =
                new Settings<>(
                        database,
                        time,
                        random,
                        new Settings.Kind<>(
                                LAUNCH,
                                "lct",
                                LaunchSettings.DEFAULT,
                                SettingsDocuments::ofLaunch,
                                SettingsDocuments::launch));
        launchActions = new LaunchActions(database, scripts);
        enrolments =
                new Enrolments(
                        database,
                        time,
                        random,
                        replicationSettings,
                        launchSettings,
                        settings.quotas());
        extensions =
                new Extensions(
                        database,
                        accounts,
                        time,
                        random,
                        replicationSettings,
                        launchSettings,
                        settings.quotas());
        reversals =
                new Reversals(database, store, time, random, replicationSettings, launchSettings);
        points = new Points(store, database);
        servers = new Servers(database, store, time, replicationSettings, settings.agentSilence());
        encryptionKeys =
                new EncryptionKeys(
                        database, store, keyFiles, accounts, replicationSettings, time, random);
        orders =
                new ServerOrders(
                        database, servers, store, replicationSettings, encryptionKeys, time);
        placement = new Placement(store);
        jobs = new Jobs(database, time, random, settings.quotas());
        plans = new Plans(database, time, random);
        executions = new PlanExecutions(database, jobs, points, time, random);
        networks = new Networks(database);
        networkStacks = new NetworkStacks(database, networkHost, time, random);
        sourceNetworks = new SourceNetworks(database, time, random, settings.quotas());
        networkRecoveries = new NetworkRecoveries(database, networkStacks, jobs, time);
        var attachments = new Attachments(database, networkStacks, launchSettings);
        launchTargets = new LaunchTargets(database, launchSettings);
        instances = new Instances(database, jobs, host, time);
        elsewhere = new ElsewhereInstances(database, store, host, servers.machines(), time);
        failbacks =
                new Failbacks(database, jobs, store, servers.machines(), elsewhere, time, random);
        jobs.onFailbackLeft(failbacks::failed);
        exports = new PointExports(database, store, points, elsewhere, time, random);
        var removal = new BranchRemoval(store, exports, time);
        var terminate = new TerminateWork(instances, elsewhere, removal, host, time);
        var launch =
                new LaunchWork(
                        database,
                        instances,
                        launchSettings,
                        new ActionWork(database, launchSettings, scripts, host),
                        attachments,
                        store,
                        removal,
                        host,
                        time,
                        nbdSocket,
                        settings.bootTimeout());
        var recover =
                new RecoverWork(
                        instances,
                        points,
                        new FreshPoints(servers, time),
                        launchSettings,
                        launchTargets,
                        terminate,
                        launch,
                        time,
                        random);
        var failback = new FailbackWork(failbacks, elsewhere, host, time, settings.stopTimeout());
        var network = new NetworkWork(networkRecoveries, networkStacks);
        var check = new CheckWork(database, points, store);
        engine =
                new JobEngine(
                        random.nextId("controller"),
                        jobs,
                        time,
                        run ->
                                switch (run.job().request()) {
                                    case JobRequest.Recover request -> recover.run(run, request);
                                    case JobRequest.Start request -> launch.run(run, request);
                                    case JobRequest.Terminate request ->
                                            terminate.run(run, request);
                                    case JobRequest.Failback request -> failback.run(run, request);
                                    case JobRequest.Networks request -> network.run(run, request);
                                    case JobRequest.Verify request -> check.verify(run, request);
                                    case JobRequest.Scrub() -> check.scrub(run);
                                });
        housekeeping =
                new Housekeeping(
                        database,
                        store,
                        time,
                        enrolments,
                        servers,
                        orders,
                        jobs,
                        instances,
                        failbacks,
                        reversals,
                        tags,
                        usedSignatures,
                        executions,
                        networkStacks,
                        sourceNetworks,
                        attachments,
                        settings);
    }

    /// Brings what an earlier version wrote up to date and serves exports again; to be called
    /// before the NBD server accepts connections and before anything is reclaimed.
    public void resume() throws IOException {
        accessKeys.adoptLegacy();
        orders.resume();
        exports.resume();
    }

    /// Starts to work on jobs and to keep house.
    public void start() {
        engine.start();
        housekeeping.start();
    }

    public Enrolments enrolments() {
        return enrolments;
    }

    public Servers servers() {
        return servers;
    }

    public ServerOrders orders() {
        return orders;
    }

    public Placement placement() {
        return placement;
    }

    /// To be read; what is changed by [ServerOrders#configure] acts at once.
    public Settings<ReplicationSettings> replicationSettings() {
        return replicationSettings;
    }

    public Settings<LaunchSettings> launchSettings() {
        return launchSettings;
    }

    public LaunchActions launchActions() {
        return launchActions;
    }

    public Jobs jobs() {
        return jobs;
    }

    public Instances instances() {
        return instances;
    }

    public Failbacks failbacks() {
        return failbacks;
    }

    /// Recovery instances that run where Holdfast launches none.
    public ElsewhereInstances elsewhere() {
        return elsewhere;
    }

    /// Whom the replicator asks about agents.
    public ReplicationHost agents() {
        return new AgentHosts(servers, elsewhere);
    }

    public PointExports exports() {
        return exports;
    }

    /// What is asked of the control plane.
    @FunctionalInterface
    public interface Question<T> {
        T ask() throws IOException;
    }

    /// Several questions as of one instant, between which nothing changes; everybody else's wait
    /// meanwhile. For questions only, asked by this thread's caller as the account that it is.
    public <T> T atOnce(Question<T> questions) throws IOException {
        return database.transact(_ -> questions.ask());
    }

    /// The clock by which everything here is told.
    public TimeSource time() {
        return time;
    }

    public Accounts accounts() {
        return accounts;
    }

    public Extensions extensions() {
        return extensions;
    }

    public Reversals reversals() {
        return reversals;
    }

    public Users users() {
        return users;
    }

    public Roles roles() {
        return roles;
    }

    public Sessions sessions() {
        return sessions;
    }

    public UsedSignatures usedSignatures() {
        return usedSignatures;
    }

    public EncryptionKeys encryptionKeys() {
        return encryptionKeys;
    }

    public AccessKeys accessKeys() {
        return accessKeys;
    }

    public Plans plans() {
        return plans;
    }

    public PlanExecutions executions() {
        return executions;
    }

    public Networks networks() {
        return networks;
    }

    public NetworkStacks networkStacks() {
        return networkStacks;
    }

    public SourceNetworks sourceNetworks() {
        return sourceNetworks;
    }

    public NetworkRecoveries networkRecoveries() {
        return networkRecoveries;
    }

    public Tags tags() {
        return tags;
    }

    /// For a step by step test of jobs.
    JobEngine engine() {
        return engine;
    }

    Housekeeping housekeeping() {
        return housekeeping;
    }

    /// Begins to launch a recovery instance for each server.
    ///
    /// @throws RefusalException if a server is unknown, or has no such point
    public Job.View recover(List<String> ids, boolean drill, PointChoice choice)
            throws IOException {
        if (ids.size() > 1 && choice instanceof PointChoice.ById) {
            throw new RefusalException(
                    "malformed-request",
                    "a point belongs to one server: name one server, or a time instead of a point");
        }
        var targets = ids.stream().map(id -> new RecoveryTarget(id, choice)).toList();
        requirePossible(targets, drill);
        return submit(new JobRequest.Recover(targets, drill, false));
    }

    /// Begins to launch a recovery instance for each server, from a point of its own, unless a job
    /// works on one of them. Earlier instances of the servers end first, and where the newest point
    /// is asked for, a new one is waited for.
    ///
    /// @param jobTags what the user calls the job
    /// @throws RefusalException if a server is unknown, has no such point or has a job
    public Job.View recover(
            List<RecoveryTarget> targets, boolean drill, Map<String, String> jobTags)
            throws IOException {
        requirePossible(targets, drill);
        return database.transact(tx -> {
            ServerOrders.refuseWithJob(tx, targets.stream().map(RecoveryTarget::server).toList());
            var job = jobs.submitAsked(tx, new JobRequest.Recover(targets, drill, true));
            Tags.put(tx, job.id(), jobTags);
            return new Job.View(job, List.of(), List.of());
        });
    }

    private void requirePossible(List<RecoveryTarget> targets, boolean drill) throws IOException {
        var ids = targets.stream().map(RecoveryTarget::server).toList();
        if (ids.isEmpty() || ids.size() > SERVERS_MAX || new HashSet<>(ids).size() < ids.size()) {
            throw new RefusalException(
                    "malformed-request",
                    String.format(
                            Locale.ROOT,
                            "a recovery is of 1 to %d different servers, %d were named",
                            SERVERS_MAX,
                            ids.size()));
        }
        for (var target : targets) {
            requireKnown(target.server());
            // the user is told now, not by a failed job
            points.choose(target.server(), target.point());
            launchTargets.of(target.server(), drill);
        }
    }

    /// Begins to read a whole point back.
    ///
    /// @throws RefusalException if the server is unknown, or has no such point
    public Job.View verify(String server, PointChoice choice) throws IOException {
        requireKnown(server);
        points.choose(server, choice);
        return submit(new JobRequest.Verify(server, choice));
    }

    /// Begins to read every stored byte.
    public Job.View scrub() throws IOException {
        return submit(new JobRequest.Scrub());
    }

    /// Consistency points with `from <= instant <= to`, oldest first, the newest `limit` of them.
    ///
    /// @throws RefusalException if the server is unknown
    public List<ConsistencyPoint> points(String server, Instant from, Instant to, int limit)
            throws IOException {
        if (servers.get(server).server().state().idle()) {
            return List.of();
        }
        return points.between(server, from, to, limit);
    }

    /// The newest point at or before a time of the source's clock.
    ///
    /// @throws RefusalException if the server is unknown
    public Optional<ConsistencyPoint> pointAt(String server, Instant at) throws IOException {
        requireKnown(server);
        return points.at(server, at);
    }

    private void requireKnown(String server) throws IOException {
        database.transact(tx -> Servers.requireActive(tx, server));
    }

    private Job.View submit(JobRequest request) throws IOException {
        return database.transact(
                tx -> new Job.View(jobs.submitAsked(tx, request), List.of(), List.of()));
    }

    /// Stops working; jobs under way are left for the next controller.
    @Override
    public void close() {
        engine.close();
        housekeeping.close();
        exports.close();
    }
}
