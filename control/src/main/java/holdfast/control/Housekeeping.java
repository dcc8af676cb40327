package holdfast.control;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import holdfast.volume.StagingArea;
import holdfast.volume.StoreStatus;
import holdfast.volume.VolumeStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/// What is to be done again and again: noticing silence and ended machines, finishing deletions,
/// reclaiming room, scheduling scrubs, forgetting what is old. A task that fails is logged and
/// tried again at its next turn.
///
/// Owns its threads. Started once and closed once.
final class Housekeeping implements AutoCloseable {
    private static final Duration WATCH_EVERY = Duration.ofSeconds(1);
    private static final Duration SILENCE_EVERY_MAX = Duration.ofSeconds(5);
    private static final Duration PLANS_EVERY = Duration.ofMillis(500);
    private static final Duration NETWORKS_EVERY = Duration.ofSeconds(2);

    /// All servers are read for it.
    private static final Duration CAPTURE_EVERY = Duration.ofSeconds(10);

    private static final Duration INSTANCE_POINTS_EVERY = Duration.ofSeconds(5);
    private static final Duration SCHEDULE_EVERY = Duration.ofMinutes(1);

    /// How long ended jobs, terminated instances and expired tokens are remembered.
    private static final Duration HISTORY = Duration.ofDays(30);

    private static final System.Logger LOG = System.getLogger("holdfast.housekeeping");

    private final Database database;
    private final VolumeStore store;
    private final TimeSource time;
    private final Enrolments enrolments;
    private final Servers servers;
    private final ServerOrders orders;
    private final Jobs jobs;
    private final Instances instances;
    private final Failbacks failbacks;
    private final Reversals reversals;
    private final Tags tags;
    private final UsedSignatures signatures;
    private final PlanExecutions executions;
    private final NetworkStacks networkStacks;
    private final SourceNetworks sourceNetworks;
    private final Attachments attachments;
    private final ControlSettings settings;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(
                    Thread.ofVirtual().name("housekeeping-", 0).factory());
    private final Map<String, StoreStatus.State> lastStates = new HashMap<>();

    Housekeeping(
            Database database,
            VolumeStore store,
            TimeSource time,
            Enrolments enrolments,
            Servers servers,
            ServerOrders orders,
            Jobs jobs,
            Instances instances,
            Failbacks failbacks,
            Reversals reversals,
            Tags tags,
            UsedSignatures signatures,
            PlanExecutions executions,
            NetworkStacks networkStacks,
            SourceNetworks sourceNetworks,
            Attachments attachments,
            ControlSettings settings) {
        this.database = database;
        this.store = store;
        this.time = time;
        this.enrolments = enrolments;
        this.servers = servers;
        this.orders = orders;
        this.jobs = jobs;
        this.instances = instances;
        this.failbacks = failbacks;
        this.reversals = reversals;
        this.tags = tags;
        this.signatures = signatures;
        this.executions = executions;
        this.networkStacks = networkStacks;
        this.sourceNetworks = sourceNetworks;
        this.attachments = attachments;
        this.settings = settings;
    }

    void start() {
        repeat("watch", WATCH_EVERY, this::watch);
        repeat("silence", silenceEvery(), servers.attendance()::noticeSilence);
        repeat("plans", PLANS_EVERY, executions::advance);
        repeat("networks", NETWORKS_EVERY, networkStacks::settle);
        repeat("source networks", CAPTURE_EVERY, sourceNetworks::replicate);
        repeat("instance points", INSTANCE_POINTS_EVERY, reversals::makePoints);
        repeat("schedule", SCHEDULE_EVERY, this::schedule);
        for (var area : store.areas()) { // one may take long over it
            repeat("reclaim " + area.storageClass(), settings.reclaimEvery(), () -> reclaim(area));
        }
    }

    /// Soon enough not to add much to it. All servers are asked for.
    private Duration silenceEvery() {
        var tenth = settings.agentSilence().dividedBy(10);
        return tenth.compareTo(SILENCE_EVERY_MAX) < 0 ? tenth : SILENCE_EVERY_MAX;
    }

    private void repeat(String name, Duration every, Task task) {
        threads.execute(() -> {
            try {
                while (true) {
                    time.sleep(every);
                    attempt(name, task);
                }
            } catch (InterruptedException _) {
                // closed
            }
        });
    }

    private static void attempt(String name, Task task) throws InterruptedException {
        try {
            task.run();
        } catch (IOException | RefusalException e) {
            LOG.log(System.Logger.Level.WARNING, "task={0} failed: {1}", name, e.getMessage());
        }
    }

    void watch() throws IOException {
        servers.attendance().saveSome();
        instances.noticeEndedMachines();
        orders.deleteReplicas();
        store.areas().forEach(this::watch);
    }

    private void watch(StagingArea area) {
        var status = area.store().status();
        var last = lastStates.put(area.storageClass(), status.state());
        var before = last == null ? StoreStatus.State.WRITING : last;
        if (status.state() != before) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "staging class={0} state={1} -> {2} ({3})",
                    area.storageClass(),
                    before,
                    status.state(),
                    status.reason());
        }
    }

    /// Makes a scrub job when the last one is long ago, and forgets what is old.
    void schedule() throws IOException {
        var now = time.now();
        database.<@Nullable Void>transact(tx -> {
            if (scrubIsDue(tx, now)) {
                jobs.submit(tx, new JobRequest.Scrub());
            }
            return null;
        });
        enrolments.prune(now.minus(HISTORY));
        instances.prune(now.minus(HISTORY));
        servers.prune(now.minus(HISTORY));
        jobs.prune(now.minus(HISTORY));
        failbacks.prune();
        attachments.prune();
        tags.prune();
        signatures.prune();
        executions.prune(now.minus(HISTORY));
    }

    /// Counted from the last scrub, or from when there was first something to read.
    private boolean scrubIsDue(Transaction tx, Instant now) throws DatabaseException {
        var last = jobs.newest(tx, "SCRUB");
        if (last.isPresent() && !last.get().state().ended()) {
            return false;
        }
        var since =
                last.isPresent()
                        ? Optional.of(last.get().createdAt())
                        : Tables.SERVERS.select(tx, "order by enrolled_at limit 1").stream()
                                .map(SourceServer::enrolledAt)
                                .findFirst();
        return since.isPresent() && !now.isBefore(since.get().plus(settings.scrubEvery()));
    }

    private static void reclaim(StagingArea area) throws IOException {
        var report = area.store().reclaim();
        if (report.segmentsDeleted() > 0 || report.segmentsMerged() > 0) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "reclaim class={0} freedBytes={1} writtenBytes={2} segmentsDeleted={3} segmentsMerged={4}",
                    area.storageClass(),
                    report.freedBytes(),
                    report.writtenBytes(),
                    report.segmentsDeleted(),
                    report.segmentsMerged());
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        threads.close();
        try {
            servers.attendance().saveAll();
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "what was heard of agents is not kept: {0}",
                    e.getMessage());
        }
    }

    @FunctionalInterface
    private interface Task {
        void run() throws IOException, InterruptedException;
    }
}
