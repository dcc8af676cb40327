package holdfast.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// The narrow interface behind the journal: named objects in folders. A local directory implements
/// it; so can an object store, since nothing is changed in place but the end of the one object that
/// is being appended to. Names are ASCII, `folder/name`. Safe for any thread.
interface StagingStorage extends AutoCloseable {
    /// Makes a new, empty object. It is found by [#list] after a crash once it was synced.
    StoredObject create(String name) throws IOException;

    /// Opens an object for reading.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is none
    StoredObject open(String name) throws IOException;

    /// Opens an existing object whose end is to be cut off and written anew. Nobody else has it.
    StoredObject openToRepair(String name) throws IOException;

    /// Stores a small object in one step, replacing one of that name; durable on return.
    void put(String name, ByteBuffer bytes) throws IOException;

    /// All bytes of a small object.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is none
    ByteBuffer get(String name) throws IOException;

    /// Objects of a folder by ascending name; what an interrupted [#put] left behind is not among
    /// them.
    List<Entry> list(String folder) throws IOException;

    /// Removes the object; durable on return. Quiet if there is none.
    void delete(String name) throws IOException;

    /// Like [#delete], but overwrites the bytes first, for keys.
    void destroy(String name) throws IOException;

    /// Bytes that may still be stored.
    long usableBytes() throws IOException;

    @Override
    void close() throws IOException;

    /// @param name without the folder
    record Entry(String name, long sizeBytes) {}

    /// An object that can be read.
    interface ReadableObject {
        /// Fills the buffer's remaining space as far as the object goes.
        ///
        /// @return bytes read
        int read(ByteBuffer target, long offsetBytes) throws IOException;

        long sizeBytes() throws IOException;
    }

    /// One open object. Reads and writes may run at the same time; the opener closes it.
    interface StoredObject extends ReadableObject, AutoCloseable {
        void write(ByteBuffer source, long offsetBytes) throws IOException;

        /// Returns once all written before is on stable storage.
        void sync() throws IOException;

        void truncate(long sizeBytes) throws IOException;

        @Override
        void close() throws IOException;
    }
}
