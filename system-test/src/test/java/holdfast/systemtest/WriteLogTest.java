package holdfast.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// That images of no moment are found out: six writes, three flushes.
class WriteLogTest {
    private static final int SECTORS = 8;

    @TempDir private Path folder;
    private WriteLog log;

    @BeforeEach
    void write() throws IOException {
        Files.write(folder.resolve("before"), new byte[SECTORS * WriteLog.SECTOR_BYTES]);
        // entries 1 to 9; a flush is one of no sectors
        var written = new int[][] {{0, 1}, {1, 1}, {}, {0, 2}, {}, {1, 2}, {2, 2}, {}, {0, 3}};
        var file = ByteBuffer.allocate(64 * WriteLog.SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(0x6a736677736872L).putLong(1).putLong(written.length).putInt(512);
        var at = 1;
        for (var entry : written) {
            file.position(at++ * WriteLog.SECTOR_BYTES);
            if (entry.length == 0) {
                file.putLong(0).putLong(0).putLong(1);
            } else {
                file.putLong(entry[0]).putLong(1).putLong(0);
                file.position(at++ * WriteLog.SECTOR_BYTES);
                file.put(new byte[WriteLog.SECTOR_BYTES - 1]).put((byte) entry[1]);
            }
        }
        Files.write(folder.resolve("log"), file.array());
        log = WriteLog.read(folder.resolve("log"), folder.resolve("before"));
        assertThat(log.entries()).isEqualTo(9);
        assertThat(log.flushes()).isEqualTo(3);
    }

    @Test
    void everyMomentIsFound() throws IOException {
        assertThat(check(0, 0, 0).faults()).isEmpty();
        assertThat(check(1, 1, 0).faults()).isEmpty();
        assertThat(check(2, 1, 0).moment()).isEqualTo(5);
        assertThat(check(3, 2, 2).moment()).isEqualTo(9);
    }

    @Test
    void writesUnderWayMayBeThereOrNot() throws IOException {
        assertThat(check(0, 1, 0).faults()).isEmpty();
        assertThat(check(2, 1, 2).faults()).isEmpty();
    }

    @Test
    void aWriteWithoutOneOfBeforeItsFlushesIsAFault() throws IOException {
        assertThat(check(3, 0, 2).faults()).singleElement().asString().contains("sector 1");
        assertThat(check(3, 2, 0).faults()).isEmpty(); // the last of 0 may have been under way long
        assertThat(check(1, 2, 2).faults()).isNotEmpty();
    }

    @Test
    void whatWasNeverWrittenIsAFault() throws IOException {
        assertThat(check(2, 1, 9).faults()).singleElement().asString().contains("sector 2");
    }

    private WriteLog.Verdict check(int... ends) throws IOException {
        var image = folder.resolve("image");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SECTORS * WriteLog.SECTOR_BYTES);
            for (var i = 0; i < ends.length; i++) {
                file.seek((i + 1L) * WriteLog.SECTOR_BYTES - 1);
                file.write(ends[i]);
            }
        }
        return log.check(image);
    }
}
