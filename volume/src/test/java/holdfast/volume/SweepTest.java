package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Filesystem;
import holdfast.format.Compression;
import holdfast.format.RecordHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Rounds of writing, dying and sweeping: whatever was ever written, there are no more objects than
/// what lives accounts for, and no more is written anew than what was journalled accounts for.
class SweepTest {
    private static final int SEGMENT_BYTES = 64 << 10;
    private static final int ROUNDS = 60;

    /// Record lengths are estimated while fewer than an eighth of the records has died since they
    /// were looked at; those here differ by so much that this may be the difference.
    private static final double ESTIMATED = 1.3;

    static Stream<Long> seeds() {
        var one = Long.getLong("test.seed");
        return one != null
                ? Stream.of(one)
                : LongStream.range(0, Long.getLong("test.seeds", 12)).boxed();
    }

    private FaultyFilesystem files = new FaultyFilesystem(0);
    private SplittableRandom random = new SplittableRandom(0);
    private StagingStorage storage;
    private StoredSegments segments;
    private Sweep sweep;

    /// What lives: by segment number, records by offset.
    private final TreeMap<Long, TreeMap<Long, byte[]>> living = new TreeMap<>();

    private long lastNumber;
    private long journalledBytes;
    private long writtenBytes;

    @ParameterizedTest(name = "seed {0}") // repeat one with -Dtest.seed=N
    @MethodSource("seeds")
    void objectsAndRewritingAreBounded(long seed) throws Exception {
        files = new FaultyFilesystem(seed);
        random = new SplittableRandom(seed);
        open();
        // of each round's segments; how many records outlive a round; whether they die in runs
        var made = 1 + random.nextInt(6);
        var survive = 0.2 + 0.75 * random.nextDouble();
        var clustered = random.nextBoolean();
        for (var round = 0; round < ROUNDS; round++) {
            for (var i = 0; i < made; i++) {
                write(0.05 + 0.95 * random.nextDouble());
            }
            kill(survive, clustered);
            if (random.nextInt(8) == 0) {
                sweepUntilThePowerIsCut();
            }
            sweep();
            checkReadable();
            checkBounds("seed " + seed + ", round " + round);
        }
    }

    private void open() throws IOException {
        open(files.mount());
    }

    private void open(Filesystem mounted) throws IOException {
        storage = new LocalStorage(mounted, Path.of("/staging"), List.of(Segment.FOLDER));
        segments = StoredSegments.list(storage, new OpenObjects(storage));
        sweep = new Sweep(segments, SEGMENT_BYTES);
    }

    /// Journals a segment that is so full.
    private void write(double full) throws IOException {
        var number = ++lastNumber;
        var bytes = ByteBuffer.allocate((int) (SEGMENT_BYTES * full) & -8);
        var records = new TreeMap<Long, byte[]>();
        bytes.position(64);
        while (bytes.remaining() > 4096) {
            bytes.position(bytes.position() + 8 * random.nextInt(20)); // batch headers and tables
            var place = RecordHeader.place(number, bytes.position());
            var record = record(number, place, 1 + random.nextInt(2000));
            records.put((long) bytes.position(), record);
            bytes.put(record);
        }
        var segment = new Segment(number, number * 1000, bytes.limit());
        segment.sealed = true;
        storage.put(segment.path(), bytes.rewind());
        segments.add(segment);
        journalledBytes += bytes.limit();
        if (!records.isEmpty()) {
            living.put(number, records);
        }
    }

    private byte[] record(long number, long place, int payloadBytes) {
        var header =
                new RecordHeader(
                        RecordHeader.Kind.EXTENT,
                        Compression.NONE,
                        1,
                        1,
                        number,
                        0,
                        0,
                        payloadBytes,
                        0,
                        0);
        var record = ByteBuffer.allocate(header.totalBytes());
        header.encode(record, place);
        var payload = new byte[payloadBytes];
        random.nextBytes(payload);
        return record.put(payload).array();
    }

    private void kill(double survive, boolean clustered) {
        for (var records : living.values()) {
            if (clustered) {
                if (random.nextDouble() > survive) {
                    var kept = 1 + random.nextInt(3);
                    records.keySet().removeIf(_ -> records.size() > kept && random.nextInt(6) > 0);
                }
            } else {
                records.keySet().removeIf(_ -> random.nextDouble() > survive);
            }
        }
        living.values().removeIf(Map::isEmpty);
        if (random.nextInt(4) == 0 && !living.isEmpty()) {
            living.remove(living.firstKey());
        }
    }

    private Reached reached() {
        var reached = new Reached();
        living.forEach((number, records) ->
                records.keySet()
                        .forEach(offset ->
                                reached.add(BlockLocation.of((int) (long) number, offset, 0))));
        return reached;
    }

    private void sweep() throws IOException {
        var report = sweep.run(List.of(segments.all()), reached());
        writtenBytes += report.writtenBytes();
        assertThat(report.keptBytes()).isEqualTo(stored());
    }

    private long stored() throws IOException {
        return storage.list(Segment.FOLDER).stream()
                .mapToLong(StagingStorage.Entry::sizeBytes)
                .sum();
    }

    private void sweepUntilThePowerIsCut() throws Exception {
        files.crashAfter(random.nextInt(30));
        try {
            sweep();
        } catch (IOException _) {
            // in the middle of it
        }
        files.crash();
        storage.close();
        open();
        checkReadable();
    }

