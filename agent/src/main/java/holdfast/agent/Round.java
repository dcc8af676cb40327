package holdfast.agent;

import holdfast.base.BlockSet;
import holdfast.base.Blocks;
import holdfast.format.Compression;
import holdfast.tracking.Flip;
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
/// One thread conducts: it starts reads as far as the memory allows, asks the tracker for conflicts
/// as soon as a batch is read, and hands what is packed to the link. Workers read and pack. A plan
/// that fits into the memory is read as a whole before any of it is packed or sent, so that neither
/// a busy processor nor a slow link prolongs the time in which blocks can be overwritten. The
/// blocks that are read first, if they are few, the conductor reads itself: on a machine short of
/// processors, handing over to another thread and back takes longer than the read.
///
/// Why a round without conflicts, of everything pending, is a crash image of its instant: a write
/// that completed before it is pending, hence read after it. One issued later to a block that was
/// read is a conflict; to another block, it is not in the replica. One in flight at the instant may
/// be in wholly, partly or not at all, as after a power cut. And one issued after another had
/// completed cannot be in without that: either it was issued after the instant, or the other had
/// completed before it.
final class Round {
    private final Equipment with;
    private final Flip flip;
    private final RoundPlan plan;
    private final boolean readBeforeSending;
    private final List<Step.Read> unpacked = new ArrayList<>();
    private final ArrayDeque<Step.Packed> packed = new ArrayDeque<>();
    private final ConcurrentLinkedQueue<Chunk> durable = new ConcurrentLinkedQueue<>();
    private Optional<Chunk> nextChunk = Optional.empty();
    private long heldBytes;
    private int openChunks;
    private int openReads;
    private long conflictBlocks;
    private Optional<IOException> unreadable = Optional.empty();

    Round(Equipment with, Flip flip, RoundPlan plan) {
        this.with = with;
        this.flip = flip;
        this.plan = plan;
        this.readBeforeSending = plan.blocks() <= with.heldBytesMax() / Blocks.BLOCK_BYTES;
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
                check();
                if (!plan.nextBatch()) {
                    allRead = true;
                    whenRead.run();
                    unpacked.forEach(read -> work(read.chunk(), read.data()));
                    unpacked.clear();
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

    /// Blocks that were written before they were read.
    long conflictBlocks() {
        return conflictBlocks;
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
            heldBytes += chunk.bytes();
            openChunks++;
            openReads++;
            if (plan.batchIsSmall()) {
                handle(Workers.read(chunk, disk(chunk).source()));
            } else {
                with.workers().read(chunk, disk(chunk).source(), with.steps()::add);
            }
        }
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
                disk(read.chunk()).read(read.chunk());
                with.board().read(read.chunk().bytes());
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
            with.compression().sending(with.time().nanoTime() - began);
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

    private void check() throws TrackerException {
        for (var disk : with.disks()) {
            var conflicts = disk.check(flip);
            if (!conflicts.isEmpty()) {
                conflictBlocks += conflicts.size();
                with.heat().conflicted(disk.index(), conflicts);
            }
        }
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
