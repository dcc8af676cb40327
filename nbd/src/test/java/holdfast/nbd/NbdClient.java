package holdfast.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.base.Network;
import holdfast.base.Network.Connection;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A client that says exactly what a test wants it to say, sense or nonsense, and takes the replies
/// apart. Written from the protocol's text and not from the server's code.
final class NbdClient implements AutoCloseable {
    private static final int FIXED = 1;
    private static final int NO_ZEROES = 2;

    Connection connection;
    DataInputStream in;

    record OptionAnswer(int option, int type, byte[] data) {
        String text() {
            return new String(data, UTF_8);
        }

        ByteBuffer buffer() {
            return ByteBuffer.wrap(data);
        }
    }

    /// One message of the transmission phase. `type` is -1 for a simple reply, `error` that of a
    /// simple reply or an error chunk.
    record Answer(long cookie, int type, boolean done, int error, byte[] payload) {
        ByteBuffer buffer() {
            return ByteBuffer.wrap(payload);
        }

        boolean simple() {
            return type == -1;
        }

        /// Text of an error chunk.
        String message() {
            var length = buffer().getShort(4);
            return new String(payload, 6, length, UTF_8);
        }
    }

    /// Connects and says nothing yet.
    NbdClient(SocketAddress address) throws IOException {
        use(Network.system().connect(address, Duration.ofSeconds(10)));
        connection.readTimeout(Duration.ofSeconds(20)); // a broken server must not hang the test
    }

    /// Goes on over another connection: TLS over the first.
    void use(Connection other) {
        connection = other;
        in = new DataInputStream(other.input());
    }

    NbdClient greet() throws IOException {
        return greet(FIXED | NO_ZEROES);
    }

    NbdClient greet(int clientFlags) throws IOException {
        if (in.readLong() != 0x4e42444d41474943L || in.readLong() != 0x49484156454f5054L) {
            throw new IOException("not an NBD server");
        }
        if (in.readShort() != 3) {
            throw new IOException("unexpected handshake flags");
        }
        send(ByteBuffer.allocate(4).putInt(clientFlags));
        return this;
    }

    void send(ByteBuffer bytes) throws IOException {
        connection.output().write(bytes.array(), 0, bytes.position());
        connection.output().flush();
    }

    void sendOption(int option, byte[] data) throws IOException {
        sendOptionHeader(option, data.length);
        connection.output().write(data);
        connection.output().flush();
    }

    void sendOptionHeader(int option, int length) throws IOException {
        send(ByteBuffer.allocate(16).putLong(0x49484156454f5054L).putInt(option).putInt(length));
    }

    OptionAnswer readOptionAnswer() throws IOException {
        var magic = in.readLong();
        if (magic != 0x3e889045565a9L) {
            throw new IOException("option reply magic %x".formatted(magic));
        }
        return new OptionAnswer(in.readInt(), in.readInt(), in.readNBytes(in.readInt()));
    }

    /// Sends an option and collects the replies up to the acknowledgement or error.
    List<OptionAnswer> option(int option, byte[] data) throws IOException {
        sendOption(option, data);
        var answers = new ArrayList<OptionAnswer>();
        do {
            answers.add(readOptionAnswer());
        } while (answers.getLast().type() != 1 && answers.getLast().type() > 0);
        return answers;
    }

    /// The last of [#option]'s replies.
    OptionAnswer lastOfOption(int option, byte[] data) throws IOException {
        return option(option, data).getLast();
    }

    static byte[] infoData(String export, int... wanted) {
        var name = export.getBytes(UTF_8);
        var data = ByteBuffer.allocate(4 + name.length + 2 + 2 * wanted.length);
        data.putInt(name.length).put(name).putShort((short) wanted.length);
        for (var each : wanted) {
            data.putShort((short) each);
        }
        return data.array();
    }

    static byte[] metaData(String export, String... queries) {
        var name = export.getBytes(UTF_8);
        var data = ByteBuffer.allocate(8192);
        data.putInt(name.length).put(name).putInt(queries.length);
        for (var query : queries) {
            data.putInt(query.getBytes(UTF_8).length).put(query.getBytes(UTF_8));
        }
        return Arrays.copyOf(data.array(), data.position());
    }

    /// Into transmission with structured replies and `base:allocation`.
    static NbdClient structured(SocketAddress address, String export) throws IOException {
        var client = new NbdClient(address).greet();
        client.option(8, new byte[0]);
        client.option(10, metaData(export, "base:allocation"));
        client.option(7, infoData(export));
        return client;
    }

    /// Into transmission with simple replies only.
    static NbdClient simple(SocketAddress address, String export) throws IOException {
        var client = new NbdClient(address).greet();
        client.option(7, infoData(export));
        return client;
    }

    static ByteBuffer header(int flags, int type, long cookie, long offset, long length) {
        return ByteBuffer.allocate(28)
                .putInt(0x25609513)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offset)
                .putInt((int) length);
    }

    void request(int flags, int type, long cookie, long offset, long length) throws IOException {
        send(header(flags, type, cookie, offset, length));
    }

    void write(int flags, long cookie, long offset, byte[] data) throws IOException {
        var all = ByteBuffer.allocate(28 + data.length);
        all.put(header(flags, 1, cookie, offset, data.length).flip()).put(data);
        send(all);
    }

    /// @param simpleDataBytes data that follows a simple reply without error
    Answer answer(int simpleDataBytes) throws IOException {
        var magic = in.readInt();
        if (magic == 0x67446698) {
            var error = in.readInt();
            var cookie = in.readLong();
            var data = in.readNBytes(error == 0 ? simpleDataBytes : 0);
            return new Answer(cookie, -1, true, error, data);
        }
        if (magic != 0x668e33ef) {
            throw new IOException("reply magic %x".formatted(magic));
        }
        var flags = in.readUnsignedShort();
        var type = in.readUnsignedShort();
        var cookie = in.readLong();
        var payload = in.readNBytes(in.readInt());
        var error = (type & 0x8000) == 0 ? 0 : ByteBuffer.wrap(payload).getInt();
        return new Answer(cookie, type, (flags & 1) != 0, error, payload);
    }

    Answer answer() throws IOException {
        return answer(0);
    }

    /// Sends one request and takes its one answer.
    Answer exchange(int flags, int type, long offset, long length) throws IOException {
        request(flags, type, 42, offset, length);
        return answer();
    }

    /// All chunks of one structured reply.
    List<Answer> chunks() throws IOException {
        var chunks = new ArrayList<Answer>();
        do {
            chunks.add(answer());
        } while (!chunks.getLast().done());
        return chunks;
    }

    /// The bytes that a structured reply to a read of this range says.
    byte[] assemble(List<Answer> chunks, long offset, int length) throws IOException {
        var data = new byte[length];
        var seen = 0L;
        for (var chunk : chunks) {
            var payload = chunk.buffer();
            switch (chunk.type()) {
                case 0 -> {}
                case 1 -> {
                    var at = Math.toIntExact(payload.getLong() - offset);
                    seen += payload.remaining();
                    payload.get(data, at, payload.remaining());
                }
                case 2 -> {
                    payload.getLong();
                    seen += payload.getInt();
                }
                default -> throw new IOException("chunk type %x".formatted(chunk.type()));
            }
        }
        if (seen != length) {
            throw new IOException("%d bytes of %d".formatted(seen, length));
        }
        return data;
    }

    /// True once the server has ended the connection.
    boolean ended() throws IOException {
        try {
            return connection.input().read() < 0;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException _) {
            return true; // reset
        }
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
