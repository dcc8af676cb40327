package holdfast.replication;

import holdfast.base.TimeSource;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// Notes when the peer was last heard.
final class HeardInput extends FilterInputStream {
    private final TimeSource time;
    private volatile long lastNanos;

    HeardInput(InputStream in, TimeSource time) {
        super(in);
        this.time = time;
        this.lastNanos = time.nanoTime();
    }

    /// By the monotonic clock.
    long lastNanos() {
        return lastNanos;
    }

    @Override
    public int read() throws IOException {
        var value = super.read();
        lastNanos = time.nanoTime();
        return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        var read = super.read(bytes, offset, length);
        lastNanos = time.nanoTime();
        return read;
    }
}
