package holdfast.replication;

import holdfast.base.BlockRun;
import holdfast.base.Blocks;
import holdfast.format.Compression;
import holdfast.format.PackedExtent;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Bytes to frames, as in docs/formats/wire.md. Whatever the bytes are, the outcome is a frame that
/// keeps every limit or a [ProtocolException], and memory is taken only for what the peer may send.
/// Not safe for concurrent use.
final class FrameDecoder {
    /// The last second of the year 9999, far from what the JDK's calendar cannot express.
    private static final long SECOND_MAX = 253_402_300_799L;

    private static final int NANOS_MAX = 999_999_999;
    private static final int EXTENT_BYTES_MAX = PackedExtent.BLOCKS_MAX * Blocks.BLOCK_BYTES;

    private final WireInput in;
    private int version = Wire.VERSION_MAX;

    FrameDecoder(InputStream in) {
        this.in = new WireInput(in);
    }

    /// From now on, frames that this version does not have are unknown.
    void agreed(int newVersion) {
        version = newVersion;
    }

    /// Reads the next frame.
    ///
    /// @return empty if the stream ends between frames
    /// @throws ProtocolException if the peer sent something else
    Optional<Frame> next(Allowance allowance) throws IOException {
        var header = in.header();
        if (header.isEmpty()) {
            return Optional.empty();
        }
        var length = (int) (header.getAsLong() >>> 32);
        var code = (int) (header.getAsLong() >>> 24) & 0xff;
        var reserved = (int) header.getAsLong() & 0xffffff;
        var type = FrameType.ofCode(code, version);
        if (length < 0 || length > type.payloadBytesMax() || reserved != 0) {
            throw new ProtocolException(
                    type
                            + " frame of "
                            + Integer.toUnsignedLong(length)
                            + " bytes with flags "
                            + reserved
                            + ", expected at most "
                            + type.payloadBytesMax()
                            + " and no flags");
        }
        in.limit(length);
        var frame =
                switch (type) {
                    case HELLO -> hello();
                    case AGREED -> new Frame.Agreed(in.u16());
                    case BEGIN -> begin();
                    case BEGAN -> began();
                    case EXTENTS -> extents(allowance);
                    case COMPARE -> compare(allowance);
                    case COMPARED -> compared();
                    case ROUND_END -> roundEnd(allowance);
                    case ACK -> new Frame.Ack(in.natural("number"));
                    case CREDIT -> new Frame.Credit(in.natural("credit"));
                    case REPORT -> new Frame.Report(report());
                    case STATUS -> new Frame.Status(in.text());
                    case PING -> new Frame.Ping(in.i64());
                    case PONG -> new Frame.Pong(in.i64());
                    case ERROR -> failure();
                    case GOODBYE -> new Frame.Goodbye();
                    case FINISH -> new Frame.Finish();
                    case FINISHED -> new Frame.Finished(in.natural("round"));
                    case CERTIFICATE_REQUEST ->
                            new Frame.CertificateRequest(
                                    der("request", Wire.CERTIFICATE_REQUEST_BYTES_MAX));
                    case CERTIFICATE -> certificate();
                    case TAKE_POINT -> takePoint(allowance);
                    case POINT -> point();
                    case LIST_CHANGES -> listChanges(allowance);
                    case CHANGES -> changes();
                    case PULL -> pull(allowance);
                    case VERIFIED -> verified(allowance);
                    case LIMIT -> new Frame.Limit(in.natural("bytes per second"));
                };
        in.end();
        return Optional.of(frame);
    }

    private Frame hello() throws IOException {
        var magic = in.i32();
        if (magic != Wire.MAGIC) {
            throw new ProtocolException(
                    String.format(Locale.ROOT, "magic is %08x, expected %08x", magic, Wire.MAGIC));
        }
        return new Frame.Hello(in.u16(), in.u16());
    }

    private Frame begin() throws IOException {
        var machine = machine();
        var disks = disks();
        if (version < Wire.VERSION_IDENTITY) {
            return new Frame.Begin(machine, disks, version);
        }
        var systemUuid = in.text();
        var addresses = texts(in.count("hardware addresses", Wire.INTERFACES_MAX));
        var known = machine.with(new MachineIdentity(systemUuid, addresses));
        if (version < Wire.VERSION_RUN) {
            return new Frame.Begin(known, disks, version);
        }
        var run = new AgentRun(in.text(), in.natural32("lost connections", Integer.MAX_VALUE));
        return new Frame.Begin(known.with(run), disks, version);
    }

