package holdfast.nbd;

import holdfast.volume.Branch;
import holdfast.volume.Volume;
import holdfast.volume.VolumeId;
import holdfast.volume.VolumeView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// A sparse disk in memory, of which any number of handles may be open. Keeps the promises of
/// [Branch] on coherence and atomicity of blocks, counts what it is asked, and lets a test step in.
final class MemoryDisk {
    private static final int PAGE_BYTES = 4096;
    private static final byte[] ZEROS = new byte[PAGE_BYTES];

    private final long sizeBytes;
    private final AtomicReferenceArray<byte[]> pages;
    private final Volume volume;

    /// Runs in the thread of each request before it is carried out; may block or throw.
    volatile Interference interference = new Interference() {};

    final AtomicInteger open = new AtomicInteger();
    final AtomicInteger flushes = new AtomicInteger();
    final AtomicInteger durableWrites = new AtomicInteger();
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger reads = new AtomicInteger();

    interface Interference {
        default void read(long offset, int length) throws IOException {}

        default void change(long offset, long length) throws IOException {}

        default void flush() throws IOException {}
    }

    MemoryDisk(long sizeBytes) {
        this.sizeBytes = sizeBytes;
        this.pages =
                new AtomicReferenceArray<>(
                        Math.toIntExact((sizeBytes + PAGE_BYTES - 1) / PAGE_BYTES));
        this.volume =
                new Volume(
                        new VolumeId("br-0123456789abcdef0"),
                        "i-0123456789abcdef0",
                        "/dev/sda",
                        sizeBytes,
                        Optional.empty());
    }

    Branch branch() {
        open.incrementAndGet();
        return new Handle();
    }

    /// The same bytes, but no [Branch].
    VolumeView readOnly() {
        var branch = branch();
        return new VolumeView() {
            @Override
            public Volume volume() {
                return volume;
            }

            @Override
            public long sequence() {
                return 1;
            }

            @Override
            public void read(ByteBuffer target, long offsetBytes) throws IOException {
                branch.read(target, offsetBytes);
            }

            @Override
            public List<Run> allocation(long offsetBytes, long lengthBytes) throws IOException {
                return branch.allocation(offsetBytes, lengthBytes);
            }

            @Override
            public void close() {
                branch.close();
            }
        };
    }

    byte[] bytes(long offset, int length) {
        var bytes = new byte[length];
        copyOut(ByteBuffer.wrap(bytes), offset);
        return bytes;
    }

    void fill(long offset, byte[] bytes) {
        copyIn(ByteBuffer.wrap(bytes), offset);
    }

    boolean allocated(long offset) {
        return pages.get((int) (offset / PAGE_BYTES)) != null;
    }

    private void copyOut(ByteBuffer target, long offset) {
        for (var at = offset; target.hasRemaining(); ) {
            var within = (int) (at % PAGE_BYTES);
            var length = Math.min(target.remaining(), PAGE_BYTES - within);
            var page = pages.get((int) (at / PAGE_BYTES));
            target.put(page == null ? ZEROS : page, within, length);
            at += length;
        }
    }

    private void copyIn(ByteBuffer source, long offset) {
        for (var at = offset; source.hasRemaining(); ) {
            var within = (int) (at % PAGE_BYTES);
            var length = Math.min(source.remaining(), PAGE_BYTES - within);
            var part = source.slice(source.position(), length);
            pages.updateAndGet(
                    (int) (at / PAGE_BYTES),
                    old -> {
                        var page = old == null ? new byte[PAGE_BYTES] : old.clone();
                        part.get(0, page, within, length);
                        return page;
                    });
            source.position(source.position() + length);
            at += length;
        }
    }

    private void check(long offset, long length) {
        if (offset < 0 || length < 0 || offset + length > sizeBytes) {
            throw new IndexOutOfBoundsException(length + " bytes at " + offset);
        }
    }

    private final class Handle implements Branch {
        @Override
        public Volume volume() {
            return volume;
        }

        @Override
        public long sequence() {
            return 1;
        }

        @Override
        public void read(ByteBuffer target, long offsetBytes) throws IOException {
            check(offsetBytes, target.remaining());
            interference.read(offsetBytes, target.remaining());
            reads.incrementAndGet();
            copyOut(target, offsetBytes);
        }

        @Override
        public List<Run> allocation(long offsetBytes, long lengthBytes) {
            check(offsetBytes, lengthBytes);
            var runs = new ArrayList<Run>();
            for (var at = offsetBytes; at < offsetBytes + lengthBytes; ) {
                var data = allocated(at);
                var start = at;
                while (at < offsetBytes + lengthBytes && allocated(at) == data) {
                    at = Math.min(offsetBytes + lengthBytes, (at / PAGE_BYTES + 1) * PAGE_BYTES);
                }
                runs.add(new Run(start, at - start, data));
            }
            return runs;
        }

        @Override
        public void write(ByteBuffer source, long offsetBytes, boolean durable) throws IOException {
            check(offsetBytes, source.remaining());
            interference.change(offsetBytes, source.remaining());
            writes.incrementAndGet();
            copyIn(source, offsetBytes);
            countDurable(durable);
        }

        @Override
        public void zero(long offsetBytes, long lengthBytes, boolean durable) throws IOException {
            check(offsetBytes, lengthBytes);
            interference.change(offsetBytes, lengthBytes);
            for (var at = offsetBytes; at < offsetBytes + lengthBytes; ) {
                var next = Math.min(offsetBytes + lengthBytes, (at / PAGE_BYTES + 1) * PAGE_BYTES);
                if (next - at == PAGE_BYTES || next == sizeBytes && at % PAGE_BYTES == 0) {
                    pages.set((int) (at / PAGE_BYTES), null);
                } else if (allocated(at)) {
                    copyIn(ByteBuffer.allocate((int) (next - at)), at);
                }
                at = next;
            }
            countDurable(durable);
        }

        @Override
        public void flush() throws IOException {
            interference.flush();
            flushes.incrementAndGet();
        }

        @Override
        public void close() {
            open.decrementAndGet();
        }

        private void countDurable(boolean durable) {
            if (durable) {
                durableWrites.incrementAndGet();
            }
        }
    }
}
