package holdfast.replication;

import holdfast.format.PackedExtent;
import java.util.List;

/// Frames to bytes, as in docs/formats/wire.md.
final class FrameEncoder {
    private FrameEncoder() {}

    /// @throws IllegalArgumentException if the frame exceeds a limit of the format
    static void encode(Frame frame, WireOutput out) {
        var type = typeOf(frame);
        out.start(type);
        switch (frame) {
            case Frame.Hello(var min, var max) -> out.i32(Wire.MAGIC).u16(min).u16(max);
            case Frame.Agreed(var version) -> out.u16(version);
            case Frame.Begin(var machine, var disks, var version) -> {
                machine(machine, out);
                disks(disks, out);
                if (version >= Wire.VERSION_IDENTITY) {
                    identity(machine.identity(), out);
                }
                if (version >= Wire.VERSION_RUN) {
                    out.text(machine.run().process()).i32(machine.run().lostConnections());
                }
            }
            case Frame.Began(var session, var credit) -> session(session, credit, out);
            case Frame.Extents(var number, var disk, var extents) -> {
                out.i64(number).u16(disk).u16(count("extents", extents, Wire.EXTENTS_MAX));
                extents.forEach(extent -> extent(extent, out));
            }
            case Frame.Compare compare -> compare(compare, out);
            case Frame.RoundEnd end -> roundEnd(end, out);
            case Frame.TakePoint(var number, var since) -> out.i64(number).i64(since);
            case Frame.Point point -> point(point, out);
            case Frame.ListChanges(var number, var disk, var firstBlock) ->
                    out.i64(number).u16(disk).i64(firstBlock);
            case Frame.Changes(var number, var complete, var runs) -> {
                out.i64(number).flag(complete).u16(count("runs", runs, Wire.CHANGES_MAX));
                runs.forEach(run -> out.i64(run.firstBlock()).i64(run.blockCount()));
            }
            case Frame.Pull(var number, var disk, var runs) -> {
                out.i64(number).u16(disk).u16(count("runs", runs, Wire.PULL_RUNS_MAX));
                runs.forEach(run -> out.i64(run.firstBlock()).u16((int) run.blockCount()));
            }
            case Frame.Verified(var number, var sequence, var disks) -> {
                out.i64(number).i64(sequence).u16(count("disks", disks, Wire.DISKS_MAX));
                disks.forEach(disk -> out.i64(disk.comparedBytes()).i64(disk.differingBytes()));
            }
            case Frame.Compared(var number, var pieceCount, var differing) -> {
                out.i64(number).u16(pieceCount);
                for (var i = 0; i < pieceCount; i += Byte.SIZE) {
                    var bits = differing.get(i, Math.min(i + Byte.SIZE, pieceCount)).toByteArray();
                    out.u8(bits.length == 0 ? 0 : bits[0]);
                }
            }
            case Frame.Ack(var number) -> out.i64(number);
            case Frame.Credit(var limit) -> out.i64(limit);
            case Frame.Report(var report) -> report(report, out);
            case Frame.Status(var problem) -> out.text(problem);
            case Frame.Limit(var bytesPerSecond) -> out.i64(bytesPerSecond);
            case Frame.Ping(var token) -> out.i64(token);
            case Frame.Pong(var token) -> out.i64(token);
            case Frame.Failure(var code, var message, var retryAfterMillis) ->
                    out.name(code).text(message).i32(retryAfterMillis);
            case Frame.Goodbye(), Frame.Finish() -> {}
            case Frame.Finished(var round) -> out.i64(round);
            case Frame.CertificateRequest(var request) -> out.u16(request.length).bytes(request);
            case Frame.Certificate(var refusal, var chain) -> {
                out.text(refusal).u16(count("certificates", chain, Wire.CERTIFICATES));
                chain.forEach(certificate -> out.u16(certificate.length).bytes(certificate));
            }
        }
        out.finish(type);
    }

    static FrameType typeOf(Frame frame) {
        return switch (frame) {
            case Frame.Hello _ -> FrameType.HELLO;
            case Frame.Agreed _ -> FrameType.AGREED;
            case Frame.Begin _ -> FrameType.BEGIN;
            case Frame.Began _ -> FrameType.BEGAN;
            case Frame.Extents _ -> FrameType.EXTENTS;
            case Frame.Compare _ -> FrameType.COMPARE;
            case Frame.Compared _ -> FrameType.COMPARED;
            case Frame.RoundEnd _ -> FrameType.ROUND_END;
            case Frame.Ack _ -> FrameType.ACK;
            case Frame.Credit _ -> FrameType.CREDIT;
            case Frame.Report _ -> FrameType.REPORT;
            case Frame.Status _ -> FrameType.STATUS;
            case Frame.Limit _ -> FrameType.LIMIT;
            case Frame.Ping _ -> FrameType.PING;
            case Frame.Pong _ -> FrameType.PONG;
            case Frame.Failure _ -> FrameType.ERROR;
            case Frame.Goodbye _ -> FrameType.GOODBYE;
            case Frame.Finish _ -> FrameType.FINISH;
            case Frame.Finished _ -> FrameType.FINISHED;
            case Frame.CertificateRequest _ -> FrameType.CERTIFICATE_REQUEST;
            case Frame.Certificate _ -> FrameType.CERTIFICATE;
            case Frame.TakePoint _ -> FrameType.TAKE_POINT;
            case Frame.Point _ -> FrameType.POINT;
            case Frame.ListChanges _ -> FrameType.LIST_CHANGES;
            case Frame.Changes _ -> FrameType.CHANGES;
            case Frame.Pull _ -> FrameType.PULL;
            case Frame.Verified _ -> FrameType.VERIFIED;
        };
    }

