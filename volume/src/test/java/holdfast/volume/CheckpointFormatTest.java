package holdfast.volume;

import static holdfast.volume.DocumentedExample.flipped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.Checksums;
import holdfast.format.DamagedFormatException;
import holdfast.format.PointRecord;
import holdfast.format.SegmentIndex;
import holdfast.format.UnsupportedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The objects of docs/formats/checkpoint.md, whose bytes were worked out without this code.
class CheckpointFormatTest {
    private static final SegmentIndex.Point POINT =
            new SegmentIndex.Point(
                    1,
                    1003,
                    new PointRecord(
                            BatchWriter.micros(Instant.parse("2026-11-01T00:00:00.500Z")),
                            BatchWriter.micros(Instant.parse("2026-11-01T00:00:01Z")),
                            17,
                            42,
                            true));
    private static final Roots ROOTS =
            new Roots(1003, Map.of(2, new Roots.Root(0x30000000006L, 1)));
    private static final Checkpoint CHECKPOINT =
            new Checkpoint(
                    Instant.parse("2026-11-01T00:00:02Z").toEpochMilli(),
                    4,
                    ROOTS,
                    Map.of(1, POINT));
    private static final KeptSnapshot SNAPSHOT = new KeptSnapshot(POINT, ROOTS);
    private static final Catalogue CATALOGUE = catalogue();

    private final LocalStorage storage;

    CheckpointFormatTest() throws IOException {
        storage =
                new LocalStorage(
                        new FaultyFilesystem(1).mount(),
                        Path.of("/staging"),
                        List.of(Checkpoint.FOLDER, KeptSnapshot.FOLDER, Catalogue.FOLDER));
    }

    private static Catalogue catalogue() {
        var source = "s-0123456789abcdef0";
        var instance = "i-0123456789abcdef1";
        var rules =
                List.of(
                        new SnapshotPolicy.Rule(Duration.ofMinutes(10), Duration.ofHours(1)),
                        new SnapshotPolicy.Rule(Duration.ofHours(1), Duration.ofDays(1)));
        var id = new VolumeId("vol-0123456789abcdef0");
        var branch = new VolumeId("br-0123456789abcdef2");
        var origin = Optional.of(new Volume.Origin(id, 1003));
        return new Catalogue(
                5,
                new StoreIdentity(0x0011223344556677L, 0x8899aabbccddeeffL),
                5,
                1,
                Map.of(
                        1,
                        new Catalogue.Owner(
                                source, new SnapshotPolicy(rules), new Gap(900, 940), 2),
                        3,
                        new Catalogue.Owner(instance, new SnapshotPolicy(List.of()), Gap.NONE, 0)),
                Map.of(
                        2,
                        new Catalogue.Entry(
                                1,
                                1000,
                                new Volume(id, source, "/dev/sda", 8L << 30, Optional.empty())),
                        4,
                        new Catalogue.Entry(
                                3,
                                1003,
                                new Volume(branch, instance, "/dev/sda", 8L << 30, origin))));
    }

    /// What the document shows.
    enum Kind {
        CHECKPOINT("Checkpoint", "checkpoints/00000000000003eb-01a19467efd0"),
        SNAPSHOT("Snapshot", "snapshots/00000001-00000000000003eb"),
        CATALOGUE("Catalogue", "catalogue/b");

        private final String heading;
        private final String name;

        Kind(String heading, String name) {
            this.heading = heading;
            this.name = name;
        }
    }

    private static Object value(Kind kind) {
        return switch (kind) {
            case CHECKPOINT -> CHECKPOINT;
            case SNAPSHOT -> SNAPSHOT;
            case CATALOGUE -> CATALOGUE;
        };
    }

    private void store(Kind kind) throws IOException {
        switch (kind) {
            case CHECKPOINT -> CHECKPOINT.store(storage);
            case SNAPSHOT -> storage.put(SNAPSHOT.path(), SNAPSHOT.encode());
            case CATALOGUE -> CATALOGUE.store(storage);
        }
    }

