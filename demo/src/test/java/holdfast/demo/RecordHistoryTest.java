package holdfast.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The check must be able to fail: each way in which a recovered disk can be wrong is one test.
class RecordHistoryTest {
    private static final String FILE_A = "a";
    private static final String FILE_B = "b";

    @TempDir Path directory;

    private final RecordHistory history = new RecordHistory();

    /// Ten records, record n begun at second n and acknowledged half a second later.
    @BeforeEach
    void tenRecords() {
        for (var number = 1; number <= 10; number++) {
            history.acknowledged(number, number * 1_000_000L + 500_000);
        }
    }

    @Test
    void everyRecordAcknowledgedBeforeThePointMustBeThere() throws Exception {
        write(FILE_A, 5);
        write(FILE_B, 5);
        assertThat(check(Instant.ofEpochSecond(6)).faults()).isEmpty();
        assertThat(check(Instant.ofEpochSecond(7)).faults())
                .singleElement()
                .asString()
                .contains("record 6 was acknowledged before");
    }

    @Test
    void aRecordInFlightMayBeThereOrNot() throws Exception {
        write(FILE_A, 6);
        write(FILE_B, 5);
        assertThat(check(Instant.ofEpochMilli(6100)).holds()).isTrue();
    }

    @Test
    void fileBIsNeverAheadOfFileA() throws Exception {
        write(FILE_A, 5);
        write(FILE_B, 6);
        assertThat(check(Instant.ofEpochSecond(6)).faults())
                .singleElement()
                .asString()
                .contains("B is ahead of A");
    }

    @Test
    void nothingFromAfterThePointIsThere() throws Exception {
        write(FILE_A, 9);
        write(FILE_B, 9);
        assertThat(check(Instant.ofEpochSecond(6)).faults())
                .singleElement()
                .asString()
                .contains("after the point's instant");
    }

    @Test
    void aHoleIsNamed() throws Exception {
        write(FILE_A, 6);
        write(FILE_B, 6);
        var file = directory.resolve(FILE_A);
        var bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 2 * Records.RECORD_BYTES, 3 * Records.RECORD_BYTES, (byte) 0);
        Files.write(file, bytes);
        assertThat(check(Instant.ofEpochSecond(6)).faults())
                .first()
                .asString()
                .contains("record 3 is not there");
    }

    @Test
    void aFileThatGrewBeforeItsDataCameIsSound() throws Exception {
        write(FILE_A, 5);
        write(FILE_B, 5);
        var file = directory.resolve(FILE_B);
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 6 * Records.RECORD_BYTES));
        assertThat(check(Instant.ofEpochSecond(6)).holds()).isTrue();
    }

    @Test
    void anEmptyDiskIsAFaultOnceSomethingWasAcknowledged() throws Exception {
        assertThat(check(Instant.ofEpochSecond(1)).holds()).isTrue();
        assertThat(check(Instant.ofEpochSecond(2)).holds()).isFalse();
    }

    private RecordHistory.Verdict check(Instant instant) throws IOException {
        return history.check(directory.resolve(FILE_A), directory.resolve(FILE_B), instant);
    }

    private void write(String file, int records) throws IOException {
        var bytes = new ByteArrayOutputStream();
        for (var number = 1; number <= records; number++) {
            bytes.write(Records.encode(number, number * 1_000_000L));
        }
        Files.write(directory.resolve(file), bytes.toByteArray());
    }
}
