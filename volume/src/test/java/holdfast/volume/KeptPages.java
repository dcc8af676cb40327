package holdfast.volume;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// A page store in memory that counts, and that can be damaged.
final class KeptPages implements MapPageStore {
    final Map<Long, byte[]> pages = new ConcurrentHashMap<>();
    final AtomicInteger reads = new AtomicInteger();

    /// A page that this store finds damaged itself.
    long unreadable;

    private final AtomicLong next = new AtomicLong(1);

    @Override
    public long append(ByteBuffer page) {
        var bytes = new byte[page.remaining()];
        page.get(bytes);
        var reference = next.getAndIncrement();
        pages.put(reference, bytes);
        return reference;
    }

    @Override
    public ByteBuffer read(long reference) throws StoreException {
        reads.incrementAndGet();
        if (reference == unreadable) {
            throw new DamagedDataException(new Damage("-", -1, 0, "kept", reference, "torn"));
        }
        var bytes = pages.get(reference);
        if (bytes == null) {
            throw new StoreException("no map page " + reference);
        }
        return ByteBuffer.wrap(bytes.clone());
    }
}