    private Object decode(Kind kind, byte[] bytes) throws IOException {
        return switch (kind) {
            case CHECKPOINT -> Checkpoint.decode(ByteBuffer.wrap(bytes));
            case SNAPSHOT -> KeptSnapshot.decode(ByteBuffer.wrap(bytes));
            case CATALOGUE -> {
                storage.put(kind.name, ByteBuffer.wrap(bytes));
                Catalogue.check(storage, kind.name);
                yield Catalogue.load(storage).orElseThrow();
            }
        };
    }

    @ParameterizedTest
    @EnumSource
    void itIsStoredAsTheDocumentSays(Kind kind) throws Exception {
        store(kind);
        assertThat(storage.get(kind.name)).isEqualTo(ByteBuffer.wrap(example(kind)));
    }

    @ParameterizedTest
    @EnumSource
    void theOneOfTheDocumentIsRead(Kind kind) throws Exception {
        assertThat(decode(kind, example(kind))).isEqualTo(value(kind));
    }

    @ParameterizedTest
    @EnumSource
    void everyFlippedBitAndEveryOtherLengthIsNoticed(Kind kind) throws Exception {
        var good = example(kind);
        for (var bit = 0; bit < good.length * Byte.SIZE; bit++) {
            var bad = flipped(good, bit);
            assertThatThrownBy(() -> decode(kind, bad))
                    .as("bit %d", bit)
                    .isInstanceOf(DamagedFormatException.class);
        }
        for (var length = 0; length < good.length; length++) {
            var cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> decode(kind, cut))
                    .as("%d bytes", length)
                    .isInstanceOf(DamagedFormatException.class);
        }
    }

    /// The first version did not count the losses of an owner.
    @Test
    void aCatalogueOfTheFirstVersionIsRead() throws Exception {
        var second = example(Kind.CATALOGUE);
        var lossesAt = List.of(0x79, 0xaa);
        var first = ByteBuffer.allocate(second.length - lossesAt.size() * Integer.BYTES);
        for (var i = 0; i < second.length - Integer.BYTES; i++) {
            var at = i;
            if (lossesAt.stream().noneMatch(losses -> at >= losses && at < losses + 4)) {
                first.put(second[i]);
            }
        }
        first.putShort(4, (short) 1);
        first.putInt(Checksums.crc32c(first.slice(0, first.position())));
        var read = (Catalogue) decode(Kind.CATALOGUE, first.array());
        assertThat(read.volumes()).isEqualTo(CATALOGUE.volumes());
        assertThat(read.owners().get(1).gap()).isEqualTo(CATALOGUE.owners().get(1).gap());
        assertThat(read.owners().values()).allMatch(owner -> owner.losses() == 0);
    }

    @ParameterizedTest
    @EnumSource
    void aLaterVersionIsNotDamage(Kind kind) throws Exception {
        var later = ByteBuffer.wrap(example(kind));
        later.putShort(4, (short) (later.getShort(4) + 1));
        var length = later.capacity() - Integer.BYTES;
        later.putInt(length, Checksums.crc32c(later.slice(0, length)));
        assertThatThrownBy(() -> decode(kind, later.array()))
                .isInstanceOf(UnsupportedFormatException.class);
    }

    @Test
    void ofTwoCopiesOfTheCatalogueTheLaterSoundOneCounts() throws Exception {
        var earlier =
                new Catalogue(
                        4,
                        CATALOGUE.identity(),
                        4,
                        0,
                        CATALOGUE.owners(),
                        Map.of(2, CATALOGUE.volumes().get(2)));
        earlier.store(storage);
        storage.put("catalogue/a", ByteBuffer.wrap(example(Kind.CATALOGUE)));
        assertThat(Catalogue.load(storage)).contains(CATALOGUE);
        storage.put("catalogue/a", ByteBuffer.wrap(example(Kind.CATALOGUE), 0, 200));
        assertThat(Catalogue.load(storage)).contains(earlier);
        storage.delete("catalogue/b");
        assertThatThrownBy(() -> Catalogue.load(storage)).isInstanceOf(DamagedDataException.class);
    }

    private static byte[] example(Kind kind) throws IOException {
        return DocumentedExample.read("checkpoint.md", kind.heading);
    }
}
