package holdfast.volume;

import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// Makes checkpoints: on request, and from a thread of its own whenever so much was journalled that
/// an opening would have to read more than it should.
final class Checkpointer {
    private static final System.Logger LOG = System.getLogger(Checkpointer.class.getName());

    private final StoreCore core;
    private final Thread thread =
            Thread.ofPlatform().name("checkpointer").daemon().unstarted(this::run);
    private volatile boolean stopping;
    private long checkpointedBytes;

    Checkpointer(StoreCore core) {
        this.core = core;
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
    void checkpoint() throws IOException {
        synchronized (core.checkpoints) { // reclaim must not run between pages and roots
            makeCheckpoint();
        }
    }

    private void makeCheckpoint() throws IOException {
        for (var state : core.volumes().values()) {
            state.checkMap(); // an older checkpoint and the journal still have what it lacks
        }
        var cut = cut();
        try {
            var roots = new HashMap<Integer, Roots.Root>();
            for (var entry : cut.maps().entrySet()) {
                var map = entry.getValue();
                roots.put(entry.getKey(), new Roots.Root(map.persist(), map.mappedBlocks()));
            }
            core.mapFiles.sync();
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
            cut.maps().values().forEach(VolumeMap::close);
        }
    }

    private boolean sameRoots(Checkpoint checkpoint) throws IOException {
        return core.checkpoints.rootsAtOrBefore(checkpoint.sequence()).equals(checkpoint.roots());
    }

    private void replaceNewestOfSameSequence(Checkpoint checkpoint) throws IOException {
        checkpoint.store(core.storage);
        core.checkpoints.replace(checkpoint.place());
    }

    /// Copies all maps between two requests, then waits until what they map is durable.
    private Cut cut() throws IOException {
        var taken = new CompletableFuture<Cut>();
        List<JournalEntry> barrier =
                List.of(new JournalEntry.Barrier(last -> taken.complete(copies(last))));
        try {
            core.journal().submit(barrier).durable.get();
            return taken.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while making a checkpoint");
        } catch (ExecutionException e) {
            throw new StoreException("no checkpoint: " + e.getMessage(), e);
        }
    }

    private Cut copies(long sequence) {
        var maps = new HashMap<Integer, VolumeMap>();
        for (var state : new ArrayList<>(core.volumes().values())) {
            maps.put(state.number, state.head.snapshot());
        }
        return new Cut(sequence, core.journal().writtenBytes(), maps, core.points.newestWritten());
    }
}