    private MachineFacts machine() throws IOException {
        return new MachineFacts(
                in.text(),
                in.text(),
                in.text(),
                in.text(),
                in.text(),
                in.natural32("processors", Integer.MAX_VALUE),
                in.natural("memory"),
                in.flag(),
                in.text(),
                in.text(),
                in.text(),
                texts(in.count("network interfaces", Wire.INTERFACES_MAX)));
    }

    private List<String> texts(int count) throws IOException {
        var texts = new ArrayList<String>();
        for (var i = 0; i < count; i++) {
            texts.add(in.text());
        }
        return texts;
    }

    private List<DiskFacts> disks() throws IOException {
        var count = in.count("disks", Wire.DISKS_MAX);
        var disks = new ArrayList<DiskFacts>();
        for (var i = 0; i < count; i++) {
            disks.add(new DiskFacts(in.text(), in.natural("size"), in.text(), in.text()));
        }
        return disks;
    }

    private Frame began() throws IOException {
        var serverId = in.text();
        var storeIdentity = in.text();
        var credit = in.natural("credit");
        var count = in.count("disks", Wire.DISKS_MAX);
        var disks = new ArrayList<ReplicationLink.Session.Disk>();
        for (var i = 0; i < count; i++) {
            disks.add(new ReplicationLink.Session.Disk(in.text(), in.flag(), in.i64()));
        }
        return new Frame.Began(new ReplicationLink.Session(serverId, storeIdentity, disks), credit);
    }

    private Frame extents(Allowance allowance) throws IOException {
        var number = in.natural("number");
        var disk = in.count("disk", Wire.DISKS_MAX - 1);
        var count = in.count("extents", Wire.EXTENTS_MAX);
        if (count == 0) {
            throw new ProtocolException("extents frame without extents");
        }
        var extents = new ArrayList<PackedExtent>();
        for (var i = 0; i < count; i++) {
            extents.add(extent(allowance));
        }
        return new Frame.Extents(number, disk, extents);
    }

    private PackedExtent extent(Allowance allowance) throws IOException {
        var firstBlock = in.natural("first block");
        var blockCount = in.u16();
        var compression = in.u8();
        var reserved = in.u8();
        var crc32c = in.i32();
        var length = in.natural32("payload", EXTENT_BYTES_MAX);
        if (reserved != 0) {
            throw new ProtocolException("extent with flags " + reserved + ", expected none");
        }
        allowance.spend(Wire.REQUEST_COST + length);
        var payload = in.bytes(length);
        try {
            var packing = Compression.ofCode(compression);
            return new PackedExtent(firstBlock, blockCount, packing, crc32c, payload);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("extent: " + e.getMessage(), e);
        }
    }

    private Frame compare(Allowance allowance) throws IOException {
        var number = in.natural("number");
        var disk = in.count("disk", Wire.DISKS_MAX - 1);
        var firstBlock = in.natural("first block");
        var blockCount = in.natural("blocks");
        var blocksPerDigest =
                in.natural32("blocks per digest", ReplicationLink.BLOCKS_PER_DIGEST_MAX);
        var count = in.count("digests", ReplicationLink.DIGESTS_MAX);
        allowance.spend(Wire.compareCost(count));
        var digests = new ArrayList<byte[]>();
        for (var i = 0; i < count; i++) {
            digests.add(in.bytes(ReplicationLink.DIGEST_BYTES));
        }
        return new Frame.Compare(number, disk, firstBlock, blockCount, blocksPerDigest, digests);
    }

    private Frame roundEnd(Allowance allowance) throws IOException {
        allowance.spend(Wire.REQUEST_COST);
        var number = in.natural("number");
        var round = in.natural("round");
        var consistent = in.flag();
        var frozen = in.flag();
        var second = in.natural("instant", SECOND_MAX);
        var nanos = in.natural32("nanoseconds", NANOS_MAX);
        var age = in.natural("age");
        return new Frame.RoundEnd(
                number, round, consistent, frozen, Instant.ofEpochSecond(second, nanos), age);
    }

    private Frame takePoint(Allowance allowance) throws IOException {
        allowance.spend(Wire.REQUEST_COST);
        var number = in.natural("number");
        var since = in.i64();
        if (since < -1) {
            throw new ProtocolException("since " + since + ", expected a sequence or -1");
        }
        return new Frame.TakePoint(number, since);
    }

    private Frame point() throws IOException {
        var number = in.natural("number");
        var sequence = in.natural("sequence");
        var second = in.natural("instant", SECOND_MAX);
        var nanos = in.natural32("nanoseconds", NANOS_MAX);
        return new Frame.Point(
                number, sequence, Instant.ofEpochSecond(second, nanos), in.flag(), in.flag());
    }

