package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.replication.ReplicationLink.Session;
import holdfast.tracking.Flip;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Replicates over one link, round after round, until that link dies, the disks change, or its
/// thread is interrupted. Borrows everything; that thread alone uses tracker and link.
///
/// A block leaves the tracker's pending set only after a round that read it as it was at the
/// round's instant is on stable storage; so this may end at any point, and the next one, over
/// another link or in another process, goes on where it stopped.
final class Replication {
    private static final System.Logger LOG = System.getLogger(Replication.class.getName());

    private final Tracker tracker;
    private final Equipment with;
    private final Selector selector;
    private final Pace pace;
    private final LastResort lastResort;
    private final LastRound lastRound;
    private ReplicaMemo memo = ReplicaMemo.NONE;
    private byte[] noted = {};
    private long round;

    Replication(
            Tracker tracker,
            Equipment with,
            Pace pace,
            LastResort lastResort,
            LastRound lastRound) {
        this.tracker = tracker;
        this.with = with;
        this.selector = new Selector(tracker, with.disks(), with.heat());
        this.pace = pace;
        this.lastResort = lastResort;
        this.lastRound = lastRound;
    }

    /// Returns when the link was closed in order.
    ///
    /// @throws TrackerException if the tracker can no longer do its work: open another
    /// @throws DisksChangedException if a disk has another size: open everything anew
    /// @throws FinishedException if the last round was asked for, made and recorded
    /// @throws IOException if the link died
    void run() throws IOException, InterruptedException, FinishedException {
        // a round may be waiting for an answer that will not come
        var closed =
                with.link()
                        .closed()
                        .whenComplete(
                                (_, error) -> with.steps().add(new Step.Failed(ended(error))));
        adopt();
        while (!closed.isDone()) {
            var began = with.time().nanoTime();
            var outcome = isLast() ? finalRound(closed) : round();
            checkSizes();
            pause(pace.after(outcome, Duration.ofNanos(with.time().nanoTime() - began)));
        }
        with.reports().await(closed);
    }

    /// Finds out what the replica holds, and what of each disk is to be done.
    private void adopt() throws IOException, InterruptedException {
        var session = with.link().session();
        memo =
                ReplicaMemo.decode(tracker.memo())
                        .filter(found -> found.disks().size() == with.disks().size())
                        .orElse(ReplicaMemo.NONE);
        round =
                session.disks().stream()
                        .mapToLong(Session.Disk::lastRound)
                        .reduce(memo.lastRound(), Math::max);
        var anew = new ArrayList<ReplicatedDisk>();
        for (var disk : with.disks()) {
            var resumption =
                    Resumption.decide(
                            memo.disks().stream().skip(disk.index()).findFirst(),
                            memo.lastRound(),
                            memo.lastPointRound(),
                            session.storeIdentity(),
                            session.disks().get(disk.index()),
                            tracker.distrust(disk.index()));
            disk.memo(resumption.memo());
            if (resumption.everything()) {
                tracker.pending(disk.index()).add(0, disk.blockCount());
                anew.add(disk);
            }
            LOG.log(
                    System.Logger.Level.INFO,
                    "disk={0} phase={1} ({2})",
                    disk.name(),
                    resumption.memo().phase(),
                    resumption.reason());
        }
        remember();
        anew.forEach(disk -> tracker.trust(disk.index()));
        with.reports().showDisks();
        if (memo.lastPointMillis() > 0) {
            with.board().rememberedPoint(Instant.ofEpochMilli(memo.lastPointMillis()));
        }
        with.reports().sendIfDue();
    }

    private RoundOutcome round() throws IOException, InterruptedException {
        return lastResort.due(with.disks(), selector) ? frozenRound() : round(false, () -> {});
    }

    private boolean isLast() {
        return with.link().finishAsked() && LastRound.concerns(with.link().session().serverId());
    }

    /// A round as ever, and once that has sent all there is, another under a freeze, which lasts
    /// until the replicator has recorded that it was the last.
    private RoundOutcome finalRound(Future<Void> closed)
            throws IOException, InterruptedException, FinishedException {
        var prepared = lastRound.prepare(tracker.disks());
        try (var _ = prepared.orElse(null)) {
            var drained = round(false, () -> {});
            if (drained == RoundOutcome.PARTIAL || drained == RoundOutcome.UNREADABLE) {
                return drained;
            }
            var began = with.time().nanoTime();
            try (var _ = lastRound.freeze(prepared)) {
                var outcome = round(prepared.isPresent(), () -> {});
                var left = lastRound.budget().minusNanos(with.time().nanoTime() - began);
                if (outcome == RoundOutcome.CONSISTENT && left.isPositive()) {
                    with.link().finished(round);
                    awaitRecorded(closed, left);
                }
                return outcome;
            }
        }
    }