    private void checkReadable() throws IOException {
        for (var segment : living.entrySet()) {
            for (var record : segment.getValue().entrySet()) {
                read(new Kept(segment.getKey(), record.getKey(), record.getValue()));
            }
        }
    }

    private void checkBounds(String when) {
        var left = 0L;
        for (var segment : segments.all()) {
            var of = living.subMap(segment.firstNumber(), true, segment.lastNumber(), true);
            var records = of.values().stream().mapToInt(Map::size).sum();
            var bytes =
                    of.values().stream()
                            .flatMap(each -> each.values().stream())
                            .mapToLong(record -> record.length)
                            .sum();
            var leftBytes = bytes + MergeTable.overheadBytes(of.size(), records);
            assertThat(records).as("%s: %s", when, segment).isPositive();
            assertThat((double) segment.sizeBytes())
                    .as("%s: %s", when, segment)
                    .isLessThan(2 * ESTIMATED * leftBytes);
            left += leftBytes;
        }
        assertThat((double) segments.all().size())
                .as("%s: objects for %d living bytes", when, left)
                .isLessThanOrEqualTo(MergePlan.NEIGHBOURS * (ESTIMATED * left / SEGMENT_BYTES + 1));
        assertThat((double) writtenBytes)
                .as("%s: written anew, of %d journalled", when, journalledBytes)
                .isLessThanOrEqualTo(
                        ESTIMATED
                                * (journalledBytes
                                        + (double) lastNumber
                                                * SEGMENT_BYTES
                                                / (MergePlan.NEIGHBOURS - 1)));
    }

    /// The next process finds it complete and deletes what it was made of.
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aMergeWhoseEndWasNeverSyncedIsThereWhenThePowerIsCutLater(long seed) throws Exception {
        files = new FaultyFilesystem(seed);
        var syncs = new AtomicLong();
        open(
                HookedFilesystem.withOpenFiles(
                        files.mount(),
                        (call, path) -> {
                            if (syncs.get() == 2
                                    || path.toString().endsWith("-0001.seg")
                                            && call.equals("sync")
                                            && syncs.incrementAndGet() == 2) {
                                throw new IOException("killed");
                            }
                        }));
        write(0.9);
        write(0.9);
        living.values()
                .forEach(records -> {
                    while (records.size() > 3) {
                        records.pollLastEntry();
                    }
                });
        assertThatThrownBy(this::sweep).hasMessage("killed");
        storage.close(); // gives the lock back, as its death would

        open();
        assertThat(segments.all()).hasSize(1).allMatch(MergedSegment.class::isInstance);
        files.crash();
        open();
        checkReadable();
        for (var segment : segments.all()) {
            try (var object = storage.open(segment.path())) {
                assertThat(MergeTable.faults(object)).isEmpty();
            }
        }
    }

    /// A record that lives, wherever it is by now.
    private record Kept(long number, long offset, byte[] bytes) {}

    @Test
    void whoReadsMeanwhileFindsEveryRecord() throws Exception {
        open();
        var kept = new CopyOnWriteArrayList<Kept>();
        var over = new AtomicBoolean();
        var reads = new AtomicLong();
        try (var threads = Executors.newFixedThreadPool(3)) {
            var readers = new ArrayList<Future<?>>();
            for (var reader = 0; reader < 3; reader++) {
                var choice = new SplittableRandom(reader);
                readers.add(
                        threads.submit(() -> {
                            while (!over.get()) {
                                if (!kept.isEmpty()) {
                                    read(kept.get(choice.nextInt(kept.size())));
                                    reads.incrementAndGet();
                                }
                            }
                            return null;
                        }));
            }
            for (var round = 0; round < 100; round++) {
                write(0.3);
                for (var segment : living.entrySet()) {
                    segment.getValue().keySet().removeIf(_ -> segment.getValue().size() > 2);
                }
                living.lastEntry()
                        .getValue()
                        .forEach((offset, bytes) -> kept.add(new Kept(lastNumber, offset, bytes)));
                var seen = reads.get();
                sweep();
                StoreModel.await("reads", () -> reads.get() > seen || anyDone(readers));
            }
            over.set(true);
            for (var reader : readers) {
                reader.get();
            }
        }
        assertThat(segments.all()).hasSizeLessThan(30);
    }

    private static boolean anyDone(List<Future<?>> readers) {
        return readers.stream().anyMatch(Future::isDone);
    }

    private void read(Kept record) throws IOException {
        try (var place = segments.locate(record.number(), record.offset())) {
            var found = ByteBuffer.allocate(record.bytes().length);
            place.read(found);
            assertThat(found.array()).isEqualTo(record.bytes());
        }
    }

    /// One small record of each segment lives for good: the objects that hold them are as many as
    /// those records fill, though a thousand segments were written.
    @Test
    void aThousandSegmentsOfWhichLittleIsLeftBecomeAFew() throws Exception {
        open();
        for (var i = 0; i < 1_000; i++) {
            write(0.5);
            for (var records : List.copyOf(living.values())) {
                while (records.size() > 1) {
                    records.pollLastEntry();
                }
            }
            sweep();
            if (i % 50 == 0) {
                checkBounds("segment " + i);
            }
        }
        checkReadable();
        checkBounds("at the end");
        // what is left was written a few times, not a thousand
        assertThat(writtenBytes).isLessThan(journalledBytes / 4);
    }
}
