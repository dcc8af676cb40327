package holdfast.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.locks.LockSupport;

/// Appends numbered records to two files for ever: record n goes to file A, is synced there, and
/// only then goes to file B and is synced there. Each acknowledged record is told on standard
/// output as `number begun-micros acknowledged-micros`. It runs as a process of its own, so that it
/// can be killed like any other program of the source.
public final class RecordWriter {
    private RecordWriter() {}

    /// @param arguments file A, file B, and the pause between two records in microseconds
    public static void main(String[] arguments) throws IOException {
        var pause = Duration.of(Long.parseLong(arguments[2]), ChronoUnit.MICROS);
        var output = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
        try (var a = open(Path.of(arguments[0]));
                var b = open(Path.of(arguments[1]))) {
            for (var number = a.size() / Records.RECORD_BYTES + 1; ; number++) {
                var begun = micros();
                var record = Records.encode(number, begun);
                append(a, record);
                append(b, record);
                output.println(number + " " + begun + " " + micros());
                if (output.checkError()) {
                    return; // nobody listens any more
                }
                LockSupport.parkNanos(pause.toNanos());
            }
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND);
    }

    private static void append(FileChannel file, byte[] record) throws IOException {
        var bytes = ByteBuffer.wrap(record);
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
        file.force(true);
    }

    private static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
