package holdfast.volume;

import static holdfast.volume.DocumentedExample.counting;
import static holdfast.volume.DocumentedExample.flipped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Blocks;
import holdfast.base.RandomSource;
import holdfast.format.BatchHeader;
import holdfast.format.Compression;
import holdfast.format.DamagedFormatException;
import holdfast.format.PackedExtent;
import holdfast.format.PointRecord;
import holdfast.format.RecordHeader;
import holdfast.format.SegmentHeader;
import holdfast.format.SegmentIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The segments of docs/formats/segment.md, whose bytes were worked out without this code.
class SegmentFormatTest {
    private static final int FIRST_TABLE_END = 0x20;
    private static final int SECOND_TABLE_AT = 0x80;
    private static final String NAME = "segments/00000007-00000000000003e9-0000.seg";
    private static final String COMPACTED_NAME = "segments/00000007-00000000000003e9-0001.seg";
    private static final StoreIdentity IDENTITY =
            new StoreIdentity(0x0011223344556677L, 0x8899aabbccddeeffL);
    private static final VolumeId VOLUME = new VolumeId("vol-0123456789abcdef0");
    private static final Volume DESCRIBED =
            new Volume(VOLUME, "s-0123456789abcdef0", "/dev/sda", 8L << 30, Optional.empty());
    private static final SecretKeySpec KEY = new SecretKeySpec(counting(0x40, 32), "AES");
    private static final NewPoint POINT =
            new NewPoint(
                    DESCRIBED.owner(), Instant.parse("2026-11-01T00:00:00.500Z"), 17, 42, true);

    private static final int EXTENT_AT = 0x88;
    private static final int FIRST_BATCH = 0x40;
    private static final int SECOND_BATCH = 0xe8;
    private static final int INDEX_AT = 0x1e0;

    private final ManualTime time = new ManualTime();
    private final LocalStorage storage;
    private final OpenObjects objects;
    private final Segments segments;

    SegmentFormatTest() throws IOException {
        storage =
                new LocalStorage(
                        new FaultyFilesystem(1).mount(),
                        Path.of("/staging"),
                        List.of(Segment.FOLDER));
        objects = new OpenObjects(storage);
        segments = new Segments(storage, objects, IDENTITY, time);
    }

    @Test
    void theSegmentIsWrittenAsTheDocumentSays() throws Exception {
        storage.put("segments/00000006-0000000000000001-0000.seg", ByteBuffer.allocate(0));
        segments.list();
        try (var maps = new VolumeMaps(new KeptPages(), 1 << 20);
                var map = maps.empty();
                var segment = segments.begin(1001)) {
            var volume = new VolumeState(2, 1, 1000, DESCRIBED, map);
            var writer = new BatchWriter(time, 1 << 20);
            time.advance(Duration.ofSeconds(1));
            append(writer, segment, 1001, new JournalEntry.Extent(volume, sealed()));
            segment.sync();
            append(
                    writer,
                    segment,
                    1002,
                    new JournalEntry.Clear(volume, 32, 100),
                    new JournalEntry.Point(1, POINT, _ -> {}));
            segment.seal(1003);
            segment.sync();
            assertThat(map.mappedBlocks()).isEqualTo(1);
        }
        assertThat(storage.get(NAME)).isEqualTo(ByteBuffer.wrap(example()));
    }

    private static void append(
            BatchWriter writer, JournalSegment segment, long first, JournalEntry... entries)
            throws IOException {
        var requests = List.of(new JournalRequest(List.of(entries)));
        assertThat(writer.write(segment, requests, first)).isEqualTo(first + entries.length - 1);
        writer.apply(segment, requests, first);
    }

    private static ExtentCipher.Sealed sealed() {
        var lz4 = HexFormat.of().parseHex("1f410100" + "ff".repeat(15) + "f650" + "41".repeat(5));
        RandomSource prefix = bytes -> System.arraycopy(counting(1, 8), 0, bytes, 0, 8);
        return new ExtentCipher(prefix)
                .seal(2, KEY, new PackedExtent(16, 1, Compression.LZ4, 0x057251e9, lz4));
    }

