package holdfast.volume;

import static holdfast.volume.DocumentedExample.counting;
import static holdfast.volume.DocumentedExample.flipped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Blocks;
import holdfast.base.Checksums;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
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
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The segments of docs/formats/segment.md, whose bytes were worked out without this code.
class SegmentFormatTest {
    private static final int FIRST_ENTRIES_AT = 0x38;
    private static final int BLOCK_16_AT = 0x48;
    private static final int BLOCK_17_AT = 0xa8;
    private static final int SECOND_TABLE_AT = 0x108;
    private static final int RECORD_BYTES = 96;
    private static final String NAME = "segments/00000007-00000000000003e9-0000.seg";
    private static final String MERGED_NAME = "segments/00000007-00000009-0001.seg";
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
    private static final int EXTENT_OF_9_AT = 0x150;
    private static final int FIRST_BATCH = 0x40;
    private static final int SECOND_BATCH = 0xe8;
    private static final int INDEX_AT = 0x1e0;

    private final ManualTime time = new ManualTime();
    private final LocalStorage storage;
    private final OpenObjects objects;
    private StoredSegments stored;
    private Segments segments;

    SegmentFormatTest() throws IOException {
        storage =
                new LocalStorage(
                        new FaultyFilesystem(1).mount(),
                        Path.of("/staging"),
                        List.of(Segment.FOLDER));
        objects = new OpenObjects(storage);
        stored = StoredSegments.list(storage, objects);
        segments = new Segments(storage, objects, stored, IDENTITY, time);
    }

    private void list() throws IOException {
        stored = StoredSegments.list(storage, objects);
        segments = new Segments(storage, objects, stored, IDENTITY, time);
    }

