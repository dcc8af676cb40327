package holdfast.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/// What the peer sends, read ahead so that many small messages cost one system call. For one
/// thread.
final class WireInput {
    private static final int BYTES = 64 << 10;

    private final InputStream in;
    private final byte[] bytes = new byte[BYTES];
    private final ByteBuffer view = ByteBuffer.wrap(bytes);
    private int at;
    private int end;

    WireInput(InputStream in) {
        this.in = in;
    }

    /// Waits for the next message's first byte.
    ///
    /// @return false if the peer has ended its stream here, where it may
    boolean awaitMessage() throws IOException {
        return at < end || fill() > 0;
    }

    /// Whether the peer sent more than was asked of it so far.
    boolean hasReadAhead() {
        return at < end;
    }

    /// The next `count` bytes, valid until the next call.
    ByteBuffer next(int count) throws IOException {
        if (end - at < count) {
            System.arraycopy(bytes, at, bytes, 0, end - at);
            end -= at;
            at = 0;
            while (end < count) {
                if (fill() <= 0) {
                    throw new EOFException("peer went away within a message");
                }
            }
        }
        view.limit(at + count).position(at);
        at += count;
        return view;
    }

    /// Large remainders go to the target without a stop here.
    void readFully(byte[] target, int length) throws IOException {
        var copied = Math.min(length, end - at);
        System.arraycopy(bytes, at, target, 0, copied);
        at += copied;
        if (in.readNBytes(target, copied, length - copied) < length - copied) {
            throw new EOFException("peer went away within its data");
        }
    }

    void skip(long count) throws IOException {
        for (var left = count; left > 0; ) {
            var step = (int) Math.min(left, BYTES);
            next(step);
            left -= step;
        }
    }

    private int fill() throws IOException {
        if (at == end) {
            at = 0;
            end = 0;
        }
        var count = in.read(bytes, end, BYTES - end);
        end += Math.max(count, 0);
        return count;
    }
}
