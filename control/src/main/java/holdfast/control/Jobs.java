package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Jobs and their leases, as rows. Every write by a controller checks, in the same transaction,
/// that it still holds the job's lease. Safe for any thread.
public final class Jobs {
    /// How long a job rests after its controller was killed. Renewed every third of it.
    static final Duration LEASE = Duration.ofSeconds(10);

    /// A job that outlives so many controllers is what ends them: it fails by name then.
    static final int ATTEMPTS_MAX = 5;

    private static final System.Logger LOG = System.getLogger("holdfast.jobs");

    private final Database database;
    private final TimeSource time;
    private final RandomSource random;
    private final Quotas quotas;

    /// What phases under way say of themselves; not worth a row, gone with the process.
    private final Map<PhaseKey, String> progress = new ConcurrentHashMap<>();

    private volatile Leaver failbackLeft = (_, _, _) -> {};

    /// Told of a failback whose job ends, so that it does not stay as it is for ever.
    @FunctionalInterface
    interface Leaver {
        void record(Transaction tx, String instance, String why) throws DatabaseException;
    }

    Jobs(Database database, TimeSource time, RandomSource random, Quotas quotas) {
        this.database = database;
        this.time = time;
        this.random = random;
        this.quotas = quotas;
    }

    void onFailbackLeft(Leaver leaver) {
        failbackLeft = leaver;
    }

    /// Makes a job row that a user asked for, in a transaction of the caller's.
    ///
    /// @throws RefusalException if a quota does not allow it
    Job submitAsked(Transaction tx, JobRequest request) throws DatabaseException {
        quotas.requireJob(tx, request);
        return submit(tx, request);
    }

    /// Makes a job row in a transaction of the caller's.
    Job submit(Transaction tx, JobRequest request) throws DatabaseException {
        var job =
                new Job(
                        random.nextId("job"),
                        request,
                        new JobState.Pending(),
                        "waiting for a controller",
                        0,
                        time.now(),
                        Optional.empty(),
                        Optional.empty());
        Tables.JOBS.insert(tx, job);
        return job;
    }

    /// @throws RefusalException if there is none
    public Job.View get(String id) throws IOException {
        return database.transact(tx -> view(tx, require(tx, id)));
    }

    private static Job require(Transaction tx, String id) throws DatabaseException {
        return Tables.JOBS
                .find(tx, id)
                .orElseThrow(() ->
                        new RefusalException(
                                "unknown-job",
                                "no job " + id + ": jobs are kept for 30 days after their end"));
    }

    /// The newest jobs, newest first.
    public List<Job.View> list(int limit) throws IOException {
        return database.transact(tx -> {
            var views = new ArrayList<Job.View>();
            for (var job :
                    Tables.JOBS.select(tx, "order by created_at desc, id limit ?", (long) limit)) {
                views.add(view(tx, job));
            }
            return views;
        });
    }

    /// The last job that launches a recovery instance for each of these servers that has one;
    /// newest first, without their phases.
    public List<Job> lastRecoveries(Collection<String> servers) throws IOException {
        return database.transact(tx -> {
            var ids = new HashSet<String>();
            for (var row :
                    tx.query(
                            String.format(
                                    Locale.ROOT,
                                    "select job_id, max(started_at) from phases where server_id in"
                                            + " (%s) and name in ('%s', '%s') group by server_id",
                                    Table.marks(servers.size()),
                                    RecoverWork.TAKE_POINT,
                                    RecoverWork.PICK_POINT),
                            servers.toArray())) {
                ids.add(String.valueOf(row[0]));
            }
            for (var waiting : active(tx)) { // which may not have begun yet
                if (waiting.request() instanceof JobRequest.Recover) {
                    ids.add(waiting.id());
                }
            }
            return Tables.JOBS.selectIn(tx, "id", ids, "order by created_at desc, id");
        });
    }

    /// Takes the oldest job that waits or whose lease ran out.
    Optional<Job> claim(String controller) throws IOException {
        return database.transact(tx -> {
            var now = time.now();
            for (var job : active(tx)) {
                if (!job.state().claimable(now)) {
                    continue;
                }
                if (job.attempts() >= ATTEMPTS_MAX) {
                    var why =
                            String.format(
                                    Locale.ROOT,
                                    "given up: %d controllers ended while they worked on it",
                                    job.attempts());
                    end(tx, job, new JobState.Failed(), why);
                    continue;
                }
                var claimed = job.claimed(controller, now.plus(LEASE));
                save(tx, job, claimed);
                return Optional.of(claimed);
            }
            return Optional.empty();
        });
    }

    /// Jobs that have not ended, oldest first.
    List<Job> active(Transaction tx) throws DatabaseException {
        return Tables.JOBS.select(
                tx, "where state in ('PENDING', 'STARTED') order by created_at, id");
    }

