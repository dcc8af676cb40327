package holdfast.control;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/// The scripts of this launch host, which an operator puts into a folder and launch actions name.
///
/// @param directory may not exist
public record LaunchScripts(Filesystem files, Path directory) {
    /// What a machine's guest agent takes in one message.
    private static final int BYTES_MAX = 64 << 10;

    /// No path.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]*");

    /// @throws RefusalException if there is no such script, or it is too large
    byte[] read(String name) throws IOException {
        var file = directory.resolve(name);
        if (!NAME.matcher(name).matches() || !files.exists(file)) {
            throw new RefusalException(
                    "unknown-script",
                    String.format(
                            Locale.ROOT,
                            "there is no launch script %s: put it into %s on the Holdfast server",
                            name,
                            directory));
        }
        try (var opened = files.openForReading(file)) {
            var bytes = ByteBuffer.allocate(BYTES_MAX + 1);
            while (bytes.hasRemaining() && opened.read(bytes, bytes.position()) > 0) {
                // until full or at the end
            }
            if (!bytes.hasRemaining()) {
                throw new RefusalException(
                        "script-too-large",
                        String.format(
                                Locale.ROOT,
                                "launch script %s has more than %d bytes",
                                file,
                                BYTES_MAX));
            }
            return Arrays.copyOf(bytes.array(), bytes.position());
        }
    }
}
