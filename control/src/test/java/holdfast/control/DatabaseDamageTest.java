package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// No flipped byte of the control database changes what is read from it without a word.
class DatabaseDamageTest {
    private static final int RANDOM_FLIPS = 1500;

    /// The file's header and the first table's; every byte of it decides how others are read.
    private static final int HEADER_BYTES = 120;

    @TempDir Path directory;

    @Test
    void aFlippedByteIsNoticedOrChangesNothing() throws IOException {
        var file = filled();
        var intact = Files.readAllBytes(file);
        var expected = contents(file);
        var seed = Long.getLong("test.seed", System.nanoTime());
        var random = new SplittableRandom(seed);
        var noticed = 0;
        var offsets =
                IntStream.concat(
                        IntStream.range(0, HEADER_BYTES),
                        random.ints(RANDOM_FLIPS, HEADER_BYTES, intact.length));
        for (var offset : offsets.toArray()) {
            var damaged = intact.clone();
            damaged[offset] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, damaged);
            try {
                assertThat(contents(file))
                        .as("byte %d flipped, seed %d", offset, seed)
                        .isEqualTo(expected);
            } catch (DamagedDatabaseException e) {
                assertThat(e.getMessage()).contains("damaged data: control database", "control.db");
                noticed++;
            } catch (DatabaseException | RefusalException _) {
                noticed++; // such as: a later version made it
            }
        }
        assertThat(noticed).isGreaterThan(100);
    }

    @Test
    void aFlippedByteInARowNamesTableAndRow() throws IOException {
        var file = filled();
        var bytes = Files.readAllBytes(file);
        var at = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("host-17");
        bytes[at + 5] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(() -> Database.open(file, TimeSource.system()))
                .isInstanceOf(DamagedDatabaseException.class)
                .hasMessageContaining("table servers, row [s-00000000000000017]");
    }

    /// A flip can also make rows vanish, with everything that remains still whole.
    @Test
    void aLostRowIsNoticed() throws Exception {
        var file = filled();
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                var statement = connection.createStatement()) {
            statement.execute("delete from servers where hostname = 'host-17'");
        }
        assertThatThrownBy(() -> Database.open(file, TimeSource.system()))
                .isInstanceOf(DamagedDatabaseException.class)
                .hasMessageContaining("table servers: 29 rows");
    }

    @Test
    void aDatabaseOfALaterVersionIsRefused() throws Exception {
        var file = filled();
        try (var database = Database.open(file, TimeSource.system())) {
            database.transact(tx -> {
                Tables.VERSIONS.insert(tx, new Database.SchemaVersion(99, 0));
                return "";
            });
        }
        assertThatThrownBy(() -> Database.open(file, TimeSource.system()))
                .isInstanceOf(RefusalException.class)
                .hasMessageContaining("run the later version");
    }

    @Test
    void damageWhileRunningIsNoticedByTheNextRead() throws Exception {
        var file = filled();
        try (var database = Database.open(file, TimeSource.system())) {
            try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                    var statement = connection.createStatement()) {
                statement.execute(
                        "update servers set state = 'CONTINUOUS' where hostname = 'host-3'");
            }
            assertThatThrownBy(() -> database.transact(tx -> Tables.SERVERS.select(tx, "")))
                    .isInstanceOf(DamagedDatabaseException.class);
            assertThatThrownBy(database::verify).isInstanceOf(DamagedDatabaseException.class);
        }
    }

    private Path filled() throws IOException {
        var file = directory.resolve("control.db");
        try (var database = Database.open(file, TimeSource.system())) {
            database.transact(tx -> {
                for (var i = 0; i < 30; i++) {
                    Tables.SERVERS.insert(tx, server(i));
                }
                return "";
            });
        }
        return file;
    }

    private static SourceServer server(int number) {
        return new SourceServer(
                String.format(Locale.ROOT, "s-%017d", number),
                "host-" + number,
                new ReplicationState.Stalled("agent-not-seen"),
                "agent not seen",
                FakeTime.START,
                FakeTime.START,
                java.util.Optional.of(FakeTime.START),
                java.util.Optional.of(Installation.MACHINE),
                java.util.Optional.empty(),
                List.of(new SourceServer.Disk("/dev/sda", "vol-1", 1 << 20, "m", "s")));
    }

    private static List<SourceServer> contents(Path file) throws IOException {
        try (var database = Database.open(file, TimeSource.system())) {
            return database.transact(tx -> Tables.SERVERS.select(tx, "order by id"));
        }
    }
}
