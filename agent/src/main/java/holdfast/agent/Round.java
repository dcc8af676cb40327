package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.format.Compression;
import holdfast.tracking.Flip;
import holdfast.tracking.Tracker;
import holdfast.tracking.TrackerException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads what a plan names, checks that it was read as it was at the flip's instant, and sends it.
///
/// One thread conducts: it starts reads as far as the memory allows, and hands what is packed to
/// the link. Workers read, ask the tracker right after each read, and pack. A plan that fits into
/// the memory is read as a whole before any of it is packed or sent, so that neither a busy
/// processor nor a slow link prolongs the time in which blocks can be overwritten. A few blocks the
/// conductor reads itself: on a machine short of processors, handing over to another thread and
/// back takes longer than the read.
///
/// The longer the reads took, the more likely one of them met a newer write. So a round that could
/// be a consistency point flips again when that happened, and reads just what has changed since:
/// after a few turns that is little, and soon read. The last flip's instant is the round's. Of a
/// block that was read several times the newest is sent. [holdfast.tracking.ebpf.EbpfTracker] says
/// why what the reads after the last flip prove is a crash image of its instant.
final class Round {
    /// A disk so busy that this many turns in a row meet a newer write gets its next chance when
    /// what was read is stored.
    private static final int FLIPS_MAX = 10;

    private final Equipment with;
    private final Tracker tracker;
    private final Selector selector;
    private final boolean flipsAgain;
    private final boolean readBeforeSending;
    private final List<Step.Read> unpacked = new ArrayList<>();
    private final ArrayDeque<Step.Packed> packed = new ArrayDeque<>();
    private final ConcurrentLinkedQueue<Chunk> durable = new ConcurrentLinkedQueue<>();
    private Flip flip;
    private RoundPlan plan;
    private int flips = 1;
    private Optional<Chunk> nextChunk = Optional.empty();
    private long heldBytes;
    private int openChunks;
    private int openReads;
    private long conflictBlocks;
    private final List<ReplicatedDisk> unproven = new ArrayList<>();
    private Optional<IOException> unreadable = Optional.empty();

    /// @param plan for what was pending after the flip
    /// @param whole whether the plan is all that is pending of disks that are tracked, so that the
    ///   round may become a consistency point
    Round(
            Equipment with,
            Tracker tracker,
            Selector selector,
            Flip flip,
            RoundPlan plan,
            boolean whole) {
        this.with = with;
        this.tracker = tracker;
        this.selector = selector;
        this.flip = flip;
        this.plan = plan;
        this.readBeforeSending = fits(plan);
        this.flipsAgain = whole && readBeforeSending && tracker.kind() == Tracker.Kind.EBPF;
    }

    private boolean fits(RoundPlan more) {
        return more.blocks() <= (with.heldBytesMax() - heldBytes) / Blocks.BLOCK_BYTES;
    }

    /// Returns when all is handed to the link, and all conflicts are known.
    ///
    /// @param whenRead called once everything is read and checked
    /// @throws TrackerException if the tracker can no longer do its work
    /// @throws IOException if the link died
    void run(Runnable whenRead) throws IOException, InterruptedException {
        with.disks().forEach(ReplicatedDisk::begin);
        var allRead = false;
        while (!allRead || openChunks > 0) {
            startReads();
            if (!allRead && openReads == 0 && nextChunk.isEmpty()) {
                if (!plan.nextBatch() && !flippedAgain()) {
                    allRead = true;
                    unproven.forEach(ReplicatedDisk::unproven);
                    whenRead.run();
                    packNewest();
                }
                continue;
            }
            var maySend = !packed.isEmpty() && (allRead || !readBeforeSending);
            var step = maySend ? with.steps().poll() : awaitStep();
            if (step == null) {
                send(packed.remove());
                with.reports().sendIfDue();
            } else {
                handle(step);
            }
        }
    }

    /// Whether it reads all before it packs or sends any.
    boolean readsBeforeSending() {
        return readBeforeSending;
    }

    /// The one whose instant is the round's.
    Flip flip() {
        return flip;
    }

    /// Blocks that were written between the flip and their read.
    long conflictBlocks() {
        return conflictBlocks;
    }

    /// Whether nothing that changed before the flip, and nothing that was written since to what was
    /// read, was missed.
    boolean isProven() {
        return unproven.isEmpty();
    }

    /// Why some blocks were not read, if so.
    Optional<IOException> unreadable() {
        return unreadable;
    }

