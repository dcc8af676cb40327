package holdfast.volume;

import holdfast.base.Blocks;
import holdfast.format.DamagedExtentException;
import holdfast.format.DamagedFormatException;
import holdfast.format.ExtentPacker;
import holdfast.format.RecordHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/// Reads extents back: finds, decrypts, unpacks and checks them, and keeps the last ones unpacked.
/// Safe for any thread.
final class ExtentReader {
    /// Read at once with the header: most extents need no second read.
    private static final int FIRST_READ_BYTES = 16 << 10;

    private static final int TOOLS_MAX = 16;

    private final StoredSegments segments;
    private final Keys keys;
    private final long cacheBytesMax;
    private final LinkedHashMap<Long, Unpacked> cache = new LinkedHashMap<>(16, 0.75f, true);
    private final ConcurrentLinkedQueue<Tools> tools = new ConcurrentLinkedQueue<>();
    private long cachedBytes;

    ExtentReader(StoredSegments segments, Keys keys, long cacheBytesMax) {
        this.segments = segments;
        this.keys = keys;
        this.cacheBytesMax = cacheBytesMax;
    }

    /// Finds the key of a volume number.
    @FunctionalInterface
    interface Keys {
        SecretKey key(int volumeNumber) throws IOException;
    }

    /// What one reading thread needs; lent out while a record is read.
    private static final class Tools {
        private final ExtentPacker packer = new ExtentPacker();
        private final ByteBuffer first = ByteBuffer.allocate(FIRST_READ_BYTES);
    }

    /// @param volumeNumber with whose key it was encrypted
    /// @param data unpacked bytes of the whole extent; not to be changed
    private record Unpacked(int volumeNumber, long firstBlock, byte[] data) {}

    /// Copies a run of blocks.
    ///
    /// @param volume that is read, for naming damage
    /// @param firstBlock of the run, as the map says
    /// @param location of the run's first block
    /// @param skipBytes of the run to leave out
    /// @param target receives as many bytes as it has room for
    void read(
            Volume volume,
            long firstBlock,
            int blockCount,
            long location,
            int skipBytes,
            ByteBuffer target)
            throws IOException {
        var key =
                BlockLocation.of(
                        BlockLocation.segment(location), BlockLocation.offsetBytes(location), 0);
        Unpacked unpacked;
        synchronized (cache) {
            unpacked = cache.get(key);
        }
        if (unpacked != null) {
            keys.key(unpacked.volumeNumber); // it may have been taken away
        }
        if (unpacked == null) {
            unpacked = load(volume, firstBlock, blockCount, location);
            remember(key, unpacked);
        }
        var from = BlockLocation.skip(location) * Blocks.BLOCK_BYTES;
        var runEnd = from + blockCount * Blocks.BLOCK_BYTES;
        if (unpacked.firstBlock + BlockLocation.skip(location) != firstBlock
                || runEnd > unpacked.data.length) {
            throw damaged(
                    volume,
                    firstBlock,
                    blockCount,
                    name(Integer.toUnsignedLong(BlockLocation.segment(location))),
                    BlockLocation.offsetBytes(location),
                    "it holds other blocks than the map says");
        }
        target.put(unpacked.data, from + skipBytes, target.remaining());
    }

    private Unpacked load(Volume volume, long firstBlock, int blockCount, long location)
            throws IOException {
        var number = Integer.toUnsignedLong(BlockLocation.segment(location));
        var original = BlockLocation.offsetBytes(location);
        var with = borrow();
        try (var place = segments.locate(number, original)) {
            try {
                return loadFrom(place, with);
            } catch (DamagedFormatException
                    | DamagedExtentException
                    | GeneralSecurityException
                    | IllegalArgumentException e) {
                throw damaged(
                        volume,
                        firstBlock,
                        blockCount,
                        place.segment().name(),
                        place.offsetBytes(),
                        e.getMessage());
            }
        } catch (DamagedFormatException e) { // it cannot be found
            throw damaged(volume, firstBlock, blockCount, name(number), original, e.getMessage());
        } finally {
            giveBack(with);
        }
    }

    private String name(long number) {
        return segments.lookup(number).map(StoredSegment::name).orElse("segment " + number);
    }

    private Unpacked loadFrom(StoredSegments.Place place, Tools with)
            throws IOException, GeneralSecurityException {
        var record = readRecord(place, with);
        var header = RecordHeader.decode(record, place.written());
        if (header.kind() != RecordHeader.Kind.EXTENT) {
            throw new DamagedFormatException("it holds a " + header.kind());
        }
        return unpack(header, record, with);
    }

    private Tools borrow() {
        var pooled = tools.poll();
        return pooled == null ? new Tools() : pooled;
    }

    private void giveBack(Tools lent) {
        if (tools.size() < TOOLS_MAX) {
            tools.add(lent);
        }
    }

    /// Decrypts, unpacks and checks a record whose header was read.
    private Unpacked unpack(RecordHeader header, ByteBuffer record, Tools with)
            throws IOException, GeneralSecurityException {
        var payload = new byte[header.payloadBytes()];
        if (record.remaining() < payload.length) {
            throw new DamagedFormatException("the record is cut off");
        }
        record.get(payload);
        for (var i = RecordHeader.BYTES + payload.length; i < header.totalBytes(); i++) {
            if (!record.hasRemaining() || record.get() != 0) {
                throw new DamagedFormatException("the padding behind the record is not zero");
            }
        }
        var extent = ExtentCipher.open(header, keys.key(header.volume()), payload);
        var data = new byte[extent.unpackedBytes()];
        with.packer.unpack(extent, data, 0);
        return new Unpacked(header.volume(), extent.firstBlock(), data);
    }

    /// Reads and checks a record as a read would, without keeping anything.
    void check(StoredSegments.Place place) throws IOException, GeneralSecurityException {
        var with = borrow();
        try {
            var record = readRecord(place, with);
            unpack(RecordHeader.decode(record, place.written()), record, with);
        } finally {
            giveBack(with);
        }
    }

    /// @return it, in the tools' buffer if it fits there
    private static ByteBuffer readRecord(StoredSegments.Place place, Tools with)
            throws IOException {
        var first = with.first.clear();
        place.read(first);
        first.flip();
        var total = RecordHeader.decode(first.duplicate(), place.written()).totalBytes();
        if (total <= first.limit()) {
            return first;
        }
        var whole = ByteBuffer.allocate(total);
        place.read(whole);
        return whole.flip();
    }

    private void remember(long key, Unpacked unpacked) {
        synchronized (cache) {
            var before = cache.put(key, unpacked);
            cachedBytes += unpacked.data.length - (before == null ? 0 : before.data.length);
            var eldest = cache.values().iterator();
            while (cachedBytes > cacheBytesMax && eldest.hasNext()) {
                cachedBytes -= eldest.next().data.length;
                eldest.remove();
            }
        }
    }

    private static DamagedDataException damaged(
            Volume volume,
            long firstBlock,
            int blockCount,
            String file,
            long fileOffsetBytes,
            @Nullable String what) {
        return new DamagedDataException(
                new Damage(
                        volume.id().text(),
                        firstBlock * Blocks.BLOCK_BYTES,
                        (long) blockCount * Blocks.BLOCK_BYTES,
                        file,
                        fileOffsetBytes,
                        String.valueOf(what)));
    }
}