    @Test
    void theSegmentIsWrittenAsTheDocumentSays() throws Exception {
        storage.put("segments/00000006-0000000000000001-0000.seg", ByteBuffer.allocate(0));
        list();
        try (var maps = new VolumeMaps(new KeptPages(), 1 << 20);
                var map = maps.empty();
                var segment = segments.begin(1001)) {
            var volume = new VolumeState(2, 1, 1000, DESCRIBED, map, new HashSet<>());
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
    void segmentsAreMergedAsTheDocumentSays() throws Exception {
        storage.put(NAME, ByteBuffer.wrap(example()));
        storage.put("segments/00000008-00000000000003ec-0000.seg", ByteBuffer.allocate(0));
        storage.put("segments/00000009-00000000000003ed-0000.seg", ByteBuffer.allocate(0));
        storage.put("segments/0000000a-00000000000003f8-0000.seg", ByteBuffer.allocate(0));
        list();
        var records = new TreeMap<Long, int[]>();
        records.put(7L, new int[] {EXTENT_AT / 8});
        records.put(9L, new int[] {EXTENT_OF_9_AT / 8});
        stored.merge(
                stored.originals().subList(0, 3),
                records,
                (number, original) ->
                        ByteBuffer.wrap(
                                        number == 7 ? example() : merged(),
                                        number == 7 ? (int) original : BLOCK_17_AT,
                                        RECORD_BYTES)
                                .slice());
        assertThat(storage.get(MERGED_NAME)).isEqualTo(ByteBuffer.wrap(merged()));
        assertThat(storage.list(Segment.FOLDER)).hasSize(2);
        assertBlock16IsRead();
        assertBlock17IsRead();
    }

    @Test
    void theMergedSegmentOfTheDocumentIsRead() throws Exception {
        storage.put(MERGED_NAME, ByteBuffer.wrap(merged()));
        list();
        var segment = (MergedSegment) stored.find(8);
        assertThat(segment.firstNumber()).isEqualTo(7);
        assertThat(segment.lastNumber()).isEqualTo(9);
        var table = stored.table(segment);
        assertThat(table.numbers()).containsExactly(7, 9);
        assertThat(table.originals(7)).containsExactly(EXTENT_AT / 8);
        assertThat(table.find(7, EXTENT_AT)).isEqualTo(BLOCK_16_AT);
        assertThat(table.find(9, EXTENT_OF_9_AT)).isEqualTo(BLOCK_17_AT);
        assertThat(table.lengthBytes(7, EXTENT_AT)).isEqualTo(RECORD_BYTES);
        assertThat(table.lengthBytes(9, EXTENT_OF_9_AT)).isEqualTo(RECORD_BYTES);
        assertBlock16IsRead();
        assertBlock17IsRead();
        assertThatThrownBy(() -> stored.locate(7, 0x150))
                .isInstanceOf(DamagedFormatException.class);
        assertThatThrownBy(() -> stored.locate(8, EXTENT_AT))
                .isInstanceOf(DamagedFormatException.class);
    }

    /// Any bit of the second table or the trailer makes it incomplete; any of the tables, header
    /// and trailer is named by a scrub; none loses anything as long as the other copy is sound.
    @Test
    void aFlippedBitOfAMergedSegmentsTablesLosesNothing() throws Exception {
        var good = merged();
        for (var bit = 0; bit < good.length * Byte.SIZE; bit++) {
            var at = bit / Byte.SIZE;
            storage.put(MERGED_NAME, ByteBuffer.wrap(flipped(good, bit)));
            try (var object = storage.open(MERGED_NAME)) {
                assertThat(MergeTable.isComplete(object))
                        .as("bit %d", bit)
                        .isEqualTo(at < SECOND_TABLE_AT);
                var table = MergeTable.read(object);
                assertThat(table.find(7, EXTENT_AT)).as("bit %d", bit).isEqualTo(BLOCK_16_AT);
                assertThat(table.find(9, EXTENT_OF_9_AT)).as("bit %d", bit).isEqualTo(BLOCK_17_AT);
                var inRecords = at >= BLOCK_16_AT && at < SECOND_TABLE_AT;
                assertThat(MergeTable.faults(object)).as("bit %d", bit).hasSize(inRecords ? 0 : 1);
            }
        }
    }

    /// Damage of both tables in the same place loses that segment's records and no others.
    @Test
    void whatIsDamagedInBothTablesIsLostAlone() throws Exception {
        var second = SECOND_TABLE_AT + FIRST_ENTRIES_AT - MergeTable.HEADER_BYTES;
        var bytes = flipped(flipped(merged(), FIRST_ENTRIES_AT * 8), second * 8 + 1);
        storage.put(MERGED_NAME, ByteBuffer.wrap(bytes));
        list();
        assertBlock17IsRead();
        assertThatThrownBy(this::assertBlock16IsRead)
                .isInstanceOf(DamagedDataException.class)
                .hasMessageContaining("left of segment 7")
                .hasMessageContaining(MERGED_NAME.substring(Segment.FOLDER.length() + 1));
    }

    /// Whatever a crash left beside it: the merged segment counts when it is complete, or when what
    /// it was made of is not all there.
    @Test
    void aMergedSegmentCountsWhenNothingElseHasWhatIsInIt() throws Exception {
        var whole = ByteBuffer.wrap(merged());
        var torn = ByteBuffer.wrap(merged(), 0, SECOND_TABLE_AT);
        var seven = "00000007-00000000000003e9-0000.seg";
        var nine = "00000009-00000000000003ed-0000.seg";
        var merged = MERGED_NAME.substring(Segment.FOLDER.length() + 1);
        assertThat(whatCounts(whole, seven, nine)).containsExactly(merged);
        assertThat(whatCounts(whole, nine)).containsExactly(merged);
        assertThat(whatCounts(whole)).containsExactly(merged);
        assertThat(whatCounts(torn, seven, nine)).containsExactly(seven, nine);
        // damaged since: what was made into it is gone already
        assertThat(whatCounts(torn, nine)).containsExactly(merged);
        assertThat(whatCounts(torn)).containsExactly(merged);
        // made of it in turn, and complete or not
        storage.put("segments/00000005-00000009-0001.seg", whole.duplicate());
        assertThat(whatCounts(whole, nine)).containsExactly("00000005-00000009-0001.seg");
        storage.put("segments/00000005-00000009-0001.seg", torn.duplicate());
        assertThat(whatCounts(whole, seven)).containsExactly(merged);
        storage.put("segments/00000007-00000009-0002.seg", torn.duplicate());
        assertThat(whatCounts(whole, seven)).containsExactly(merged);
        storage.put("segments/00000007-00000009-0002.seg", whole.duplicate());
        assertThat(whatCounts(whole, seven)).containsExactly("00000007-00000009-0002.seg");
    }

    /// What counts, and is all there is left, of the merged segment and others beside it.
    private List<String> whatCounts(ByteBuffer merged, String... others) throws IOException {
        storage.put(MERGED_NAME, merged.duplicate());
        for (var other : others) {
            storage.put(Segment.FOLDER + "/" + other, ByteBuffer.allocate(0));
        }
        list();
        var names = stored.all().stream().map(StoredSegment::name).toList();
        assertThat(storage.list(Segment.FOLDER))
                .extracting(StagingStorage.Entry::name)
                .containsExactlyElementsOf(names);
        for (var name : names) {
            storage.delete(Segment.FOLDER + "/" + name);
        }
        return names;
    }

    /// No release wrote them, and to pass over them would be to lose what is in them.
    @Test
    void aSegmentOfAnUnknownFormIsRefused() throws Exception {
        storage.put("segments/00000007-00000000000003e9-0001.seg", ByteBuffer.allocate(0));
        assertThatThrownBy(this::list)
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("00000007-00000000000003e9-0001.seg");
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
                case RECORD -> RecordHeader.decode(bytes, RecordHeader.place(7, EXTENT_AT));
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

    /// As a disk gives it that reads in another place than it was told to: one of the same block,
    /// for example, of earlier or of the volume that a branch was made of.
    @Test
    void aSoundRecordFromElsewhereIsNoticed() throws Exception {
        var bytes = ByteBuffer.wrap(example(), EXTENT_AT, RecordHeader.BYTES).slice();
        var place = RecordHeader.place(7, EXTENT_AT);
        assertThat(RecordHeader.decode(bytes.duplicate(), place).sequence()).isEqualTo(1001);
        for (var asked : List.of(place + 8, RecordHeader.place(8, EXTENT_AT))) {
            assertThatThrownBy(() -> RecordHeader.decode(bytes.duplicate(), asked))
                    .isInstanceOf(DamagedFormatException.class);
        }
        bytes.putInt(44, Checksums.crc32c(bytes.slice(0, 44))); // as earlier builds wrote it
        assertThat(RecordHeader.decode(bytes, place).sequence()).isEqualTo(1001);
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
        list();
        return (Segment) stored.find(7);
    }

    private void assertBlock16IsRead() throws IOException {
        assertIsRead('A', 16, BlockLocation.of(7, EXTENT_AT, 0));
    }

    private void assertBlock17IsRead() throws IOException {
        assertIsRead('B', 17, BlockLocation.of(9, EXTENT_OF_9_AT, 0));
    }

    private void assertIsRead(char content, long firstBlock, long location) throws IOException {
        var block = ByteBuffer.allocate(Blocks.BLOCK_BYTES);
        new ExtentReader(stored, _ -> KEY, 0).read(DESCRIBED, firstBlock, 1, location, 0, block);
        assertThat(block.array()).containsOnly(content).hasSize(Blocks.BLOCK_BYTES);
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

    private static byte[] merged() throws IOException {
        return DocumentedExample.read("segment.md", "Merged segment");
    }
}
