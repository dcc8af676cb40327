package holdfast.demo;

import holdfast.base.Checksums;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/// The records of the writer's two files: 64 bytes of text each, `number begun-micros crc32c`,
/// padded, ending in a line feed, so that a person can read them too.
final class Records {
    static final int RECORD_BYTES = 64;

    private Records() {}

    static byte[] encode(long number, long begunMicros) {
        var facts = String.format(Locale.ROOT, "%020d %020d", number, begunMicros);
        var crc = Checksums.crc32c(facts.getBytes(StandardCharsets.US_ASCII));
        var line = String.format(Locale.ROOT, "%s %08x", facts, crc);
        var bytes = new byte[RECORD_BYTES];
        Arrays.fill(bytes, (byte) ' ');
        var text = line.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, bytes, 0, text.length);
        bytes[RECORD_BYTES - 1] = '\n';
        return bytes;
    }

    /// Reads a file's records in order, up to a last one that a crash may have cut.
    ///
    /// @throws DisorderException if a record other than a cut last one is not the one expected
    static Tail read(Path file) throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException _) {
            return new Tail(0, 0);
        }
        var last = new Tail(0, 0);
        for (var at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
            var number = at / RECORD_BYTES + 1L;
            var record = Arrays.copyOfRange(bytes, at, at + RECORD_BYTES);
            var begun = begunMicros(record, number);
            if (begun < 0) {
                if (isUnwritten(bytes, at)) {
                    return last; // the file had grown, its data was never acknowledged
                }
                throw new DisorderException(
                        String.format(
                                Locale.ROOT,
                                "%s: record %d is not there; found \"%s\"",
                                file.getFileName(),
                                number,
                                new String(record, StandardCharsets.ISO_8859_1).strip()));
            }
            last = new Tail(number, begun);
        }
        return last;
    }

    /// A crash may leave a file longer than its data: zeros up to the end.
    private static boolean isUnwritten(byte[] bytes, int from) {
        for (var i = from; i < bytes.length; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /// @return the time in the record, or -1 if it is not a sound record of this number
    private static long begunMicros(byte[] record, long number) {
        var fields = new String(record, StandardCharsets.US_ASCII).strip().split(" ", -1);
        if (fields.length != 3 || record[RECORD_BYTES - 1] != '\n') {
            return -1;
        }
        try {
            var begun = Long.parseLong(fields[1]);
            var sound =
                    Long.parseLong(fields[0]) == number
                            && Arrays.equals(record, encode(number, begun));
            return sound ? begun : -1;
        } catch (NumberFormatException _) {
            return -1;
        }
    }

    /// The last record of a file; number 0 if there is none.
    record Tail(long number, long begunMicros) {}

    /// A file does not hold records 1, 2, 3 … in order.
    static final class DisorderException extends IOException {
        private static final long serialVersionUID = 1L;

        DisorderException(String message) {
            super(message);
        }
    }
}
