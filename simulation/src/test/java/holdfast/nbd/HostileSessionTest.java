package holdfast.nbd;

import holdfast.base.Network;
import holdfast.hostile.HostileInput;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeView;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// A whole session of an NBD client, from its flags to its leave: what it sends is answered,
/// refused, or ends the connection, and never reaches past its export.
class HostileSessionTest {
    private static final long SIZE_BYTES = 1 << 20;

    /// Checks what a session asks of its export.
    private record Export(String name) implements VolumeView {
        @Override
        public Volume volume() {
            return new Volume(
                    new VolumeId("vol-00000000000000001"),
                    "s-1",
                    name,
                    SIZE_BYTES,
                    Optional.empty());
        }

        @Override
        public long sequence() {
            return 1;
        }

        @Override
        public void read(ByteBuffer target, long offsetBytes) {
            if (offsetBytes < 0 || offsetBytes + target.remaining() > SIZE_BYTES) {
                throw new AssertionError("read " + target + " at " + offsetBytes);
            }
            target.position(target.limit());
        }

        @Override
        public List<Run> allocation(long offsetBytes, long lengthBytes) {
            if (offsetBytes < 0 || lengthBytes < 1 || offsetBytes + lengthBytes > SIZE_BYTES) {
                throw new AssertionError("asked for " + lengthBytes + " at " + offsetBytes);
            }
            return List.of(new Run(offsetBytes, lengthBytes, true));
        }

        @Override
        public void close() {}
    }

    private record Exported() implements Exports {
        @Override
        public List<String> names() {
            return List.of("export");
        }

        @Override
        public Optional<VolumeView> open(String name) {
            return name.equals("export") ? Optional.of(new Export(name)) : Optional.empty();
        }
    }

    private record Sent(InputStream input, OutputStream output) implements Network.Connection {
        @Override
        public SocketAddress peer() {
            return InetSocketAddress.createUnresolved("client", 1);
        }

        @Override
        public void readTimeout(Duration timeout) {}

        @Override
        public void close() {}
    }

    private static byte[] session(boolean structured, boolean go) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(3); // fixed newstyle, no zeroes
            if (structured) {
                option(out, 8, new byte[0]);
                option(out, 10, context());
            }
            option(out, go ? 7 : 1, go ? info() : "export".getBytes("US-ASCII"));
            for (var type : new int[] {0, 7, 3, 4, 6, 5, 1}) {
                out.writeInt(Protocol.REQUEST_MAGIC);
                out.writeShort(0);
                out.writeShort(type);
                out.writeLong(type);
                out.writeLong(4096);
                out.writeInt(512);
                if (type == 1) {
                    out.write(new byte[512]);
                }
            }
            out.writeInt(Protocol.REQUEST_MAGIC);
            out.writeShort(0);
            out.writeShort(2);
            out.write(new byte[20]);
        }
        return bytes.toByteArray();
    }

    private static void option(DataOutputStream out, int number, byte[] data) throws IOException {
        out.writeBytes("IHAVEOPT");
        out.writeInt(number);
        out.writeInt(data.length);
        out.write(data);
    }

    private static byte[] context() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(6);
            out.writeBytes("export");
            out.writeInt(1);
            out.writeInt(15);
            out.writeBytes("base:allocation");
        }
        return bytes.toByteArray();
    }

    private static byte[] info() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(6);
            out.writeBytes("export");
            out.writeShort(1);
            out.writeShort(3);
        }
        return bytes.toByteArray();
    }

    @Test
    void sessions() throws Exception {
        new HostileInput(
                        List.of(session(true, true), session(false, true), session(true, false)),
                        48 << 20, // the largest payload that a request may have, and its reply
                        IOException.class)
                .costly(4)
                .feed(HostileSessionTest::serve);
    }

    private static void serve(byte[] input) throws IOException {
        var connection = new Sent(new ByteArrayInputStream(input), OutputStream.nullOutputStream());
        var outcome =
                new Handshake(connection, new Tls.Off(), new Exported(), _ -> {}, () -> {}).run();
        if (outcome.isEmpty()) {
            return;
        }
        var allowance = new Allowance(NbdLimits.STANDARD, new Buffers());
        try (var view = outcome.get().view()) {
            new Transmission(
                            "hostile",
                            outcome.get().agreement(),
                            view,
                            outcome.get().in(),
                            allowance,
                            new Outbox(connection.output(), () -> {}),
                            () -> false)
                    .run();
        } finally {
            allowance.awaitIdle();
        }
    }
}
