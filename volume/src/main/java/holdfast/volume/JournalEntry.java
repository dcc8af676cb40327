package holdfast.volume;

import holdfast.format.PointRecord;
import holdfast.format.RecordHeader;
import holdfast.format.SegmentIndex;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/// What is handed to the journal: it has no sequence yet.
sealed interface JournalEntry {
    /// Bytes of payload in the record.
    int payloadBytes();

    /// Bytes in the journal: header, payload, padding.
    default int recordBytes() {
        return RecordHeader.aligned(RecordHeader.BYTES + payloadBytes());
    }

    /// Blocks of a volume, sealed with its key.
    record Extent(VolumeState volume, ExtentCipher.Sealed sealed) implements JournalEntry {
        @Override
        public int payloadBytes() {
            return sealed.payload().length;
        }
    }

    /// Blocks of a volume that read as zeros from here on.
    record Clear(VolumeState volume, long firstBlock, long blockCount) implements JournalEntry {
        @Override
        public int payloadBytes() {
            return Long.BYTES;
        }
    }

    /// A consistency point of an owner.
    ///
    /// @param written told of the point once it has a sequence, on the appender's thread
    record Point(int owner, NewPoint point, Consumer<SegmentIndex.Point> written)
            implements JournalEntry {
        @Override
        public int payloadBytes() {
            return PointRecord.BYTES;
        }
    }

    /// Nothing to store: run on the appender's thread once all before it, and nothing after it, is
    /// applied to the maps.
    ///
    /// @param action given the sequence of the last record before it
    record Barrier(LongConsumer action) implements JournalEntry {
        @Override
        public int payloadBytes() {
            return 0;
        }

        @Override
        public int recordBytes() {
            return 0;
        }
    }
}