    /// After the link died: what it acknowledged before needs not travel again.
    void salvage(List<BlockSet> pending) throws TrackerException {
        for (var disk : with.disks()) {
            disk.salvage(durable, flip, pending.get(disk.index()));
        }
    }

    private void startReads() throws IOException, InterruptedException {
        while (true) {
            if (nextChunk.isEmpty()) {
                nextChunk = plan.next();
            }
            if (nextChunk.isEmpty()) {
                return;
            }
            var chunk = nextChunk.get();
            if (heldBytes > 0 && heldBytes + chunk.bytes() > with.heldBytesMax()) {
                return;
            }
            nextChunk = Optional.empty();
            open(chunk);
            openReads++;
            if (plan.batchIsSmall()) {
                handle(Workers.read(chunk, disk(chunk).source(), flip));
            } else {
                with.workers().read(chunk, disk(chunk).source(), flip, with.steps()::add);
            }
        }
    }

    private void noteRead(Step.Read read) {
        var chunk = read.chunk();
        disk(chunk).read(chunk, read.written());
        with.board().read(chunk.bytes());
        if (!read.written().isEmpty()) {
            conflictBlocks += read.written().cardinality();
            with.heat().conflicted(chunk.disk(), chunk.firstBlock(), read.written());
        }
    }

    /// All that the plan names is read. Goes on with another flip, and with what that found changed
    /// as the plan, if this one proved nothing and another might.
    private boolean flippedAgain() throws TrackerException {
        prove();
        if (!flipsAgain
                || flips == FLIPS_MAX
                || unreadable.isPresent()
                || (isProven() && conflictBlocks == 0)) {
            return false;
        }
        flips++;
        flip = tracker.flip();
        conflictBlocks = 0;
        for (var disk : with.disks()) {
            disk.flipped(tracker.changed(disk.index()));
        }
        var changed = selector.planChanged();
        if (fits(changed) && with.disks().stream().allMatch(this::isTrusted)) {
            plan = changed;
            return true;
        }
        conflictBlocks = changed.blocks(); // they are not read, and stay pending
        prove();
        return false;
    }

    private void prove() throws TrackerException {
        unproven.clear();
        for (var disk : with.disks()) {
            if (!flip.isProven(disk.index())) {
                unproven.add(disk);
            }
        }
    }

    private boolean isTrusted(ReplicatedDisk disk) {
        return tracker.distrust(disk.index()).isEmpty();
    }

    /// Of a block that was read after several flips only what was read last is sent.
    private void packNewest() {
        for (var read : unpacked.reversed()) {
            var chunk = read.chunk();
            var parts = flips == 1 ? List.of(chunk) : disk(chunk).uncovered(chunk);
            if (parts.equals(List.of(chunk))) {
                work(chunk, read.data());
            } else {
                close(chunk);
                parts.forEach(part -> work(open(part), part.of(chunk, read.data())));
            }
        }
        unpacked.clear();
    }

    private Step awaitStep() throws InterruptedException {
        var began = with.time().nanoTime();
        var step = with.steps().take();
        with.compression().waiting(with.time().nanoTime() - began);
        return step;
    }

    private void handle(Step step) throws IOException, InterruptedException {
        switch (step) {
            case Step.Read read -> {
                openReads--;
                noteRead(read);
                if (readBeforeSending) {
                    unpacked.add(read);
                } else {
                    work(read.chunk(), read.data());
                }
            }
            case Step.Unreadable(var chunk, var cause) -> {
                openReads--;
                unreadable = Optional.of(cause);
                // the disk may be gone: one failure a round, the other disks go on
                plan.skip(chunk.disk());
                close(chunk);
            }
            case Step.PiecesDigested(var chunk, var data, var digests) ->
                    comparePieces(chunk, data, digests);
            case Step.PiecesCompared(var chunk, var data, var differing) -> {
                if (differing.isEmpty()) {
                    close(chunk);
                } else {
                    with.workers().digestBlocks(chunk, data, differing, with.steps()::add);
                }
            }
            case Step.BlocksDigested(var chunk, var data, var runs) ->
                    compareBlocks(chunk, data, runs);
            case Step.BlocksCompared(var chunk, var data, var differing) ->
                    with.workers()
                            .packDiffering(chunk, data, differing, wanted(), with.steps()::add);
            case Step.Packed ready -> packed.add(ready);
            case Step.Failed(var cause) -> throw failure(cause);
        }
    }

