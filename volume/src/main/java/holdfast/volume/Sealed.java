package holdfast.volume;

import holdfast.base.Checksums;
import holdfast.format.DamagedFormatException;
import holdfast.format.UnsupportedFormatException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/// The common wrapping of the store's small objects (docs/formats/checkpoint.md): magic u32,
/// version u16, zero u16, content, CRC-32C of all before it. Big-endian; texts as in
/// [java.io.DataOutput#writeUTF].
final class Sealed {
    private static final int HEAD_BYTES = 8;

    private Sealed() {}

    /// Writes or reads the content.
    @FunctionalInterface
    interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    @FunctionalInterface
    interface Reader<T> {
        T readFrom(DataInputStream in) throws IOException;
    }

    /// Reads the content as one of several versions has it.
    @FunctionalInterface
    interface VersionedReader<T> {
        T readFrom(DataInputStream in, int version) throws IOException;
    }

    static ByteBuffer encode(int magic, int version, Content content) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(magic);
            out.writeShort(version);
            out.writeShort(0);
            content.writeTo(out);
            out.writeInt(Checksums.crc32c(bytes.toByteArray()));
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    /// @param what the object is, for the message
    /// @throws DamagedFormatException on damage; UnsupportedFormatException on a later format
    static <T> T decode(String what, int magic, int version, ByteBuffer bytes, Reader<T> reader)
            throws IOException {
        return decode(what, magic, version, version, bytes, (in, _) -> reader.readFrom(in));
    }

    /// As above, of any version from one to another.
    static <T> T decode(
            String what,
            int magic,
            int oldest,
            int newest,
            ByteBuffer bytes,
            VersionedReader<T> reader)
            throws IOException {
        var length = bytes.remaining() - Integer.BYTES;
        if (length < HEAD_BYTES) {
            throw new DamagedFormatException(what + " is cut off");
        }
        var start = bytes.position();
        DamagedFormatException.check(
                "checksum of the " + what,
                bytes.getInt(start + length),
                Checksums.crc32c(bytes.slice(start, length)));
        DamagedFormatException.check("magic of the " + what, magic, bytes.getInt(start));
        var found = bytes.getShort(start + 4) & 0xffff;
        if (found < oldest || found > newest) {
            throw new UnsupportedFormatException(what, newest, found);
        }
        var content = new byte[length - HEAD_BYTES];
        bytes.get(start + HEAD_BYTES, content);
        try (var in = new DataInputStream(new ByteArrayInputStream(content))) {
            return reader.readFrom(in, found);
        } catch (EOFException | IllegalArgumentException e) {
            throw new DamagedFormatException(what + ": " + e.getMessage());
        }
    }
}