    @Test
    void theSegmentOfTheDocumentIsRead() throws Exception {
        var segment = stored(NAME, example());
        var end = segments.readEnd(segment);
        assertThat(end.indexOffset()).isEqualTo(INDEX_AT);
        assertThat(end.lastSequence()).isEqualTo(1003);
        assertThat(describe(segments.readIndex(segment))).isEqualTo(contents());
        var scanned = segments.scan(segment);
        assertThat(describe(scanned.index())).isEqualTo(contents());
        assertThat(scanned.soundBytes()).isEqualTo(INDEX_AT);
        assertThat(scanned.lastSequence()).isEqualTo(1003);
        assertThat(scanned.damage()).isEmpty();
        assertThat(SegmentHeader.decode(ByteBuffer.wrap(example())))
                .isEqualTo(
                        new SegmentHeader(
                                IDENTITY.high(),
                                IDENTITY.low(),
                                7,
                                1001,
                                Instant.parse("2026-11-01T00:00:00Z").toEpochMilli()));
        assertBlock16IsRead();
    }

    @Test
    void theSegmentIsCompactedAsTheDocumentSays() throws Exception {
        var segment = stored(NAME, example());
        segments.compact(
                segment,
                List.of((long) EXTENT_AT),
                original -> ByteBuffer.wrap(example(), (int) original, 96).slice());
        assertThat(storage.get(COMPACTED_NAME)).isEqualTo(ByteBuffer.wrap(compacted()));
        assertThat(storage.list(Segment.FOLDER)).hasSize(1);
        assertBlock16IsRead();
    }

    @Test
    void theCompactedSegmentOfTheDocumentIsRead() throws Exception {
        var segment = stored(COMPACTED_NAME, compacted());
        try (var object = storage.open(COMPACTED_NAME)) {
            var table = CompactedSegment.read(object);
            assertThat(table.originals()).containsExactly(EXTENT_AT);
            assertThat(table.find(EXTENT_AT)).isEqualTo(0x20);
        }
        assertBlock16IsRead();
        assertThatThrownBy(() -> segments.locate(segment, 0x150))
                .isInstanceOf(DamagedFormatException.class);
    }

    /// Of two generations the later one counts, unless any bit of its second table or trailer is
    /// wrong. The first table serves when that happens later.
    @Test
    void anIncompleteCompactedSegmentDoesNotCount() throws Exception {
        var good = compacted();
        for (var bit = 0; bit < good.length * Byte.SIZE; bit++) {
            var changed = flipped(good, bit);
            storage.put(COMPACTED_NAME, ByteBuffer.wrap(changed));
            assertThat(CompactedSegment.isComplete(storage, COMPACTED_NAME))
                    .as("bit %d", bit)
                    .isEqualTo(bit / Byte.SIZE < SECOND_TABLE_AT);
            try (var object = storage.open(COMPACTED_NAME)) {
                assertThat(CompactedSegment.read(object).find(EXTENT_AT))
                        .as("bit %d", bit)
                        .isEqualTo(FIRST_TABLE_END);
                if (bit / Byte.SIZE < FIRST_TABLE_END || bit / Byte.SIZE >= SECOND_TABLE_AT) {
                    assertThatThrownBy(() -> CompactedSegment.check(object))
                            .as("bit %d", bit)
                            .isInstanceOf(DamagedFormatException.class);
                }
            }
        }
    }

    /// What a crash left of the last batch is cut off, wherever it is torn.
    @Test
    void aTornEndIsCutOff() throws Exception {
        for (var length = SECOND_BATCH; length < INDEX_AT; length++) {
            var found = scan(Arrays.copyOf(example(), length));
            assertThat(found.damage()).as("%d bytes", length).isEmpty();
            assertThat(found.soundBytes()).isEqualTo(SECOND_BATCH);
            assertThat(found.lastSequence()).isEqualTo(1001);
            assertThat(found.gap()).isFalse();
        }
    }

    /// The second batch says that the first was on stable storage: no bit of it changes unnoticed,
    /// and which blocks it was about is known, or that it is not known.
    @Test
    void damageOfWhatWasSyncedIsNotATornEnd() throws Exception {
        var open = Arrays.copyOf(example(), INDEX_AT);
        for (var bit = FIRST_BATCH * Byte.SIZE; bit < SECOND_BATCH * Byte.SIZE; bit++) {
            var found = scan(flipped(open, bit));
            assertThat(found.damage()).as("bit %d", bit).hasSize(1);
            assertThat(found.damage().getFirst().fileOffsetBytes()).isEqualTo(FIRST_BATCH);
            assertThat(found.soundBytes()).isEqualTo(INDEX_AT);
            assertThat(found.gap()).as("bit %d", bit).isFalse();
            assertThat(describe(found.index())).as("bit %d", bit).isEqualTo(contents());
        }
    }

