package holdfast.simulation;

import holdfast.control.Controller;
import holdfast.control.InstanceState;
import holdfast.control.Job;
import holdfast.control.JobRequest;
import holdfast.control.JobState;
import holdfast.control.PointChoice;
import holdfast.control.RecoveryInstance;
import holdfast.control.RecoveryTarget;
import holdfast.recovery.Machine;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What the world's onlooker knows of jobs and recovery instances, whatever dies. Holds the control
/// plane to it: no job is lost, what has ended stays so, none fails without a cause, and machines
/// and branches are those of the instances that there are.
final class JobLedger {
    private static final int ALL = 10_000;

    /// Of the instances that the control plane makes; the other branches of a world have owners
    /// with names of another form.
    private static final Pattern INSTANCE = Pattern.compile("i-[0-9a-f]{17}");

    private static final Pattern RECLAIMED =
            Pattern.compile("sequence (\\d+) is before the journal window");

    /// A job that has outlived so many servers may be given up.
    private static final int LIVES_MAX = 5;

    private static final long NOTICED_WITHIN_NANOS = 10_000_000_000L;

    private final Ground ground;
    private final Ledger ledger;
    private final List<SourceMachine> machines;
    private final SimMachineHost host;
    private final Map<String, Known> jobs = new LinkedHashMap<>();

    /// What is asked for now: if the server dies meanwhile, its job may be there and may not.
    private Optional<Known> asking = Optional.empty();

    private int lives;

    /// Since when instances that count as running are seen without a machine, in this life.
    private final Map<String, Long> withoutMachineNanos = new HashMap<>();

    private static final class Known {
        private final long sinceNanos;
        private final int life;

        /// The newest points when it was asked for, by server.
        private final Map<String, ConsistencyPoint> newest;

        private Optional<Job> end = Optional.empty();

        Known(long sinceNanos, int life, Map<String, ConsistencyPoint> newest) {
            this.sinceNanos = sinceNanos;
            this.life = life;
            this.newest = newest;
        }
    }

    JobLedger(Ground ground, Ledger ledger, List<SourceMachine> machines, SimMachineHost host) {
        this.ground = ground;
        this.ledger = ledger;
        this.machines = machines;
        this.host = host;
    }

    /// Something is about to be asked for.
    void asking() {
        var newest = new HashMap<String, ConsistencyPoint>();
        for (var machine : machines) {
            ledger.newest(machine).ifPresent(point -> newest.put(machine.serverId, point));
        }
        asking = Optional.of(new Known(ground.scheduler.nanos(), lives, newest));
    }

    void asked(Job.View view) {
        ground.log("asked for " + view.job());
        jobs.put(view.job().id(), asking.orElseThrow());
        asking = Optional.empty();
    }

    void notAsked() {
        asking = Optional.empty();
    }

    boolean haveEnded() {
        return asking.isEmpty() && jobs.values().stream().allMatch(job -> job.end.isPresent());
    }

    /// The server was started (again), and does not work on jobs yet.
    void opened(Controller controller) throws IOException {
        lives++;
        withoutMachineNanos.clear();
        var found = new HashSet<String>();
        for (var view : controller.jobs().list(ALL)) {
            var job = view.job();
            found.add(job.id());
            var known = jobs.get(job.id());
            if (known == null) {
                jobs.put(
                        job.id(),
                        asking.orElseThrow(() ->
                                new BrokenInvariantException(
                                        Invariant.JOBS_END, "nobody asked for " + job)));
                asking = Optional.empty();
            } else if (known.end.isPresent() && !known.end.get().equals(job)) {
                throw new BrokenInvariantException(
                        Invariant.JOBS_END, "ended as " + known.end.get() + ", now is " + job);
            }
        }
        asking = Optional.empty();
        for (var id : jobs.keySet()) {
            if (!found.contains(id)) {
                throw new BrokenInvariantException(Invariant.JOBS_END, id + " is forgotten");
            }
        }
    }

