package holdfast.replication;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Gathers frames in memory, so that they leave in one write. Big-endian. Grows to the largest
/// batch it was given. Not safe for concurrent use.
final class WireOutput {
    private static final int NO_FRAME = -1;

    private byte[] bytes = new byte[4096];
    private ByteBuffer buffer = ByteBuffer.wrap(bytes);
    private int frameAt = NO_FRAME;

    void start(FrameType type) {
        frameAt = buffer.position();
        i32(0).u8(type.code()).u8(0).u16(0);
    }

    /// @throws IllegalArgumentException if the payload is larger than its type allows
    void finish(FrameType type) {
        var payload = buffer.position() - frameAt - Wire.HEADER_BYTES;
        if (payload > type.payloadBytesMax()) {
            throw new IllegalArgumentException(
                    type
                            + " frame of "
                            + payload
                            + " bytes, at most "
                            + type.payloadBytesMax()
                            + " are allowed");
        }
        buffer.putInt(frameAt, payload);
        frameAt = NO_FRAME;
    }

    /// Bytes gathered and not yet written.
    int size() {
        return buffer.position();
    }

    /// Writes all that was gathered, and begins anew.
    void writeTo(OutputStream out) throws IOException {
        out.write(bytes, 0, buffer.position());
        out.flush();
        buffer.clear();
    }

    WireOutput u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    WireOutput flag(boolean value) {
        return u8(value ? 1 : 0);
    }

    WireOutput u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    WireOutput i32(int value) {
        room(4).putInt(value);
        return this;
    }

    WireOutput i64(long value) {
        room(8).putLong(value);
        return this;
    }

    WireOutput bytes(byte[] value) {
        room(value.length).put(value);
        return this;
    }

    /// Text that something is identified by, so as it is.
    ///
    /// @throws IllegalArgumentException if it is too long or holds control characters
    WireOutput name(String value) {
        var encoded = value.getBytes(StandardCharsets.UTF_8);
        if (encoded.length > Wire.TEXT_BYTES_MAX
                || value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "name of "
                            + encoded.length
                            + " bytes: at most "
                            + Wire.TEXT_BYTES_MAX
                            + " are allowed, and no control characters");
        }
        return u16(encoded.length).bytes(encoded);
    }

    /// Text for people: cut where it is too long, control characters replaced.
    WireOutput text(String value) {
        var clean = new StringBuilder(value);
        for (var i = 0; i < clean.length(); i++) {
            if (Character.isISOControl(clean.charAt(i))) {
                clean.setCharAt(i, ' ');
            }
        }
        var encoded = clean.toString().getBytes(StandardCharsets.UTF_8);
        var length = Math.min(encoded.length, Wire.TEXT_BYTES_MAX);
        while (length < encoded.length && (encoded[length] & 0xc0) == 0x80) {
            length--; // not within a character
        }
        return u16(length).bytes(Arrays.copyOf(encoded, length));
    }

    private ByteBuffer room(int more) {
        if (buffer.remaining() < more) {
            var size = buffer.position();
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
            buffer = ByteBuffer.wrap(bytes).position(size);
        }
        return buffer;
    }
}
