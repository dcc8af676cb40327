package holdfast.replication;

import holdfast.base.RefusalException;
import holdfast.volume.ConsistencyPoint;
import holdfast.volume.NewPoint;
import holdfast.volume.Volume;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// The requests of one session, in the order in which they came: handed to the store by one thread,
/// acknowledged by another once the store has them on stable storage.
///
/// Two threads, since the store may block the first for as long as it is full, while what it took
/// before becomes durable. Both queues are bounded by the credit that each request takes and that
/// is given back only when it is done with.
final class RequestLine implements SessionWork {
    private final String serverId;
    private final List<Volume> volumes;
    private final String replica;
    private final WrittenVolumes written;
    private final Services services;
    private final Outbox outbox;
    private final LongConsumer release;
    private final LinkedBlockingQueue<Frame.Request> requests = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<Accepted> accepted = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> stopped = new CompletableFuture<>();
    private volatile @Nullable Thread appending;

    /// Handed to the store.
    ///
    /// @param durable completes when the store holds it, with the point if that is what it is
    private record Accepted(
            long number, int cost, CompletableFuture<Optional<ConsistencyPoint>> durable) {}

    /// @param replica identity of the volumes that the agent was shown
    /// @param release told the cost of each request that is done with
    RequestLine(
            String serverId,
            List<Volume> volumes,
            String replica,
            WrittenVolumes written,
            Services services,
            Outbox outbox,
            LongConsumer release) {
        this.serverId = serverId;
        this.volumes = volumes;
        this.replica = replica;
        this.written = written;
        this.services = services;
        this.outbox = outbox;
        this.release = release;
    }

    @Override
    public String peer() {
        return "an agent";
    }

    @Override
    public void take(Frame.Request request) throws ProtocolException {
        switch (request) {
            case Frame.Extents(_, var disk, var extents) -> {
                for (var extent : extents) {
                    Ranges.check(volumes, disk, extent.firstBlock(), extent.blockCount());
                }
            }
            case Frame.Compare compare -> Ranges.check(volumes, compare);
            case Frame.RoundEnd _ -> {}
            case Frame.TakePoint _, Frame.ListChanges _, Frame.Pull _, Frame.Verified _ ->
                    throw Ranges.unexpected(request, peer());
        }
        requests.add(request);
    }

    @Override
    public void reported(AgentReport report) throws ProtocolException {
        if (report.disks().size() != volumes.size()) {
            throw new ProtocolException(
                    "report of "
                            + report.disks().size()
                            + " disks, the session has "
                            + volumes.size());
        }
        services.host().reported(serverId, report);
    }

    @Override
    public void finished(long round) {
        services.host().finished(serverId, round);
    }

    @Override
    public List<Loop> loops() {
        return List.of(
                new Loop("append", false, this::append), new Loop("settle", false, this::settle));
    }

    /// Ends [#settle], and a comparison under way. [#append] ends when its thread is interrupted as
    /// well: that thread does no disk I/O, which an interrupt would break off with its file.
    @Override
    public void stop() {
        stopped.complete(null);
        var thread = appending;
        if (thread != null) {
            thread.interrupt();
        }
        accepted.add(new Accepted(0, 0, CompletableFuture.completedFuture(Optional.empty())));
    }

    /// Hands requests to the store until it is interrupted.
    ///
    /// @throws IOException if the store cannot go on
    private void append() throws IOException, InterruptedException {
        appending = Thread.currentThread();
        var store = services.store();
        while (!stopped.isDone()) {
            switch (requests.take()) {
                case Frame.Extents data -> {
                    var id = volumes.get(data.disk()).id();
                    var durable = store.append(id, data.extents());
                    written.add(id, durable);
                    accept(data, durable.thenApply(_ -> Optional.empty()));
                }
                case Frame.RoundEnd end when end.consistent() ->
                        accept(
                                end,
                                store.appendPoint(
                                                new NewPoint(
                                                        serverId,
                                                        end.instant(),
                                                        end.ageMillis(),
                                                        end.round(),
                                                        end.frozen(),
                                                        Optional.of(replica)))
                                        .thenApply(Optional::of));
                case Frame.RoundEnd end ->
                        accept(end, CompletableFuture.completedFuture(Optional.empty()));
                case Frame.Compare compare -> compare(compare);
                case Frame.Request other -> throw Ranges.unexpected(other, peer());
            }
        }
    }

    private void accept(
            Frame.Request request, CompletableFuture<Optional<ConsistencyPoint>> durable) {
        accepted.add(new Accepted(request.number(), request.cost(), durable));
    }

    private void compare(Frame.Compare compare) throws IOException, InterruptedException {
        var volume = volumes.get(compare.disk());
        written.await(volume.id()); // here, and not on the threads that all sessions share
        var comparison = services.comparisons().differing(volume, compare, stopped::isDone);
        try {
            var count = compare.digests().size();
            outbox.answer(new Frame.Compared(compare.number(), count, comparison.get()));
        } catch (ExecutionException e) {
            throw failure(e);
        }
        release.accept(compare.cost());
    }

    /// Acknowledges what has become durable, in order, until [#stop].
    ///
    /// @throws IOException if the store lost what it had taken
    private void settle() throws IOException, InterruptedException {
        while (!stopped.isDone()) {
            var next = accepted.take();
            var point = await(next.durable());
            if (stopped.isDone()) {
                return;
            }
            point.ifPresent(made -> services.host().pointMade(serverId, made));
            release.accept(next.cost());
            outbox.tell(new Frame.Ack(next.number()));
        }
    }

    /// @return empty if it is no point, or if [#stop] came first
    private Optional<ConsistencyPoint> await(CompletableFuture<Optional<ConsistencyPoint>> durable)
            throws IOException {
        try {
            CompletableFuture.anyOf(durable, stopped).join();
            return durable.getNow(Optional.empty());
        } catch (CompletionException e) {
            throw failure(e);
        }
    }

    private static IOException failure(Exception e) {
        return switch (e.getCause()) {
            case IOException failure -> failure;
            case RefusalException refusal -> throw refusal;
            case null, default -> throw new IllegalStateException("the store broke", e);
        };
    }
}
