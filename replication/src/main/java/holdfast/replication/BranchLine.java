package holdfast.replication;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.format.Compression;
import holdfast.format.ExtentPacker;
import holdfast.format.PackedExtent;
import holdfast.volume.BranchStore;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongConsumer;

/// The requests of one failback client, answered one after the other by one thread.
///
/// Holds open the views of the point that the client works on, and of the one that it came from, so
/// that reclaim leaves both alone meanwhile. What waits is bounded by the credit that each request
/// takes; what is answered, by what [Outbox] lets wait.
final class BranchLine implements SessionWork {
    /// Frames of extents are closed at this size.
    private static final int FRAME_BYTES = 256 << 10;

    private static final int EXTENT_BYTES_MAX = PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES;

    private final String clientId;
    private final FailbackHost.Followed followed;
    private final Services services;
    private final Outbox outbox;
    private final LongConsumer release;
    private final BandwidthLimit limit;
    private final LinkedBlockingQueue<Frame.Request> requests = new LinkedBlockingQueue<>();
    private volatile boolean stopped;

    /// Of the serving thread: a view for each disk.
    private List<VolumeView> newer = List.of();

    /// Of the serving thread: a view for each disk, or none where the changes are not known.
    private List<VolumeView> older = List.of();

    BranchLine(
            String clientId,
            FailbackHost.Followed followed,
            Services services,
            Outbox outbox,
            LongConsumer release) {
        this.clientId = clientId;
        this.followed = followed;
        this.services = services;
        this.outbox = outbox;
        this.release = release;
        this.limit = new BandwidthLimit(services.time(), 0);
    }

    @Override
    public String peer() {
        return "a failback client";
    }

    @Override
    public void take(Frame.Request request) throws ProtocolException {
        var branches = followed.branches();
        switch (request) {
            case Frame.Compare compare -> Ranges.check(branches, compare);
            case Frame.Pull(_, var disk, var runs) -> {
                for (var run : runs) {
                    Ranges.check(branches, disk, run.firstBlock(), run.blockCount());
                }
            }
            case Frame.ListChanges(_, var disk, _) -> Ranges.checkDisk(branches, disk);
            case Frame.Verified verified when verified.disks().size() != branches.size() ->
                    throw new ProtocolException(
                            verified.disks().size() + " disks verified of " + branches.size());
            case Frame.Verified _, Frame.TakePoint _, Frame.RoundEnd _ -> {}
            case Frame.Extents _ -> throw Ranges.unexpected(request, peer());
        }
        requests.add(request);
    }

    @Override
    public void reported(AgentReport report) throws ProtocolException {
        if (report.disks().size() != followed.branches().size()) {
            throw new ProtocolException(
                    "report of "
                            + report.disks().size()
                            + " disks, the session has "
                            + followed.branches().size());
        }
        services.failbacks().reported(clientId, report);
    }

    @Override
    public void finished(long round) throws ProtocolException {
        throw new ProtocolException("FINISHED frame from " + peer());
    }

    @Override
    public List<Loop> loops() {
        return List.of(new Loop("serve", true, this::serve));
    }

    /// The thread that serves reads from disks, so it must not be interrupted: it is woken.
    @Override
    public void stop() {
        stopped = true;
        requests.add(new Frame.TakePoint(0, -1));
    }

    private void serve() throws IOException, InterruptedException {
        try {
            while (true) {
                var request = requests.take();
                if (stopped) {
                    return;
                }
                answer(request);
                release.accept(request.cost());
            }
        } finally {
            shut(newer);
            shut(older);
        }
    }

    private void answer(Frame.Request request) throws IOException, InterruptedException {
        var host = services.failbacks();
        switch (request) {
            case Frame.TakePoint(var number, var since) -> outbox.answer(takePoint(number, since));
            case Frame.ListChanges(var number, var disk, var firstBlock) ->
                    outbox.answer(changes(number, disk, firstBlock));
            case Frame.Compare compare -> compare(compare);
            case Frame.Pull pull -> pull(pull);
            case Frame.RoundEnd end -> {
                host.reached(clientId, end.round());
                outbox.tell(new Frame.Ack(end.number()));
            }
            case Frame.Verified(var number, var sequence, var disks) -> {
                host.verified(clientId, sequence, disks);
                outbox.tell(new Frame.Ack(number));
            }
            case Frame.Extents _ -> throw Ranges.unexpected(request, peer());
        }
    }