    /// Returns without it if it takes too long for file systems to be at rest.
    private void awaitRecorded(Future<Void> closed, Duration atMost)
            throws IOException, InterruptedException, FinishedException {
        try {
            with.time().await(closed, atMost);
        } catch (TimeoutException _) {
            with.board().trouble("the last round was made, and the server does not answer");
        } catch (ExecutionException e) {
            var lost =
                    e.getCause() instanceof IOException ended
                            ? ended
                            : new IOException(e.getCause());
            if (LastRound.isRecorded(lost)) {
                lastRound.end(with.time());
                throw new FinishedException(String.valueOf(lost.getMessage()));
            }
            throw lost;
        }
    }

    /// A round that drains what the file systems hold, and another under a freeze.
    private RoundOutcome frozenRound() throws IOException, InterruptedException {
        var prepared = lastResort.prepare(tracker.disks());
        try (var _ = prepared.orElse(null)) {
            var drained = round(false, () -> {});
            if (prepared.isEmpty() || drained == RoundOutcome.CONSISTENT) {
                return drained;
            }
            var frozen = lastResort.freeze(prepared.get());
            try (var _ = frozen.orElse(null)) {
                return frozen.isPresent() ? round(true, frozen.get()::close) : drained;
            }
        }
    }

    /// @param whenRead called once everything was read
    private RoundOutcome round(boolean frozen, Runnable whenRead)
            throws IOException, InterruptedException {
        try (var urgency = new Urgency()) {
            return round(frozen, whenRead, urgency);
        }
    }

    /// @param urgency ends as soon as everything is read
    private RoundOutcome round(boolean frozen, Runnable whenRead, Urgency urgency)
            throws IOException, InterruptedException {
        var began = with.time().nanoTime();
        var flip = tracker.flip();
        compareDistrusted();
        var selections = selector.select();
        round++;
        enterUncopied(selections);
        var work =
                new Round(
                        with,
                        tracker,
                        selector,
                        flip,
                        selector.plan(selections),
                        isWhole(selections));
        try {
            if (!work.readsBeforeSending()) {
                urgency.close();
                with.reports().showDisks();
            }
            work.run(() -> {
                urgency.close();
                whenRead.run();
                with.reports()
                        .showDisks(); // sending may take long: what is to be sent is a backlog till
                // then
            });
            var distrusted = compareDistrusted();
            var outcome = outcome(work, selections, distrusted);
            end(work.flip(), outcome, frozen, work.conflictBlocks());
            settle(selections, distrusted);
            selector.roundEnded(selections, Duration.ofNanos(with.time().nanoTime() - began));
            with.reports().showDisks();
            with.board().trouble(trouble(outcome, work));
            with.reports().sendIfDue();
            return outcome;
        } catch (TrackerException e) {
            throw e;
        } catch (IOException e) {
            salvage(work, e);
            throw e;
        }
    }