    private void work(Chunk chunk, byte[] data) {
        switch (chunk.phase()) {
            case FIRST_COPY ->
                    with.workers().packFirstCopy(chunk, data, wanted(), with.steps()::add);
            case COMPARE -> with.workers().digestPieces(chunk, data, with.steps()::add);
            case CHANGES -> {
                with.heat().touched(chunk.disk(), chunk.firstBlock(), chunk.blockCount());
                with.workers().packChanges(chunk, data, with.sent(), wanted(), with.steps()::add);
            }
        }
    }

    private void comparePieces(Chunk chunk, byte[] data, List<byte[]> digests)
            throws IOException, InterruptedException {
        var answer =
                with.link()
                        .compare(
                                chunk.disk(),
                                chunk.firstBlock(),
                                chunk.blockCount(),
                                Workers.PIECE_BLOCKS,
                                digests);
        var _ =
                answer.whenComplete((differing, error) ->
                        tell(error, () -> new Step.PiecesCompared(chunk, data, differing)));
    }

    /// One question a run of differing pieces, all under way at once.
    private void compareBlocks(Chunk chunk, byte[] data, List<Step.DigestedRun> runs)
            throws IOException, InterruptedException {
        var differing = new BitSet();
        var answers = new CompletableFuture<?>[runs.size()];
        for (var i = 0; i < answers.length; i++) {
            var run = runs.get(i);
            answers[i] =
                    with.link()
                            .compare(
                                    chunk.disk(),
                                    chunk.firstBlock() + run.first(),
                                    run.digests().size(),
                                    1,
                                    run.digests())
                            .thenAccept(answer -> {
                                synchronized (differing) {
                                    answer.stream()
                                            .map(block -> run.first() + block)
                                            .forEach(differing::set);
                                }
                            });
        }
        var _ =
                CompletableFuture.allOf(answers)
                        .whenComplete((_, error) ->
                                tell(error, () -> new Step.BlocksCompared(chunk, data, differing)));
    }

    /// Runs on the link's thread.
    private void tell(@Nullable Throwable error, Supplier<Step> answer) {
        with.steps().add(error == null ? answer.get() : new Step.Failed(error));
    }

    private void send(Step.Packed ready) throws IOException, InterruptedException {
        var chunk = ready.chunk();
        var unacknowledged = new AtomicInteger(ready.parcels().size());
        var travelledBlocks = 0L;
        for (var parcel : ready.parcels()) {
            var extent = parcel.extent();
            var began = with.time().nanoTime();
            with.link()
                    .send(
                            chunk.disk(),
                            extent,
                            () -> {
                                if (unacknowledged.decrementAndGet() == 0) {
                                    acknowledged(chunk);
                                }
                            });
            with.compression().sending(with.time().nanoTime() - began, extent.payload().length);
            remember(chunk.disk(), parcel);
            travelledBlocks += extent.blockCount();
        }
        if (ready.parcels().isEmpty()) {
            acknowledged(chunk);
        }
        with.board().travelled(chunk, travelledBlocks * Blocks.BLOCK_BYTES);
        close(chunk);
    }

    private void remember(int disk, Step.Parcel parcel) {
        var extent = parcel.extent();
        if (parcel.digests().isEmpty()) {
            with.sent().forget(disk, extent.firstBlock(), extent.blockCount());
            return;
        }
        for (var i = 0; i < extent.blockCount(); i++) {
            with.sent().sent(disk, extent.firstBlock() + i, parcel.digests().get(i));
        }
    }

    /// Every block of the chunk is on stable storage: those that travelled by the replicator's
    /// word, zeros of a first copy because they never were anything else, unchanged ones because an
    /// earlier round of this link, which was acknowledged, brought them. Of those that compared as
    /// equal nobody knows whether they are stable yet, so a comparison is left out.
    private void acknowledged(Chunk chunk) {
        if (chunk.phase() != Phase.COMPARE) {
            durable.add(chunk);
        }
    }

    /// The chunk takes memory, and has steps to come.
    private Chunk open(Chunk chunk) {
        heldBytes += chunk.bytes();
        openChunks++;
        return chunk;
    }

    /// The chunk needs no more memory and no more steps.
    private void close(Chunk chunk) {
        heldBytes -= chunk.bytes();
        openChunks--;
    }

    private Compression wanted() {
        return with.compression().current();
    }

    private ReplicatedDisk disk(Chunk chunk) {
        return with.disks().get(chunk.disk());
    }

    private static IOException failure(Throwable cause) {
        return switch (cause) {
            case Error error -> throw error;
            case CompletionException wrapped when wrapped.getCause() != null ->
                    failure(wrapped.getCause());
            case RuntimeException fault -> throw fault;
            case IOException lost -> lost;
            default -> new IOException(cause);
        };
    }
}