    @Test
    void missingRecordsThatNothingDescribesAreAGap() throws Exception {
        var open = Arrays.copyOf(example(), INDEX_AT);
        Arrays.fill(open, FIRST_BATCH, SECOND_BATCH, (byte) 0);
        var found = scan(open);
        assertThat(found.gapSequence()).isEqualTo(1001);
        assertThat(found.lastSequence()).isEqualTo(1003);
    }

    private SegmentScan.Result scan(byte[] bytes) throws IOException {
        return segments.scan(stored(NAME, bytes));
    }

    /// What has a checksum of its own, where the example has it.
    enum Part {
        HEADER(0, SegmentHeader.BYTES),
        BATCH(SECOND_BATCH, BatchHeader.BYTES),
        RECORD(EXTENT_AT, RecordHeader.BYTES),
        TRAILER(0x258, SegmentIndex.TRAILER_BYTES);

        private final int offset;
        private final int length;

        Part(int offset, int length) {
            this.offset = offset;
            this.length = length;
        }

        private Object decode(byte[] segment) throws IOException {
            var bytes = ByteBuffer.wrap(segment, offset, length).slice();
            return switch (this) {
                case HEADER -> SegmentHeader.decode(bytes);
                case BATCH -> BatchHeader.decode(bytes);
                case RECORD -> RecordHeader.decode(bytes);
                case TRAILER -> SegmentIndex.Trailer.decode(bytes);
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyFlippedBitIsNoticed(Part part) throws Exception {
        assertThat(part.decode(example())).isNotNull();
        for (var bit = 0; bit < part.length * Byte.SIZE; bit++) {
            var bad = flipped(example(), part.offset * Byte.SIZE + bit);
            assertThatThrownBy(() -> part.decode(bad))
                    .as("bit %d", bit)
                    .isInstanceOf(DamagedFormatException.class);
        }
    }

    @Test
    void everyFlippedBitOfTheIndexIsNoticed() throws Exception {
        var trailer = (SegmentIndex.Trailer) Part.TRAILER.decode(example());
        for (var bit = 0; bit < trailer.indexBytes() * Byte.SIZE; bit++) {
            var index =
                    ByteBuffer.wrap(
                                    flipped(example(), INDEX_AT * Byte.SIZE + bit),
                                    INDEX_AT,
                                    trailer.indexBytes())
                            .slice();
            assertThatThrownBy(() -> SegmentIndex.decode(trailer, index))
                    .as("bit %d", bit)
                    .isInstanceOf(DamagedFormatException.class);
        }
    }

    private Segment stored(String name, byte[] bytes) throws IOException {
        objects.forget(name);
        storage.put(name, ByteBuffer.wrap(bytes));
        var fresh = new Segments(storage, objects, IDENTITY, time);
        fresh.list();
        segments.byNumber().put(7L, fresh.get(7));
        return segments.get(7);
    }

    private void assertBlock16IsRead() throws IOException {
        var block = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
        new ExtentReader(segments, _ -> KEY, 0)
                .read(DESCRIBED, 16, 1, BlockLocation.of(7, EXTENT_AT, 0), 0, block);
        assertThat(block.array()).containsOnly('A').hasSize(Blocks.BLOCK_BYTES);
    }

    private static List<Object> contents() {
        var point =
                new PointRecord(
                        BatchWriter.micros(POINT.instant()),
                        BatchWriter.micros(Instant.parse("2026-11-01T00:00:01Z")),
                        17,
                        42,
                        true);
        return List.of(
                "extent 2 1001 16 1 136",
                "clear 2 1002 32 100",
                new SegmentIndex.Point(1, 1003, point));
    }

    private static List<Object> describe(SegmentIndex index) throws IOException {
        var found = new ArrayList<>();
        index.visit(
                0,
                Long.MAX_VALUE,
                new SegmentIndex.Visitor() {
                    @Override
                    public void extent(int volume, long seq, long first, int count, long offset) {
                        found.add(line("extent", volume, seq, first, count, offset));
                    }

                    @Override
                    public void clear(int volume, long seq, long first, long count) {
                        found.add(line("clear", volume, seq, first, count));
                    }
                });
        found.addAll(index.points());
        return found;
    }

    private static String line(String kind, long... values) {
        var text = new StringBuilder(kind);
        for (var value : values) {
            text.append(' ').append(value);
        }
        return text.toString();
    }

    private static byte[] example() throws IOException {
        return DocumentedExample.read("segment.md", "Segment");
    }

    private static byte[] compacted() throws IOException {
        return DocumentedExample.read("segment.md", "Compacted segment");
    }
}
