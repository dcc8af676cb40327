package holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A storage class that there was is not passed over at the next start, nor another area taken for
/// it, and nothing is made where the area should be.
class KnownAreasTest {
    private final TwoAreas areas = new TwoAreas(1);
    private Volume volume;

    @BeforeEach
    void make() throws IOException {
        var store = areas.open();
        volume = store.create("s-2", "a", 1 << 20, "ST1");
        store.close();
    }

    private String record() {
        return new String(areas.test.files.contents(TwoAreas.RECORD), StandardCharsets.UTF_8);
    }

    private void record(String text) throws IOException {
        try (var file = areas.test.files.mount().openForWriting(TwoAreas.RECORD)) {
            file.truncate(0);
            file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
        }
    }

    private void refused(String code, String... words) {
        refused(TwoAreas.ST1, areas.disks, code, words);
    }

    private void refused(
            Map<String, Path> classes, FaultyFilesystem disks, String code, String... words) {
        assertThatThrownBy(() -> areas.open(classes, disks))
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContainingAll(words);
    }

    @Test
    void theRecordIsOneLineEach() throws IOException {
        assertThat(record()).matches("ST1 [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} /disks\n");
        var before = record();
        areas.open().close();
        assertThat(record()).isEqualTo(before);
    }

    @Test
    void oneThatIsLeftOutMustBeEmpty() throws IOException {
        refused(
                Map.of(),
                areas.disks,
                "storage-class-in-use",
                "storage class ST1 is not configured any more, and /disks has the volumes of s-2",
                "--storage-class ST1=/disks");
        var store = areas.open();
        store.delete(volume.id());
        store.close();
        areas.open(Map.of()).close();
        assertThat(record()).isEmpty();
    }

    @Test
    void oneThatIsNotThereIsNamedAndNothingMadeInItsPlace() throws IOException {
        var unmounted = new FaultyFilesystem(9);
        for (var classes : List.of(TwoAreas.ST1, Map.<String, Path>of())) {
            refused(
                    classes,
                    unmounted,
                    "storage-class-missing",
                    "storage class ST1",
                    "is not in /disks",
                    "mount its file system");
        }
        assertThat(unmounted.names()).isEmpty();
        assertThat(record()).as("remembered").contains("ST1");
        var store = areas.open();
        assertThat(store.find(volume.id())).as("back again").contains(volume);
        store.close();
    }

    @Test
    void anotherOneInItsPlaceIsRefusedUntilTheRecordSaysOtherwise() throws IOException {
        var others = new TwoAreas(7);
        others.open().close();
        refused(
                TwoAreas.ST1,
                others.disks,
                "storage-class-exchanged",
                "storage class ST1: /disks holds the staging area ",
                "take the line of ST1 out of /data/storage-classes");
        record("");
        areas.open(TwoAreas.ST1, others.disks).close(); // it has no volumes
        assertThat(record()).startsWith("ST1 ");
    }

    @Test
    void onesThatAreNotKnownHereMustBeEmptyOrVouchedFor() throws IOException {
        var line = record();
        record("");
        refused(
                "storage-class-unknown-area",
                "/disks holds a staging area with volumes already",
                "add the line \"" + line.strip() + "\" to /data/storage-classes");
        record(line);
        var store = areas.open();
        assertThat(store.find(volume.id())).contains(volume);
        store.close();
    }

    @Test
    void oneDirectoryIsOfOneClass() throws IOException {
        var contents = areas.disks.contents();
        areas.disks
                .contents()
                .forEach((file, bytes) ->
                        contents.put(
                                TwoAreas.DISKS
                                        .resolve("copy")
                                        .resolve(TwoAreas.DISKS.relativize(file)),
                                bytes));
        var copied = FaultyFilesystem.of(contents, 3);
        refused(
                Map.of("ST1", TwoAreas.DISKS, "ST2", TwoAreas.DISKS.resolve("copy")),
                copied,
                "storage-class-twice",
                "or a copy of it");
    }

    @Test
    void itMayBeMoved() throws IOException {
        var moved = Path.of("/disks/moved");
        var contents = new TreeMap<Path, byte[]>();
        areas.disks
                .contents()
                .forEach((file, bytes) ->
                        contents.put(moved.resolve(TwoAreas.DISKS.relativize(file)), bytes));
        var store = areas.open(Map.of("ST1", moved), FaultyFilesystem.of(contents, 3));
        assertThat(store.find(volume.id())).contains(volume);
        store.close();
        assertThat(record()).endsWith(" /disks/moved\n");
    }

    @Test
    void aRecordThatMakesNoSenseIsRefusedWithItsLine() throws IOException {
        record("ST1 somewhere");
        refused("malformed-storage-classes", "\"ST1 somewhere\"", "<class> <identity> <directory>");
    }

    @Test
    void aNewOneNeedsRoom() {
        areas.disks.capacity(areas.disks.usedBytes() + areas.test.settings.reserveBytes());
        refused(
                Map.of("ST1", TwoAreas.DISKS, "SC1", TwoAreas.DISKS.resolve("new")),
                areas.disks,
                "staging-too-small",
                "storage class SC1: /disks/new has");
    }

    /// Whatever is not done yet when the power is cut, the next start does.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void makingOneMayBeCutOffAnywhere(boolean onTheDisks) throws IOException {
        for (var cut = 0; ; cut++) {
            var fresh = new TwoAreas(100 + cut);
            fresh.open(Map.of()).close();
            (onTheDisks ? fresh.disks : fresh.test.files).crashAfter(cut);
            var whole = opens(fresh);
            fresh.test.files.crash();
            fresh.disks.crash();
            var store = fresh.open();
            var made = store.create("s-2", "a", 1 << 20, "ST1");
            fresh.crash(store);
            var again = fresh.open();
            assertThat(again.find(made.id())).as("cut %d", cut).contains(made);
            assertThat(again.storageClass("s-2")).contains("ST1");
            again.close();
            if (whole) {
                assertThat(cut).isGreaterThan(3);
                return;
            }
        }
    }

    private static boolean opens(TwoAreas fresh) {
        try {
            fresh.open().close();
            return true;
        } catch (IOException _) {
            return false;
        }
    }
}
