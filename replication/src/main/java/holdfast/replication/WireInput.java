package holdfast.replication;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/// Reads the fields of frames from a stream. Nothing is allocated before the frame's own length
/// says that there is as much. Big-endian. Not safe for concurrent use.
final class WireInput {
    private final InputStream in;
    private final byte[] scratch = new byte[Wire.HEADER_BYTES];
    private final ByteBuffer numbers = ByteBuffer.wrap(scratch);
    private int remaining;

    WireInput(InputStream in) {
        this.in = in;
    }

    /// Reads the eight bytes that a frame begins with.
    ///
    /// @return empty if the stream ends here
    OptionalLong header() throws IOException {
        var read = in.readNBytes(scratch, 0, Wire.HEADER_BYTES);
        if (read == 0) {
            return OptionalLong.empty();
        }
        if (read < Wire.HEADER_BYTES) {
            throw ended();
        }
        return OptionalLong.of(numbers.getLong(0));
    }

    /// Starts a part of the stream that is `length` bytes long.
    void limit(int length) {
        remaining = length;
    }

    /// Ends a frame.
    void end() throws ProtocolException {
        if (remaining != 0) {
            throw new ProtocolException(remaining + " bytes after the last field of a frame");
        }
    }

    int u8() throws IOException {
        fill(1);
        return scratch[0] & 0xff;
    }

    boolean flag() throws IOException {
        var value = u8();
        if (value > 1) {
            throw new ProtocolException("flag of value " + value + ", expected 0 or 1");
        }
        return value == 1;
    }

    int u16() throws IOException {
        fill(2);
        return numbers.getShort(0) & 0xffff;
    }

    int i32() throws IOException {
        fill(4);
        return numbers.getInt(0);
    }

    long i64() throws IOException {
        fill(8);
        return numbers.getLong(0);
    }

    /// A whole number that cannot be negative.
    ///
    /// @param what names it in messages
    long natural(String what) throws IOException {
        return natural(what, Long.MAX_VALUE);
    }

    long natural(String what, long max) throws IOException {
        return within(what, i64(), max);
    }

    int natural32(String what, int max) throws IOException {
        return (int) within(what, i32(), max);
    }

    /// How many entries follow.
    int count(String what, int max) throws IOException {
        return (int) within(what, u16(), max);
    }

    byte[] bytes(int length) throws IOException {
        take(length);
        // one array at once: asked for "up to" a length, streams collect pieces and join them
        var bytes = new byte[length];
        if (in.readNBytes(bytes, 0, length) < length) {
            throw ended();
        }
        return bytes;
    }

    String text() throws IOException {
        var bytes = bytes(count("bytes of text", Wire.TEXT_BYTES_MAX));
        try {
            var text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            if (text.chars().anyMatch(Character::isISOControl)) {
                throw new ProtocolException("text with control characters");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw new ProtocolException("text is not UTF-8", e);
        }
    }

    private static long within(String what, long value, long max) throws ProtocolException {
        if (value < 0 || value > max) {
            throw new ProtocolException(what + ": " + value + " is not between 0 and " + max);
        }
        return value;
    }

    private void fill(int length) throws IOException {
        take(length);
        if (in.readNBytes(scratch, 0, length) < length) {
            throw ended();
        }
    }

    private void take(int length) throws ProtocolException {
        if (length > remaining) {
            throw new ProtocolException(
                    "frame ends " + (length - remaining) + " bytes before the end of a field");
        }
        remaining -= length;
    }

    private static ProtocolException ended() {
        return new ProtocolException("connection ended within a frame");
    }
}