    private Frame takePoint(long number, long since) throws IOException {
        var turn = services.failbacks().nextPoint(clientId);
        var point = turn.point();
        shut(newer);
        newer = List.of();
        shut(older);
        older = List.of();
        newer = views(point.sequence());
        var store = services.branches();
        if (since >= 0 && store.point(followed.instance(), since).isPresent()) {
            older = views(since);
        }
        return new Frame.Point(
                number, point.sequence(), point.instant(), !older.isEmpty(), turn.last());
    }

    private List<VolumeView> views(long sequence) throws IOException {
        var views = new ArrayList<VolumeView>();
        try {
            for (var branch : followed.branches()) {
                views.add(services.branches().view(branch.id(), sequence));
            }
            return views;
        } catch (IOException | RuntimeException e) {
            shut(views);
            throw e;
        }
    }

    private Frame changes(long number, int disk, long firstBlock) throws IOException {
        if (older.isEmpty()) {
            throw new ProtocolException("asked for changes that are not known");
        }
        BranchStore store = services.branches();
        var runs =
                store.changes(older.get(disk), newer.get(disk), firstBlock, Wire.CHANGES_MAX + 1);
        var complete = runs.size() <= Wire.CHANGES_MAX;
        return new Frame.Changes(
                number, complete, complete ? runs : runs.subList(0, Wire.CHANGES_MAX));
    }

    private void compare(Frame.Compare compare) throws IOException, InterruptedException {
        var view = point(compare.disk());
        var comparison =
                services.comparisons()
                        .differing(
                                view.volume(),
                                () -> services.branches().view(view.volume().id(), view.sequence()),
                                compare,
                                () -> stopped);
        try {
            var count = compare.digests().size();
            outbox.answer(new Frame.Compared(compare.number(), count, comparison.get()));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        }
    }

    private void pull(Frame.Pull pull) throws IOException, InterruptedException {
        var view = point(pull.disk());
        limit.asked(services.failbacks().bytesPerSecondMax(clientId));
        var packer = new ExtentPacker();
        var data = new byte[EXTENT_BYTES_MAX];
        var extents = new ArrayList<PackedExtent>();
        var bytes = 0;
        for (var run : pull.runs()) {
            if (stopped) {
                return;
            }
            var extent = read(view, run, packer, data);
            extents.add(extent);
            bytes += Wire.EXTENT_HEADER_BYTES + extent.payload().length;
            if (bytes >= FRAME_BYTES) {
                send(pull, extents, bytes);
                extents.clear();
                bytes = 0;
            }
        }
        if (!extents.isEmpty()) {
            send(pull, extents, bytes);
        }
    }

    private void send(Frame.Pull pull, List<PackedExtent> extents, int bytes)
            throws InterruptedException {
        limit.take(bytes);
        outbox.answer(new Frame.Extents(pull.number(), pull.disk(), List.copyOf(extents)));
    }

    /// The last block of a disk may lie past its end in part; that part is zeros.
    private static PackedExtent read(
            VolumeView view, BlockRun run, ExtentPacker packer, byte[] data) throws IOException {
        var offset = run.firstBlock() * Blocks.BLOCK_BYTES;
        var wanted = (int) run.blockCount() * Blocks.BLOCK_BYTES;
        var present = (int) Math.min(wanted, view.sizeBytes() - offset);
        view.read(ByteBuffer.wrap(data, 0, present), offset);
        Arrays.fill(data, present, wanted, (byte) 0);
        return packer.pack(run.firstBlock(), data, 0, (int) run.blockCount(), Compression.LZ4);
    }

    private VolumeView point(int disk) throws ProtocolException {
        if (newer.isEmpty()) {
            throw new ProtocolException("asked for data before TAKE_POINT");
        }
        return newer.get(disk);
    }

    private static void shut(List<VolumeView> views) {
        views.forEach(VolumeView::close);
    }
}
