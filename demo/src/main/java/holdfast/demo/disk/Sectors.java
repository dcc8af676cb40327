package holdfast.demo.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Writing into the middle of an image.
final class Sectors {
    private Sectors() {}

    static void write(Path image, ByteBuffer bytes, long offsetBytes) throws IOException {
        try (var channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            for (var at = offsetBytes; bytes.hasRemaining(); ) {
                at += channel.write(bytes, at);
            }
        }
    }
}