    /// What has become of the jobs that had not ended, and of the instances.
    void look(Controller controller, VolumeStore store) throws IOException {
        for (var entry : jobs.entrySet()) {
            var known = entry.getValue();
            if (known.end.isPresent()) {
                continue;
            }
            var view = controller.jobs().get(entry.getKey());
            if (view.job().state().ended()) {
                ground.log("ended: " + view.job());
                check(known, view, controller, store);
                known.end = Optional.of(view.job());
            }
        }
        checkInstances(controller, store);
    }

    private void check(Known known, Job.View view, Controller controller, VolumeStore store)
            throws IOException {
        var job = view.job();
        if (job.state() instanceof JobState.Failed && !hasCause(known, view, controller, store)) {
            throw new BrokenInvariantException(
                    Invariant.JOBS_END, "failed without a cause: " + job + " " + view.phases());
        }
        if (!(job.state() instanceof JobState.Completed)) {
            return;
        }
        if (job.request() instanceof JobRequest.Recover request) {
            if (view.instances().size() != request.targets().size()) {
                throw new BrokenInvariantException(
                        Invariant.JOBS_END,
                        job + " is completed, and launched " + view.instances());
            }
            for (var target : request.targets()) {
                var instance = launched(view, target, controller);
                if (instance.isEmpty()
                        || isLaunchedBy(job, instance.get())
                        || instance.get().drill() != request.drill()) {
                    throw new BrokenInvariantException(
                            Invariant.JOBS_END, job + " is completed, and launched " + instance);
                }
                checkPoint(known, target, instance.get().point(), store);
            }
        } else if (job.request() instanceof JobRequest.Terminate) {
            for (var id : view.instances()) {
                var instance = controller.instances().get(id);
                if (instance.state() != InstanceState.TERMINATED) {
                    throw new BrokenInvariantException(
                            Invariant.JOBS_END, job + " is completed, and left " + instance);
                }
            }
        }
    }

    /// Whether the job is not done with it; its start may have been asked for since.
    private static boolean isLaunchedBy(Job job, RecoveryInstance instance) {
        return instance.state() == InstanceState.LAUNCHING && instance.reason().contains(job.id());
    }

    private static Optional<RecoveryInstance> launched(
            Job.View view, RecoveryTarget target, Controller controller) throws IOException {
        for (var id : view.instances()) {
            var instance = controller.instances().get(id);
            if (instance.server().equals(target.server())) {
                return Optional.of(instance);
            }
        }
        return Optional.empty();
    }

    /// It is launched from the point that was asked for.
    private void checkPoint(
            Known known, RecoveryTarget target, ConsistencyPoint picked, VolumeStore store)
            throws IOException {
        var newest = Optional.ofNullable(known.newest.get(target.server()));
        var right =
                switch (target.point()) {
                    case PointChoice.Newest() ->
                            newest.isEmpty() || picked.sequence() >= newest.get().sequence();
                    case PointChoice.ById(var id) -> picked.id().equals(id);
                    case PointChoice.At(var time) ->
                            !picked.instant().isAfter(time)
                                    && isNewestAt(known, picked, target.server(), time, store);
                };
        if (!right && !ledger.rotten) {
            throw new BrokenInvariantException(
                    Invariant.RECOVERED_IS_THE_POINT, picked + " was picked for " + target);
        }
    }

    /// Of those that were there when it was asked for; later ones may have come to be before it,
    /// since points become durable after their instants.
    private static boolean isNewestAt(
            Known known, ConsistencyPoint picked, String server, Instant time, VolumeStore store)
            throws IOException {
        var newest = known.newest.get(server);
        return newest == null
                || newest.instant().isAfter(time)
                || picked.sequence() >= newest.sequence()
                || store.point(server, newest.sequence()).isEmpty();
    }