    /// A tracker that lost sight of a disk says so at a flip, or when conflicts are asked for.
    ///
    /// @return indexes of the disks of which nothing read in this round counts
    private Set<Integer> compareDistrusted() {
        var distrusted = new HashSet<Integer>();
        for (var disk : with.disks()) {
            var why = tracker.distrust(disk.index());
            if (why.isPresent()) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "disk={0} {1} -> COMPARE ({2})",
                        disk.name(),
                        disk.memo().phase(),
                        why.get());
                tracker.pending(disk.index()).add(0, disk.blockCount());
                disk.memo(disk.memo().compare());
                disk.begin();
                distrusted.add(disk.index());
            }
        }
        if (!distrusted.isEmpty()) {
            remember();
            distrusted.forEach(tracker::trust);
        }
        return distrusted;
    }

    /// Notes the round's number, which must never come back, and where a first copy is going,
    /// before anything of it is sent: from then on, zeros that are written there must travel.
    private void enterUncopied(List<RoundPlan.Selection> selections) {
        for (var disk : with.disks()) {
            if (disk.memo().phase() == Phase.FIRST_COPY) {
                disk.memo(disk.memo().advance(selections.get(disk.index()).end()));
            }
        }
        remember();
    }

    private RoundOutcome outcome(
            Round work, List<RoundPlan.Selection> selections, Set<Integer> distrusted) {
        if (work.unreadable().isPresent()) {
            return RoundOutcome.UNREADABLE;
        }
        if (!distrusted.isEmpty() || !isWhole(selections)) {
            return RoundOutcome.PARTIAL;
        }
        return work.conflictBlocks() > 0 || !work.isProven()
                ? RoundOutcome.CONFLICTED
                : RoundOutcome.CONSISTENT;
    }

    /// Whether that is all that is pending, and all that has changed since the copy is.
    private boolean isWhole(List<RoundPlan.Selection> selections) {
        return with.disks().stream().allMatch(disk -> disk.memo().phase() == Phase.CHANGES)
                && selections.stream().allMatch(RoundPlan.Selection::isAll);
    }

    /// Returns once the round is on stable storage.
    private void end(Flip flip, RoundOutcome outcome, boolean frozen, long conflictBlocks)
            throws IOException, InterruptedException {
        var consistent = outcome == RoundOutcome.CONSISTENT;
        var age = Duration.ofNanos(with.time().nanoTime() - flip.nanoTime());
        with.reports()
                .await(
                        with.link()
                                .endRound(
                                        round, consistent, frozen, flip.instant(), age.toMillis()));
        if (consistent) {
            with.disks().forEach(disk -> disk.memo(disk.memo().madePoint()));
            memo = new ReplicaMemo(round, round, flip.instant().toEpochMilli(), memo.disks());
        }
        with.board()
                .roundAcknowledged(
                        consistent ? Optional.of(flip.instant()) : Optional.empty(),
                        conflictBlocks);
    }

    private void settle(List<RoundPlan.Selection> selections, Set<Integer> distrusted) {
        for (var disk : with.disks()) {
            var end = selections.get(disk.index()).end();
            if (distrusted.contains(disk.index())) {
                continue; // its comparison begins with the next round
            }
            switch (disk.memo().phase()) {
                case FIRST_COPY, COMPARE ->
                        disk.memo(
                                end < disk.blockCount()
                                        ? disk.memo().advance(end)
                                        : disk.memo().finish());
                case CHANGES -> disk.drainFrom(end);
            }
        }
        // the memo first: a replica that ends before this round must be noticed from now on
        remember();
        for (var disk : with.disks()) {
            disk.settle(tracker.pending(disk.index()));
        }
    }

    private void salvage(Round work, IOException cause) {
        try {
            var pending = new ArrayList<BlockSet>();
            with.disks().forEach(disk -> pending.add(tracker.pending(disk.index())));
            work.salvage(pending);
        } catch (TrackerException e) {
            cause.addSuppressed(e); // all stays pending: more travels again, nothing is lost
        }
    }

    private String trouble(RoundOutcome outcome, Round work) {
        return switch (outcome) {
            case CONSISTENT, PARTIAL -> "";
            case CONFLICTED -> conflict(work);
            case UNREADABLE -> work.unreadable().map(IOException::getMessage).orElse("");
        };
    }

    private String conflict(Round work) {
        if (work.conflictBlocks() > 0) {
            return work.conflictBlocks() + " blocks were written before they could be read";
        }
        return switch (tracker.kind()) {
            case EBPF -> "changes may have been missed, and are read again";
            case SCAN -> "disks were written while they were read";
        };
    }

    private void remember() {
        var memos = with.disks().stream().map(ReplicatedDisk::memo).toList();
        memo = new ReplicaMemo(round, memo.lastPointRound(), memo.lastPointMillis(), memos);
        var note = memo.encode();
        if (!Arrays.equals(note, noted)) {
            tracker.memo(note);
            noted = note;
        }
    }

    private void checkSizes() throws DisksChangedException {
        for (var disk : with.disks()) {
            try {
                var size = disk.source().sizeBytes();
                if (size != disk.sizeBytes()) {
                    throw new DisksChangedException(disk.name(), disk.sizeBytes(), size);
                }
            } catch (DisksChangedException e) {
                throw e;
            } catch (IOException e) {
                with.board().trouble(disk.name() + ": " + e.getMessage());
            }
        }
    }

    private void pause(Duration pause) throws IOException, InterruptedException {
        var end = with.time().nanoTime() + pause.toNanos();
        for (var left = pause; left.isPositive(); ) {
            with.time().sleep(left.compareTo(Reports.INTERVAL) < 0 ? left : Reports.INTERVAL);
            left = Duration.ofNanos(end - with.time().nanoTime());
            with.reports().sendIfDue();
        }
    }

    private static Throwable ended(@Nullable Throwable error) {
        return error == null ? new IOException("the link was closed") : error;
    }
}