    private Frame listChanges(Allowance allowance) throws IOException {
        allowance.spend(Wire.REQUEST_COST);
        return new Frame.ListChanges(
                in.natural("number"),
                in.count("disk", Wire.DISKS_MAX - 1),
                in.natural("first block"));
    }

    private Frame changes() throws IOException {
        var number = in.natural("number");
        var complete = in.flag();
        var count = in.count("runs", Wire.CHANGES_MAX);
        var runs = new ArrayList<BlockRun>();
        for (var i = 0; i < count; i++) {
            runs.add(run(in.natural("first block"), in.natural("blocks")));
        }
        return new Frame.Changes(number, complete, runs);
    }

    private Frame pull(Allowance allowance) throws IOException {
        var number = in.natural("number");
        var disk = in.count("disk", Wire.DISKS_MAX - 1);
        var count = in.count("runs", Wire.PULL_RUNS_MAX);
        allowance.spend(Wire.REQUEST_COST + count * Wire.PULLED_RUN_COST);
        var runs = new ArrayList<BlockRun>();
        var blocks = 0L;
        for (var i = 0; i < count; i++) {
            var run = run(in.natural("first block"), in.count("blocks", PackedExtent.BLOCKS_MAX));
            blocks += run.blockCount();
            runs.add(run);
        }
        if (blocks == 0 || blocks > BranchLink.PULL_BLOCKS_MAX) {
            throw new ProtocolException(
                    blocks + " blocks asked for, expected 1 to " + BranchLink.PULL_BLOCKS_MAX);
        }
        return new Frame.Pull(number, disk, runs);
    }

    private static BlockRun run(long firstBlock, long blockCount) throws ProtocolException {
        try {
            return new BlockRun(firstBlock, blockCount);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(String.valueOf(e.getMessage()), e);
        }
    }

    private Frame verified(Allowance allowance) throws IOException {
        allowance.spend(Wire.REQUEST_COST);
        var number = in.natural("number");
        var sequence = in.natural("sequence");
        var count = in.count("disks", Wire.DISKS_MAX);
        var disks = new ArrayList<ComparedDisk>();
        for (var i = 0; i < count; i++) {
            disks.add(new ComparedDisk(in.natural("compared"), in.natural("differing")));
        }
        return new Frame.Verified(number, sequence, disks);
    }

    private byte[] der(String what, int max) throws IOException {
        return in.bytes(in.count("bytes of " + what, max));
    }

    private Frame certificate() throws IOException {
        var refusal = in.text();
        var count = in.count("certificates", Wire.CERTIFICATES);
        if (count != (refusal.isEmpty() ? Wire.CERTIFICATES : 0)) {
            throw new ProtocolException(
                    count + " certificates, expected " + Wire.CERTIFICATES + " or a refusal");
        }
        var chain = new ArrayList<byte[]>();
        for (var i = 0; i < count; i++) {
            chain.add(der("certificate", Wire.CERTIFICATE_BYTES_MAX));
        }
        return new Frame.Certificate(refusal, chain);
    }

    private Frame compared() throws IOException {
        var number = in.natural("number");
        var pieceCount = in.count("pieces", ReplicationLink.DIGESTS_MAX);
        var differing = BitSet.valueOf(in.bytes((pieceCount + Byte.SIZE - 1) / Byte.SIZE));
        if (differing.length() > pieceCount) {
            throw new ProtocolException(
                    "piece " + (differing.length() - 1) + " differs, of " + pieceCount);
        }
        return new Frame.Compared(number, pieceCount, differing);
    }

    private AgentReport report() throws IOException {
        var state = state(in.u8());
        var detail = in.text();
        var bytesPerSecond = in.natural("bytes per second");
        var sentBytes = in.natural("bytes sent");
        var changedBytes = in.natural("bytes changed");
        var clockMillis = in.i64();
        var count = in.count("disks", Wire.DISKS_MAX);
        var disks = new ArrayList<AgentReport.Disk>();
        for (var i = 0; i < count; i++) {
            disks.add(
                    new AgentReport.Disk(
                            in.text(),
                            in.natural("total bytes"),
                            in.natural("replicated bytes"),
                            in.natural("rescanned bytes"),
                            in.natural("backlog bytes")));
        }
        return new AgentReport(
                state, detail, bytesPerSecond, sentBytes, changedBytes, clockMillis, disks);
    }

    private static AgentReport.State state(int code) throws ProtocolException {
        for (var state : AgentReport.State.values()) {
            if (FrameEncoder.code(state) == code) {
                return state;
            }
        }
        throw new ProtocolException("unknown state " + code);
    }

    private Frame failure() throws IOException {
        return new Frame.Failure(
                in.text(), in.text(), in.natural32("retry after", Integer.MAX_VALUE));
    }
}
