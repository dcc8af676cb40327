package holdfast.volume;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Where map pages are kept once they are written. Safe for any thread.
interface MapPageStore {
    /// Appends one page; it can be read back from then on, and is durable after the store's own
    /// sync.
    ///
    /// @param page from its position to its limit; not kept, and the caller reuses it
    /// @return a reference above zero. It is never given to another page, not even after this one
    ///   was dropped: caches keep pages by it
    long append(ByteBuffer page) throws IOException;

    /// The bytes that were appended, from the buffer's position to its limit.
    ///
    /// @throws DamagedDataException if the stored bytes are not those; it names the place in the
    ///   store, and the map adds the range of blocks
    ByteBuffer read(long reference) throws IOException;
}
