package holdfast.volume;

import holdfast.format.DamagedFormatException;
import holdfast.format.RecordHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;

/// Reads records as they are stored, for a merged segment. Damage of a payload is carried along as
/// it is, and so is that of a whole record where a table tells how long it is; it is named when the
/// record is read. Used by one thread.
final class RecordCopier implements MergeWriter.Source {
    static final int RECORD_BYTES_MAX =
            RecordHeader.aligned(RecordHeader.BYTES + RecordHeader.PAYLOAD_BYTES_MAX);

    private final StoredSegments segments;
    private final ByteBuffer head = ByteBuffer.allocate(RecordHeader.BYTES);
    private final ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES_MAX);

    RecordCopier(StoredSegments segments) {
        this.segments = segments;
    }

    /// What is stored cannot be read, so that the object has to stay as it is.
    static final class UnreadableException extends IOException {
        private static final long serialVersionUID = 1L;

        private final transient StoredSegment segment;

        UnreadableException(StoredSegment segment, IOException cause) {
            super(segment.name() + ": " + cause.getMessage(), cause);
            this.segment = segment;
        }

        StoredSegment segment() {
            return segment;
        }
    }

    @Override
    public ByteBuffer record(long number, long original) throws IOException {
        var segment = segments.find(number);
        try (var place = segments.locate(number, original)) {
            var length = lengthBytes(place, number, original);
            record.clear().limit(length);
            if (place.read(record) < length) {
                throw new DamagedFormatException("a record is cut off");
            }
            return record.flip();
        } catch (ClosedByInterruptException e) {
            throw e; // says nothing of the object
        } catch (IOException e) {
            throw new UnreadableException(segment, e);
        }
    }

    private int lengthBytes(StoredSegments.Place place, long number, long original)
            throws IOException {
        return switch (place.segment()) {
            case Segment _ -> lengthBytes(place);
            case MergedSegment merged -> {
                var length = segments.table(merged).lengthBytes(number, original);
                if (length <= 0 || length > RECORD_BYTES_MAX) {
                    throw new DamagedFormatException("a record of " + length + " bytes");
                }
                yield (int) length;
            }
        };
    }

    /// Bytes of a record of a segment as it was written.
    ///
    /// @throws DamagedFormatException if its header is damaged: where it ends is not known
    int lengthBytes(StoredSegments.Place place) throws IOException {
        place.read(head.clear());
        return RecordHeader.decode(head.flip(), place.written()).totalBytes();
    }
}
