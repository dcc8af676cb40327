package holdfast.control;

import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.volume.Volume;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Launches a recovery instance for each server of a job, all at a time: take point → pick point →
/// end earlier instances → [LaunchWork].
///
/// Each step finds what an earlier controller did: the instance by job and server.
final class RecoverWork {
    /// The phases that a recovery begins with: the former of some, the latter of all.
    static final String TAKE_POINT = "take point";

    static final String PICK_POINT = "pick point";

    private final Instances instances;
    private final Points points;
    private final FreshPoints fresh;
    private final Settings<LaunchSettings> settings;
    private final LaunchTargets targets;
    private final TerminateWork terminate;
    private final LaunchWork launch;
    private final TimeSource time;
    private final RandomSource random;

    RecoverWork(
            Instances instances,
            Points points,
            FreshPoints fresh,
            Settings<LaunchSettings> settings,
            LaunchTargets targets,
            TerminateWork terminate,
            LaunchWork launch,
            TimeSource time,
            RandomSource random) {
        this.instances = instances;
        this.points = points;
        this.fresh = fresh;
        this.settings = settings;
        this.targets = targets;
        this.terminate = terminate;
        this.launch = launch;
        this.time = time;
        this.random = random;
    }

    JobOutcome run(JobRun run, JobRequest.Recover request)
            throws IOException, InterruptedException {
        var failures =
                run.each(
                        request.targets(),
                        target ->
                                recover(run, request, target)
                                        .map(why -> target.server() + ": " + why));
        var launched = request.servers().size() - failures.size();
        return failures.isEmpty()
                ? JobOutcome.succeeded(
                        launched + (launched == 1 ? " instance launched" : " instances launched"))
                : JobOutcome.failed(String.join("; ", failures));
    }

    /// @return why it failed, if it did
    private Optional<String> recover(JobRun run, JobRequest.Recover request, RecoveryTarget target)
            throws IOException, InterruptedException {
        var job = run.job().id();
        var server = target.server();
        try {
            if (request.superseding() && target.point() instanceof PointChoice.Newest) {
                run.phase(
                        server,
                        TAKE_POINT,
                        () -> takePoint(server, run.job().createdAt()),
                        JobRun.Failure.NONE);
            }
            run.phase(
                    server,
                    PICK_POINT,
                    () -> pickPoint(job, request.drill(), target),
                    JobRun.Failure.NONE);
            var picked = instances.launchedBy(job, server);
            if (picked.isEmpty()) {
                return Optional.of("no point was picked, see the job's phases");
            }
            if (request.superseding()) {
                supersede(run, server, request.drill());
            }
            if (isLaunching(job, picked.get())) {
                launch.launch(run, picked.get());
            }
        } catch (JobRun.StepFailedException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        var instance = instances.launchedBy(job, server).orElseThrow();
        return instance.state() == InstanceState.FAILED
                ? Optional.of(instance.reason())
                : Optional.empty();
    }

    private Database.Work<String> takePoint(String server, Instant since)
            throws IOException, InterruptedException {
        var said = fresh.await(server, since);
        return _ -> said;
    }

    /// Ends the server's earlier instances, but for those that someone relies upon. One that does
    /// not end is told by its phases, and does not keep the new one from being launched.
    private void supersede(JobRun run, String server, boolean drill)
            throws IOException, InterruptedException {
        var why = superseded(run.job().id());
        run.phase(
                server,
                "supersede",
                () ->
                        tx -> {
                            var said = new ArrayList<String>();
                            for (var earlier :
                                    Tables.INSTANCES.select(
                                            tx,
                                            "where server_id = ? and job_id <> ? and state in"
                                                    + " ('RUNNING', 'STOPPED', 'FAILED')",
                                            server,
                                            run.job().id())) {
                                var kept = reasonToKeep(tx, earlier, drill);
                                if (kept.isEmpty()) {
                                    Instances.change(
                                            tx,
                                            earlier,
                                            InstanceState.Event.TERMINATION_ASKED,
                                            why);
                                }
                                said.add(
                                        kept.map(k -> earlier.id() + " kept: " + k)
                                                .orElse(earlier.id()));
                            }
                            return said.isEmpty() ? "none" : String.join(", ", said);
                        },
                JobRun.Failure.NONE);
        for (var earlier : instances.endingFor(server, why)) {
            var ending = new JobRequest.Ending(earlier.id(), server);
            terminate.end(run, ending, " " + earlier.id());
        }
    }

    /// A drill must leave what took over for the source alone, and nothing may end an instance that
    /// is being brought home.
    private static Optional<String> reasonToKeep(
            Transaction tx, RecoveryInstance earlier, boolean drill) throws DatabaseException {
        if (drill && !earlier.drill()) {
            return Optional.of("it is a recovery, and this is a drill");
        }
        var reversal = Reversals.of(tx, earlier.id());
        if (reversal.isPresent()) {
            return Optional.of("it is protected as " + reversal.get().server());
        }
        if (Elsewhere.find(tx, earlier.id()).isPresent()) {
            return Optional.of("it runs elsewhere");
        }
        return Tables.FAILBACKS
                .find(tx, earlier.id())
                .filter(failback -> failback.state().isUnderWay())
                .map(_ -> "its failback is under way");
    }

    /// Whether the job still launches the instance: one that it made ready may have been asked to
    /// start since, which is another job's.
    static boolean isLaunching(String job, RecoveryInstance instance) {
        return instance.state() == InstanceState.LAUNCHING
                && (instance.reason().equals(launching(job))
                        || instance.reason().equals(LaunchTargets.taken(job)));
    }

    private static String launching(String job) {
        return "being launched by " + job;
    }

    /// Why the instance ends, by which the job that ends it knows it again.
    static String superseded(String job) {
        return "superseded by " + job;
    }

    private Database.Work<String> pickPoint(String job, boolean drill, RecoveryTarget target)
            throws IOException {
        var point = points.choose(target.server(), target.point());
        targets.of(target.server(), drill); // a refusal here is this server's alone
        var picked = String.format(Locale.ROOT, "%s of %s", point.id(), point.instant());
        return tx -> {
            if (targets.take(tx, target.server(), job, drill, point)) {
                return picked;
            }
            var instance =
                    new RecoveryInstance(
                            random.nextId("i"),
                            job,
                            target.server(),
                            drill,
                            InstanceState.LAUNCHING,
                            launching(job),
                            time.now(),
                            point,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty());
            Tables.INSTANCES.insert(tx, instance);
            if (settings.of(tx, target.server()).copyTags()) {
                Tags.put(tx, instance.id(), Tags.of(tx, target.server()));
            }
            return picked;
        };
    }

    /// The branches that an instance runs on.
    static List<Volume> branches(VolumeStore store, String instance) {
        return store.volumes().stream().filter(volume -> volume.owner().equals(instance)).toList();
    }
}