    private boolean hasCause(Known known, Job.View view, Controller controller, VolumeStore store)
            throws IOException {
        if (ledger.rotten
                || ledger.disturbedUntilNanos >= known.sinceNanos
                || lives - known.life >= LIVES_MAX) {
            return true;
        }
        return switch (view.job().request()) {
            case JobRequest.Recover request -> {
                for (var target : request.targets()) {
                    if (isGone(launched(view, target, controller), target, store)
                            || wasReclaimed(view.job(), target.server(), store)) {
                        yield true;
                    }
                }
                yield false;
            }
            case JobRequest.Verify(var server, var point) ->
                    isGone(Optional.empty(), new RecoveryTarget(server, point), store)
                            || wasReclaimed(view.job(), server, store);
            case JobRequest.Start _,
                    JobRequest.Terminate _,
                    JobRequest.Failback _,
                    JobRequest.Networks _,
                    JobRequest.Scrub _ ->
                    false;
        };
    }

    /// Whether the point has left the window since it was asked for.
    private static boolean isGone(
            Optional<RecoveryInstance> launched, RecoveryTarget target, VolumeStore store)
            throws IOException {
        var server = target.server();
        if (launched.isPresent()) {
            return store.point(server, launched.get().point().sequence()).isEmpty();
        }
        return switch (target.point()) {
            case PointChoice.Newest() -> false;
            case PointChoice.At(var time) -> store.pointAt(server, time).isEmpty();
            case PointChoice.ById(var id) ->
                    store.point(server, Long.parseUnsignedLong(id.substring(5), 16)).isEmpty();
        };
    }

    /// Of a time there may be an older point still, which a policy keeps.
    private static boolean wasReclaimed(Job job, String server, VolumeStore store)
            throws IOException {
        var named = RECLAIMED.matcher(job.reason());
        return named.find() && store.point(server, Long.parseLong(named.group(1))).isEmpty();
    }

    /// Machines and branches are there for instances that are there, and for no others.
    void checkInstances(Controller controller, VolumeStore store) throws IOException {
        var running = host.machines();
        var volumes = store.volumes();
        var there = new HashMap<String, InstanceState>();
        for (var instance : controller.instances().list()) {
            there.put(instance.id(), instance.state());
            if (isWithoutMachine(instance)
                    && controller.instances().get(instance.id()).equals(instance)) {
                throw new BrokenInvariantException(
                        Invariant.INSTANCES_ARE_WHAT_THERE_IS, "no machine of " + instance);
            }
        }
        var disks = new HashSet<String>();
        for (var machine : running) {
            require(there, machine, "a machine", host.find(machine).isPresent());
        }
        for (var volume : volumes) {
            if (INSTANCE.matcher(volume.owner()).matches()) {
                var left = store.find(volume.id()).isPresent();
                require(there, volume.owner(), "a branch", left);
                if (!disks.add(volume.owner() + volume.name())) {
                    throw new BrokenInvariantException(
                            Invariant.INSTANCES_ARE_WHAT_THERE_IS,
                            "a second branch for " + volume.name() + " of " + volume.owner());
                }
            }
        }
    }

    /// Whether it counts as running and has no machine that does, which must be noticed soon.
    private boolean isWithoutMachine(RecoveryInstance instance) {
        var running = host.find(instance.id()).filter(Machine::running).isPresent();
        if (instance.state() != InstanceState.RUNNING || running) {
            withoutMachineNanos.remove(instance.id());
            return false;
        }
        var since =
                withoutMachineNanos.computeIfAbsent(instance.id(), _ -> ground.scheduler.nanos());
        return ground.scheduler.nanos() - since > NOTICED_WITHIN_NANOS;
    }

    private void require(Map<String, InstanceState> there, String id, String what, boolean left) {
        var state = there.get(id);
        if (state == null || (state == InstanceState.TERMINATED && left && !ledger.rotten)) {
            throw new BrokenInvariantException(
                    Invariant.INSTANCES_ARE_WHAT_THERE_IS,
                    what + " of " + id + " is there; the instance is " + state);
        }
    }
}
