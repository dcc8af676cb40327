package holdfast.nbd;

import static java.nio.charset.StandardCharsets.US_ASCII;

import holdfast.hostile.HostileInput;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What an NBD client may send before and after the handshake.
class HostileNbdTest {
    private static byte[] option(boolean wantsInfo) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(6);
            out.writeBytes("export");
            if (wantsInfo) {
                out.writeShort(2);
                out.writeShort(3);
                out.writeShort(1);
            } else {
                out.writeInt(1);
                out.writeInt(15);
                out.writeBytes("base:allocation");
            }
        }
        return bytes.toByteArray();
    }

    /// The first byte is the option's number, the others are its data.
    @Test
    void options() throws Exception {
        var corpus = new ArrayList<byte[]>();
        for (var number = 0; number <= 12; number++) {
            for (var data : List.of("export".getBytes(US_ASCII), option(true), option(false))) {
                var numbered = ByteBuffer.allocate(1 + data.length);
                corpus.add(numbered.put((byte) number).put(data).array());
            }
        }
        // any bytes are an option, if only a malformed one
        new HostileInput(corpus, 1 << 20)
                .feed(input -> {
                    if (input.length > 0) {
                        Option.decode(input[0], Arrays.copyOfRange(input, 1, input.length));
                    }
                });
    }

    @Test
    void requests() throws Exception {
        var request = ByteBuffer.allocate(Request.BYTES);
        request.putInt(Protocol.REQUEST_MAGIC).putShort((short) 1).putShort((short) 1);
        request.putLong(7).putLong(4096).putInt(512);
        new HostileInput(List.of(request.array()), 1 << 20, ProtocolException.class)
                .feed(input -> {
                    if (input.length >= Request.BYTES) {
                        Request.decode(ByteBuffer.wrap(input)).payloadBytes();
                    }
                });
    }
}
