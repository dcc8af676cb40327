package holdfast.replication;

import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.TlsContexts;
import java.io.IOException;
import java.util.List;

/// An agent that sends what a test wants, whether it is allowed or not.
record RawAgent(TlsConnection connection, FrameDecoder frames) implements AutoCloseable {
    /// Opens TLS and says nothing yet.
    static RawAgent dial(Stage stage, Identity identity) throws IOException {
        var raw = stage.network.connect(stage.replicator.address(), Stage.PATIENCE);
        var tls = TlsContexts.agent(identity, stage.time, stage.random);
        var connection = TlsConnection.client(tls, raw);
        connection.readTimeout(Stage.PATIENCE);
        connection.handshake();
        return new RawAgent(connection, new FrameDecoder(connection.input()));
    }

    Frame.Began begin(List<DiskFacts> disks) throws IOException {
        send(new Frame.Hello(Wire.VERSION_MIN, Wire.VERSION_MAX));
        await(Frame.Agreed.class);
        send(new Frame.Begin(Stage.MACHINE, disks, Wire.VERSION_MAX));
        return await(Frame.Began.class);
    }

    void send(Frame frame) throws IOException {
        var out = new WireOutput();
        FrameEncoder.encode(frame, out);
        out.writeTo(connection.output());
    }

    void send(byte[] bytes) throws IOException {
        connection.output().write(bytes);
        connection.output().flush();
    }

    /// Skips other frames until one of this kind comes.
    <T extends Frame> T await(Class<T> kind) throws IOException {
        while (true) {
            var frame =
                    frames.next(Allowance.NONE)
                            .orElseThrow(
                                    () -> new IOException("ended before " + kind.getSimpleName()));
            if (kind.isInstance(frame)) {
                return kind.cast(frame);
            }
        }
    }

    /// Reads until the replicator says nothing more.
    void awaitEnd() throws IOException {
        while (frames.next(Allowance.NONE).isPresent()) {
            // what it says before does not matter
        }
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
