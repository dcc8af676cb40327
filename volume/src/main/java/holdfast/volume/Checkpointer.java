package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Makes checkpoints: on request, and from a thread of its own whenever so much was journalled that
/// an opening would have to read more than it should.
final class Checkpointer {
    private static final System.Logger LOG = System.getLogger(Checkpointer.class.getName());

    private final StoreCore core;
    private final VolumeRegistry registry;
    private final Mending mending;
    private final Thread thread;

    /// Held while a checkpoint is made: one at a time.
    private final ReentrantLock lock = new ReentrantLock();

    private volatile boolean stopping;
    private long checkpointedBytes;

    Checkpointer(StoreCore core, VolumeRegistry registry, Mending mending) {
        this.core = core;
        this.registry = registry;
        this.mending = mending;
        this.thread = core.time.workers().name("checkpointer").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    void stop() throws IOException {
        stopping = true;
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while stopping the checkpointer");
        }
    }

    private void run() {
        while (!stopping) {
            try {
                core.journal().awaitWritten(checkpointedBytes + core.settings.checkpointBytes());
                checkpoint();
            } catch (InterruptedException | InterruptedIOException _) {
                return;
            } catch (IOException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "checkpoint not made ({0}); openings read more of the journal until one is",
                        e.getMessage());
                checkpointedBytes = core.journal().writtenBytes();
            }
        }
    }

    /// The maps of all volumes, and the newest points, at one place of the journal.
    private record Cut(
            long sequence,
            long writtenBytes,
            Map<Integer, VolumeMap> maps,
            Map<Integer, SegmentIndex.Point> newestPoints) {}

    /// Makes a checkpoint of everything written so far; durable on return.
    ///
    /// @throws StoreException without waiting for long, while the journal is full or fails
    void checkpoint() throws IOException {
        registry.keepGaps();
        lock.lock();
        try {
            var cut = cut();
            try {
                store(cut);
            } finally {
                release(cut);
            }
        } finally {
            lock.unlock();
        }
    }

    private void store(Cut cut) throws IOException {
        core.checkpoints.lock.lock(); // reclaim must not run between pages and roots
        try {
            var roots = new HashMap<Integer, Roots.Root>();
            for (var entry : cut.maps().entrySet()) {
                var map = entry.getValue();
                roots.put(entry.getKey(), new Roots.Root(map.persist(), map.mappedBlocks()));
            }
            core.mapFiles.sync();
            core.segments.endThoseLeft(); // the next opening looks at none before the checkpoint
            var checkpoint =
                    new Checkpoint(
                            core.time.now().toEpochMilli(),
                            core.mapFiles.nextFile(),
                            new Roots(cut.sequence(), roots),
                            cut.newestPoints());
            if (cut.sequence() > core.checkpoints.newest().sequence() || !sameRoots(checkpoint)) {
                replaceNewestOfSameSequence(checkpoint);
            }
            checkpointedBytes = cut.writtenBytes();
        } finally {
            core.checkpoints.lock.unlock();
        }
    }

    private boolean sameRoots(Checkpoint checkpoint) throws IOException {
        return core.checkpoints.rootsAtOrBefore(checkpoint.sequence()).equals(checkpoint.roots());
    }

    private void replaceNewestOfSameSequence(Checkpoint checkpoint) throws IOException {
        try {
            checkpoint.store(core.storage);
        } catch (IOException e) {
            core.checkpoints.discard(checkpoint.place(), e);
            throw e;
        }
        core.checkpoints.replace(checkpoint.place());
    }

    /// The copies that one barrier takes: one, unless a sync failed.
    private final class Taking {
        private final List<Cut> cuts = new ArrayList<>();
        private boolean over;

        synchronized void take(long sequence) {
            if (!over && core.inDoubt.stream().noneMatch(state -> state.doubts().lackEntries())) {
                cuts.add(copies(sequence));
            }
        }

        /// The only one, or nothing; afterwards none is taken any more.
        synchronized Optional<Cut> end() {
            over = true;
            if (cuts.size() == 1) {
                return Optional.of(cuts.getFirst());
            }
            cuts.forEach(Checkpointer.this::release);
            return Optional.empty();
        }
    }

    /// Copies all maps between two requests, then waits until what they map is durable. A map that
    /// lacks what was written, since a page is damaged, is mended first.
    ///
    /// After a sync that failed the journal applies everything again, to maps that have seen what
    /// comes later: copies of that time are no place of the journal, and others are taken.
    private Cut cut() throws IOException {
        while (true) {
            mending.mend();
            for (var state : core.volumes().values()) {
                state.checkMap(); // an older checkpoint and the journal still have what it lacks
            }
            var taking = new Taking();
            try {
                var barrier = new JournalEntry.Barrier(taking::take);
                core.journal().await(core.journal().submit(List.of(barrier)));
            } catch (IOException | InterruptedException e) {
                taking.end().ifPresent(this::release);
                if (e instanceof IOException failure) {
                    throw failure;
                }
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while making a checkpoint");
            }
            var cut = taking.end();
            if (cut.isPresent()) {
                return cut.get();
            }
        }
    }

    private void release(Cut cut) {
        cut.maps().values().forEach(core::viewClosed);
    }

    private Cut copies(long sequence) {
        var maps = new HashMap<Integer, VolumeMap>();
        for (var state : new ArrayList<>(core.volumes().values())) {
            var map = state.head.snapshot();
            core.viewOpened(map); // reclaim may run before it is stored
            maps.put(state.number, map);
        }
        return new Cut(sequence, core.journal().writtenBytes(), maps, core.points.newestWritten());
    }
}