    private static void machine(MachineFacts machine, WireOutput out) {
        out.text(machine.hostname())
                .text(machine.os())
                .text(machine.kernel())
                .text(machine.architecture())
                .text(machine.cpuModel())
                .i32(machine.cpuCount())
                .i64(machine.memoryBytes())
                .flag(machine.uefi())
                .text(machine.bootId())
                .text(machine.agentVersion())
                .text(machine.tracker());
        var interfaces = machine.networkInterfaces();
        out.u16(count("network interfaces", interfaces, Wire.INTERFACES_MAX));
        interfaces.forEach(out::text);
    }

    private static void identity(MachineIdentity identity, WireOutput out) {
        var addresses = identity.hardwareAddresses();
        out.text(identity.systemUuid());
        out.u16(count("hardware addresses", addresses, Wire.INTERFACES_MAX));
        addresses.forEach(out::text);
    }

    private static void disks(List<DiskFacts> disks, WireOutput out) {
        out.u16(count("disks", disks, Wire.DISKS_MAX));
        for (var disk : disks) {
            out.name(disk.name()).i64(disk.sizeBytes()).text(disk.model()).text(disk.serial());
        }
    }

    private static void session(ReplicationLink.Session session, long credit, WireOutput out) {
        out.name(session.serverId()).name(session.storeIdentity()).i64(credit);
        out.u16(count("disks", session.disks(), Wire.DISKS_MAX));
        for (var disk : session.disks()) {
            out.name(disk.volumeId()).flag(disk.newVolume()).i64(disk.lastRound());
        }
    }

    private static void extent(PackedExtent extent, WireOutput out) {
        out.i64(extent.firstBlock())
                .u16(extent.blockCount())
                .u8(extent.compression().code())
                .u8(0)
                .i32(extent.crc32c())
                .i32(extent.payload().length)
                .bytes(extent.payload());
    }

    private static void compare(Frame.Compare compare, WireOutput out) {
        out.i64(compare.number())
                .u16(compare.disk())
                .i64(compare.firstBlock())
                .i64(compare.blockCount())
                .i32(compare.blocksPerDigest())
                .u16(count("digests", compare.digests(), ReplicationLink.DIGESTS_MAX));
        for (var digest : compare.digests()) {
            if (digest.length != ReplicationLink.DIGEST_BYTES) {
                throw new IllegalArgumentException("digest of " + digest.length + " bytes");
            }
            out.bytes(digest);
        }
    }

    private static void roundEnd(Frame.RoundEnd end, WireOutput out) {
        var instant = end.instant();
        out.i64(end.number())
                .i64(end.round())
                .flag(end.consistent())
                .flag(end.frozen())
                .i64(instant.getEpochSecond())
                .i32(instant.getNano())
                .i64(end.ageMillis());
    }

    private static void point(Frame.Point point, WireOutput out) {
        var instant = point.instant();
        out.i64(point.number())
                .i64(point.sequence())
                .i64(instant.getEpochSecond())
                .i32(instant.getNano())
                .flag(point.changesKnown())
                .flag(point.last());
    }

    /// The code is part of the format, so given here and not left to the order of the constants.
    static int code(AgentReport.State state) {
        return switch (state) {
            case INITIAL_SYNC -> 1;
            case RESCAN -> 2;
            case CREATING_SNAPSHOT -> 3;
            case CONTINUOUS -> 4;
            case BACKLOG -> 5;
        };
    }

    private static void report(AgentReport report, WireOutput out) {
        out.u8(code(report.state()))
                .text(report.detail())
                .i64(report.bytesPerSecond())
                .i64(report.sentBytes())
                .i64(report.changedBytes())
                .i64(report.clockMillis())
                .u16(count("disks", report.disks(), Wire.DISKS_MAX));
        for (var disk : report.disks()) {
            out.name(disk.name())
                    .i64(disk.totalBytes())
                    .i64(disk.replicatedBytes())
                    .i64(disk.rescannedBytes())
                    .i64(disk.backlogBytes());
        }
    }

    private static int count(String what, List<?> list, int max) {
        if (list.size() > max) {
            throw new IllegalArgumentException(
                    list.size() + " " + what + ", at most " + max + " are allowed");
        }
        return list.size();
    }
}
