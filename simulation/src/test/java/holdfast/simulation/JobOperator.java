package holdfast.simulation;

import holdfast.base.RefusalException;
import holdfast.control.Controller;
import holdfast.control.InstanceState;
import holdfast.control.Job;
import holdfast.control.LaunchSettings;
import holdfast.control.PointChoice;
import holdfast.control.RecoveryInstance;
import holdfast.control.RecoveryTarget;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/// Asks the control plane for recoveries and drills, for instances to be started and terminated and
/// for points to be verified, as users of the API do. In the end it terminates what there is.
final class JobOperator {
    /// Guests cost time.
    private static final int INSTANCES_MAX = 3;

    private final Ground ground;
    private final List<SourceMachine> machines;
    private final SplittableRandom random;
    final JobLedger jobs;
    private boolean finishing;
    private boolean done;

    JobOperator(
            Ground ground, List<SourceMachine> machines, JobLedger jobs, SplittableRandom random) {
        this.ground = ground;
        this.machines = machines;
        this.jobs = jobs;
        this.random = random;
    }

    /// Nothing new is asked for but the end of what there is.
    void finish() {
        finishing = true;
    }

    /// Whether all jobs have ended and all instances are terminated.
    boolean isDone() {
        return done;
    }

    /// One errand.
    void act(Controller controller, VolumeStore store, Instant now) throws IOException {
        jobs.look(controller, store);
        var alive =
                controller.instances().list().stream()
                        .filter(instance -> instance.state() != InstanceState.TERMINATED)
                        .toList();
        if (finishing) {
            done = jobs.haveEnded() && alive.isEmpty();
        }
        if (done) {
            return;
        }
        jobs.asking();
        try {
            var asked =
                    finishing ? terminate(controller, alive) : ask(controller, store, alive, now);
            asked.ifPresentOrElse(jobs::asked, jobs::notAsked);
        } catch (RefusalException e) {
            jobs.notAsked();
            ground.log("refused: " + e.getMessage());
        }
    }

    private Optional<Job.View> ask(
            Controller controller, VolumeStore store, List<RecoveryInstance> alive, Instant now)
            throws IOException {
        return switch (random.nextInt(10)) {
            case 0, 1, 2, 3 ->
                    alive.size() < INSTANCES_MAX
                            ? recover(controller, store, now)
                            : terminate(controller, List.of(any(alive)));
            case 4, 5 ->
                    alive.isEmpty() ? Optional.empty() : terminate(controller, List.of(any(alive)));
            case 6 -> start(controller, alive);
            case 7 -> {
                var server = any(machines).serverId;
                yield Optional.of(controller.verify(server, choice(store, server, now)));
            }
            case 8 -> {
                var starting = random.nextInt(3) > 0;
                controller
                        .launchSettings()
                        .change(any(machines).serverId, settings -> starting(settings, starting));
                yield Optional.empty();
            }
            default -> Optional.of(controller.scrub());
        };
    }

    private static LaunchSettings starting(LaunchSettings settings, boolean start) {
        return new LaunchSettings(
                start,
                settings.exactSize(),
                settings.copyTags(),
                settings.runActions(),
                settings.copyAddress(),
                settings.document());
    }

    private <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private Optional<Job.View> recover(Controller controller, VolumeStore store, Instant now)
            throws IOException {
        var targets = new ArrayList<RecoveryTarget>();
        for (var machine : random.nextInt(3) == 0 ? machines : List.of(any(machines))) {
            targets.add(new RecoveryTarget(machine.serverId, choice(store, machine.serverId, now)));
        }
        var drill = random.nextBoolean();
        if (random.nextBoolean()) {
            return Optional.of(controller.recover(targets, drill, Map.of()));
        }
        var first = targets.getFirst();
        return Optional.of(controller.recover(List.of(first.server()), drill, first.point()));
    }

    private PointChoice choice(VolumeStore store, String server, Instant now) throws IOException {
        return switch (random.nextInt(3)) {
            case 0 -> new PointChoice.Newest();
            case 1 -> new PointChoice.At(now.minusMillis(random.nextLong(15_000)));
            default -> {
                var points = store.points(server, Instant.MIN, Instant.MAX, Integer.MAX_VALUE);
                yield points.isEmpty()
                        ? new PointChoice.Newest()
                        : new PointChoice.ById(any(points).id());
            }
        };
    }

    private static Optional<Job.View> terminate(
            Controller controller, List<RecoveryInstance> instances) throws IOException {
        var settled =
                instances.stream()
                        .filter(instance ->
                                switch (instance.state()) {
                                    case RUNNING, STOPPED, FAILED -> true;
                                    case LAUNCHING, TERMINATING, TERMINATED -> false;
                                })
                        .map(RecoveryInstance::id)
                        .toList();
        return settled.isEmpty()
                ? Optional.empty()
                : Optional.of(controller.instances().terminate(settled));
    }

    private Optional<Job.View> start(Controller controller, List<RecoveryInstance> alive)
            throws IOException {
        var stopped =
                alive.stream()
                        .filter(instance -> instance.state() == InstanceState.STOPPED)
                        .toList();
        return stopped.isEmpty()
                ? Optional.empty()
                : Optional.of(controller.instances().start(any(stopped).id()));
    }
}
