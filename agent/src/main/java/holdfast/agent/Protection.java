package holdfast.agent;

import holdfast.replication.MachineFacts;
import holdfast.replication.ReplicationLink;
import holdfast.replication.SessionControl;
import holdfast.replication.SessionEndedException;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/// Disks that are open and tracked, and links to their replicas, one after the other: when one dies
/// the next is tried after a pause, for ever. Meanwhile nothing grows but the tracker's sets, which
/// have a fixed size.
///
/// Owns disks, tracker, worker threads, and the link of the moment. Run by one thread; [#cut] may
/// be called from any.
final class Protection implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Protection.class.getName());

    private final AgentSettings settings;
    private final AgentSeams seams;
    private final StatusBoard board;
    private final List<DiskProbe.Probed> disks;
    private final List<SourceDisk> sources = new ArrayList<>();
    private final Tracker tracker;
    private final ExecutorService readers;
    private final ExecutorService packers;
    private final AtomicReference<Runnable> cut = new AtomicReference<>(() -> {});

    /// @throws holdfast.base.RefusalException if a disk cannot be protected
    /// @throws TrackerException if none can be tracked; says what would help
    Protection(AgentSettings settings, AgentSeams seams, StatusBoard board) throws IOException {
        this.settings = settings;
        this.seams = seams;
        this.board = board;
        this.disks = new DiskProbe(seams.disks()).probe(settings.disks());
        this.tracker =
                seams.trackers().open(disks.stream().map(DiskProbe.Probed::tracked).toList());
        showRemembered();
        var resources = settings.resources();
        this.readers = threads("agent-read-", resources.readers(), Urgency::always);
        this.packers = threads("agent-pack-", resources.packers(), UnaryOperator.identity());
        try {
            for (var disk : disks) {
                sources.add(seams.disks().open(disk.tracked()));
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /// Before the first link, what the last agent left is all that is known.
    private void showRemembered() {
        board.tracker(tracker.explanation());
        var memo = ReplicaMemo.decode(tracker.memo()).orElse(ReplicaMemo.NONE);
        if (memo.disks().size() == disks.size()) {
            var stands = new ArrayList<StatusBoard.DiskStand>();
            for (var disk : disks) {
                var index = stands.size();
                stands.add(
                        StatusBoard.DiskStand.of(
                                disk.facts().name(),
                                disk.tracked().sizeBytes(),
                                memo.disks().get(index),
                                tracker.pending(index).size()));
            }
            board.disks(stands);
            if (memo.lastPointMillis() > 0) {
                board.rememberedPoint(Instant.ofEpochMilli(memo.lastPointMillis()));
            }
        }
    }

    /// Platform threads: direct reads and native compression would pin a virtual thread's carrier.
    private ExecutorService threads(String name, int count, UnaryOperator<Runnable> how) {
        var factory = seams.time().workers().name(name, 0).factory();
        return Executors.newFixedThreadPool(count, work -> factory.newThread(how.apply(work)));
    }

    /// Replicates until a disk has another size or the tracker can no longer do its work.
    ///
    /// @return why all has to be opened anew
    /// @throws DisconnectedException if the replicator says so
    /// @throws FinishedException if the last round is recorded
    String replicate(Replica replica, MachineProbe probe)
            throws IOException, InterruptedException, DisconnectedException, FinishedException {
        var backOff = new BackOff(seams.random());
        while (true) {
            var roundsBefore = board.rounds();
            board.connecting();
            var pause = Duration.ZERO;
            String reason;
            var began = false;
            var machine = probe.facts(tracker.explanation()).with(replica.lost().run());
            try (var link = connect(replica, machine)) {
                began = true;
                replica.renewal().check(link);
                link.everyPulse(() -> replica.renewal().check(link));
                replicate(link);
                reason = "the link was closed";
            } catch (TrackerException | DisksChangedException e) {
                return String.valueOf(e.getMessage());
            } catch (IOException e) {
                var word = SessionEndedException.in(e);
                if (word.isPresent() && word.get().code().equals(SessionControl.DISCONNECTED)) {
                    throw new DisconnectedException(String.valueOf(word.get().getMessage()), e);
                }
                if (LastRound.isRecorded(e)
                        && LastRound.concerns(
                                replica.renewal()
                                        .identity()
                                        .name())) { // the word itself was lost with an earlier link
                    lastRound().end(seams.time());
                    throw new FinishedException(String.valueOf(e.getMessage()));
                }
                if (began && word.isEmpty()) {
                    replica.lost().add();
                }
                pause = word.map(SessionEndedException::retryAfter).orElse(Duration.ZERO);
                reason =
                        word.map(ended -> ended.code() + ": " + ended.getMessage())
                                .orElse(e.getMessage() == null ? e.toString() : e.getMessage());
            } finally {
                cut.set(() -> {});
            }
            if (board.rounds() > roundsBefore) {
                backOff.reset();
            }
            await(pause, backOff.next(), reason);
        }
    }

    private LastRound lastRound() {
        return new LastRound(seams.freezer(), settings.ending(), seams.root(), LastRound.BUDGET);
    }

    private ReplicationLink connect(Replica replica, MachineFacts machine) throws IOException {
        return seams.links()
                .open(
                        replica.renewal().identity(),
                        replica.address(),
                        machine,
                        disks.stream().map(DiskProbe.Probed::facts).toList());
    }

    private void replicate(ReplicationLink link)
            throws IOException, InterruptedException, FinishedException {
        try (var arena = Arena.ofConfined()) {
            replicate(link, arena);
        }
    }

    private void replicate(ReplicationLink link, Arena arena)
            throws IOException, InterruptedException, FinishedException {
        cut.set(link::close);
        board.connected(link::standstill);
        LOG.log(System.Logger.Level.INFO, "link=connected");
        var resources = settings.resources();
        var replicated = new ArrayList<ReplicatedDisk>();
        for (var disk : disks) {
            var index = replicated.size();
            replicated.add(
                    new ReplicatedDisk(
                            index,
                            disk.facts().name(),
                            disk.tracked().sizeBytes(),
                            sources.get(index),
                            arena));
        }
        var reports = new Reports(link, tracker, replicated, board, seams.time());
        var with =
                new Equipment(
                        link,
                        replicated,
                        new Workers(readers, packers),
                        new LinkedBlockingQueue<>(),
                        new SentDigests(resources.rememberedBlocks()),
                        new Heat(),
                        new CompressionChoice(),
                        resources.heldBytesMax(),
                        seams.time(),
                        board,
                        reports);
        var pacing = settings.pace();
        var lastResort =
                new LastResort(
                        settings.freezeBudget().map(_ -> seams.freezer()),
                        settings.freezeBudget().orElse(Duration.ZERO),
                        pacing.pointWithin(),
                        resources.heldBytesMax(),
                        board,
                        seams.time());
        try {
            new Replication(tracker, with, Pace.of(tracker.kind(), pacing), lastResort, lastRound())
                    .run();
        } finally {
            reports.countSent();
        }
    }

    private void await(Duration asked, Duration ours, String reason) throws InterruptedException {
        var pause = asked.compareTo(ours) > 0 ? asked : ours;
        board.linkLost();
        board.waiting(reason, seams.time().now().plus(pause));
        LOG.log(
                System.Logger.Level.WARNING,
                "link=lost next_attempt_millis={0} ({1})",
                pause.toMillis(),
                reason);
        seams.time().sleep(pause);
    }

    /// Ends the link, if there is one, so that whoever waits for it is waiting no longer.
    void cut() {
        cut.get().run();
    }

    /// Leaves the tracker at work where it can outlive the agent.
    @Override
    public void close() {
        readers.shutdownNow();
        packers.shutdownNow();
        for (var source : sources) {
            try {
                source.close();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "disk=close-failed ({0})", e.getMessage());
            }
        }
        tracker.close();
    }
}