    /// @return whether the controller still held the lease
    boolean renew(String id, String controller) throws IOException {
        return database.transact(tx -> {
            var job = Tables.JOBS.find(tx, id);
            if (job.isEmpty() || !job.get().state().heldBy(controller)) {
                return false;
            }
            Tables.JOBS.update(tx, job.get().renewed(time.now().plus(LEASE)));
            return true;
        });
    }

    /// Lets go of a job that its controller will not finish, since it closes in order: the next may
    /// take it at once, and this one's attempt does not count.
    void release(String id, String controller) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var job = requireHeld(tx, id, controller);
            Tables.JOBS.update(tx, job.released(time.now()));
            return null;
        });
    }

    /// Runs the work in one transaction, if the controller still holds the lease.
    <T extends @Nullable Object> T holding(String id, String controller, Database.Work<T> work)
            throws IOException {
        return database.transact(tx -> {
            requireHeld(tx, id, controller);
            return work.run(tx);
        });
    }

    /// Records what a job found out, in a transaction of the caller's, which holds the lease.
    void found(Transaction tx, String id, JobResult result) throws DatabaseException {
        Tables.JOBS.update(tx, Tables.JOBS.find(tx, id).orElseThrow().with(result));
    }

    void end(String id, String controller, JobState state, String reason) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var job = requireHeld(tx, id, controller);
            end(tx, job, state, reason);
            return null;
        });
        progress.keySet().removeIf(key -> key.job().equals(id));
    }

    /// Whatever the job was at work on is left in a state from which it can be terminated: a fault
    /// of ours may have ended the job while its machine runs.
    private void end(Transaction tx, Job job, JobState state, String reason)
            throws DatabaseException {
        save(tx, job, job.ended(state, reason, time.now()));
        switch (job.request()) {
            case JobRequest.Recover _ -> {
                for (var left : Tables.INSTANCES.select(tx, "where job_id = ?", job.id())) {
                    if (RecoverWork.isLaunching(job.id(), left)) {
                        Instances.change(tx, left, InstanceState.Event.LAUNCH_FAILED, reason);
                    }
                }
                for (var left :
                        Tables.INSTANCES.select(
                                tx,
                                "where state = 'TERMINATING' and reason = ?",
                                RecoverWork.superseded(job.id()))) {
                    Instances.change(tx, left, InstanceState.Event.CLEAN_UP_FAILED, reason);
                }
            }
            case JobRequest.Start(var instance, _) -> {
                var left = Instances.require(tx, instance);
                if (Instances.isStarting(left)) {
                    Instances.change(tx, left, InstanceState.Event.LAUNCH_FAILED, reason);
                }
            }
            case JobRequest.Terminate request -> {
                for (var instance : request.instances()) {
                    var left = Instances.require(tx, instance);
                    if (left.state() == InstanceState.TERMINATING) {
                        Instances.change(tx, left, InstanceState.Event.CLEAN_UP_FAILED, reason);
                    }
                }
            }
            case JobRequest.Failback request -> {
                for (var one : request.endings()) {
                    failbackLeft.record(tx, one.instance(), reason);
                }
            }
            case JobRequest.Networks request -> {
                for (var target : request.targets()) {
                    NetworkRecoveries.failed(tx, request, target);
                }
            }
            case JobRequest.Verify _, JobRequest.Scrub _ -> {}
        }
    }

    /// Begins a phase, or goes on with one that an earlier controller began: its start stays, so
    /// that the time a crash cost is counted.
    ///
    /// @return false if the phase has ended already
    boolean beginPhase(String id, String controller, String server, String name)
            throws IOException {
        return holding(
                id,
                controller,
                tx -> {
                    var rows = phaseRows(tx, id);
                    for (var row : rows) {
                        if (isPhase(row, server, name)) {
                            return row.phase().endedAt().isEmpty();
                        }
                    }
                    var phase = new Job.Phase(server, name, time.now(), Optional.empty(), "");
                    Tables.PHASES.insert(tx, new Tables.PhaseRow(id, rows.size(), phase));
                    return true;
                });
    }

    /// Ends a phase in a transaction of the caller's, which holds the lease.
    void endPhase(Transaction tx, String id, String server, String name, String detail)
            throws DatabaseException {
        for (var row : phaseRows(tx, id)) {
            if (isPhase(row, server, name) && row.phase().endedAt().isEmpty()) {
                var ended =
                        new Job.Phase(
                                server,
                                name,
                                row.phase().startedAt(),
                                Optional.of(time.now()),
                                detail);
                Tables.PHASES.update(tx, new Tables.PhaseRow(id, row.position(), ended));
            }
        }
        progress.remove(new PhaseKey(id, server, name));
    }

    /// Says how a phase under way is doing.
    void progress(String id, String server, String name, String detail) {
        progress.put(new PhaseKey(id, server, name), detail);
    }

    /// Forgets a job with its phases and tags.
    ///
    /// @throws RefusalException if there is none, or it has not ended
    public void delete(String id) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var job = require(tx, id);
            if (!job.state().ended()) {
                throw new RefusalException(
                        "job-not-ended",
                        String.format(
                                Locale.ROOT,
                                "job %s is %s: wait for its end",
                                id,
                                job.state().name()));
            }
            delete(tx, job);
            Tags.forget(tx, id);
            return null;
        });
    }

    private static void delete(Transaction tx, Job job) throws DatabaseException {
        for (var phase : phaseRows(tx, job.id())) {
            Tables.PHASES.delete(tx, phase);
        }
        Tables.JOBS.delete(tx, job);
    }

    /// Forgets jobs that ended before that time, but for the newest scrub, which the schedule
    /// counts from.
    void prune(Instant before) throws IOException {
        database.<@Nullable Void>transact(tx -> {
            var keep = newest(tx, "SCRUB").map(Job::id).orElse("");
            for (var job : Tables.JOBS.select(tx, "where ended_at < ?", before.toEpochMilli())) {
                if (!job.id().equals(keep)) {
                    delete(tx, job);
                }
            }
            return null;
        });
    }

    Optional<Job> newest(Transaction tx, String kind) throws DatabaseException {
        return Tables.JOBS
                .select(tx, "where kind = ? order by created_at desc limit 1", kind)
                .stream()
                .findFirst();
    }

    /// How many jobs are remembered, by kind and state.
    public List<Count> counts() throws IOException {
        return database.transact(tx -> {
            var counts = new ArrayList<Count>();
            for (var row :
                    tx.query(
                            "select kind, state, count(*) from jobs"
                                    + " group by kind, state order by kind, state")) {
                counts.add(
                        new Count(
                                String.valueOf(row[0]),
                                String.valueOf(row[1]),
                                row[2] instanceof Long jobs ? jobs : 0));
            }
            return counts;
        });
    }

    /// Jobs of one kind in one state.
    public record Count(String kind, String state, long jobs) {}

    private Job requireHeld(Transaction tx, String id, String controller) throws DatabaseException {
        var job = Tables.JOBS.find(tx, id);
        if (job.isEmpty() || !job.get().state().heldBy(controller)) {
            throw new LeaseLostException(id, controller);
        }
        return job.get();
    }

    private static void save(Transaction tx, Job before, Job after) throws DatabaseException {
        Tables.JOBS.update(tx, after);
        tx.afterCommit(() ->
                LOG.log(
                        System.Logger.Level.INFO,
                        "job={0} kind={1} state={2} -> {3} ({4})",
                        after.id(),
                        after.request().kind(),
                        before.state().name(),
                        after.state().name(),
                        after.reason()));
    }

    private Job.View view(Transaction tx, Job job) throws DatabaseException {
        var instances =
                switch (job.request()) {
                    case JobRequest.Terminate request -> request.instances();
                    case JobRequest.Failback(var endings) ->
                            endings.stream().map(JobRequest.Ending::instance).toList();
                    case JobRequest.Start(var instance, _) -> List.of(instance);
                    case JobRequest.Recover _ ->
                            Tables.INSTANCES
                                    .select(
                                            tx,
                                            "where job_id = ? order by created_at, id",
                                            job.id())
                                    .stream()
                                    .map(RecoveryInstance::id)
                                    .toList();
                    case JobRequest.Networks _, JobRequest.Verify _, JobRequest.Scrub() ->
                            List.<String>of();
                };
        return new Job.View(job, phases(tx, job.id()), instances);
    }

    private List<Job.Phase> phases(Transaction tx, String id) throws DatabaseException {
        return phaseRows(tx, id).stream().map(row -> withProgress(id, row.phase())).toList();
    }

    private Job.Phase withProgress(String id, Job.Phase phase) {
        var said = progress.get(new PhaseKey(id, phase.server(), phase.name()));
        return said == null || phase.endedAt().isPresent()
                ? phase
                : new Job.Phase(
                        phase.server(), phase.name(), phase.startedAt(), phase.endedAt(), said);
    }

    private static List<Tables.PhaseRow> phaseRows(Transaction tx, String id)
            throws DatabaseException {
        return Tables.PHASES.select(tx, "where job_id = ? order by position", id);
    }

    private static boolean isPhase(Tables.PhaseRow row, String server, String name) {
        return row.phase().server().equals(server) && row.phase().name().equals(name);
    }

    private record PhaseKey(String job, String server, String name) {}
}
