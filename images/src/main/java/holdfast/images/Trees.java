package holdfast.images;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Whole directory trees.
public final class Trees {
    private Trees() {}

    /// The only file of a directory, or any of several, whose name fits.
    ///
    /// @param pattern as shells know them, such as `vmlinuz-*`
    public static Path only(Path directory, String pattern) throws IOException {
        try (var matches = Files.newDirectoryStream(directory, pattern)) {
            for (var match : matches) {
                return match;
            }
        }
        throw new IOException(
                String.format(Locale.ROOT, "%s/%s: no such file", directory, pattern));
    }

    /// Deletes a directory and all that is in it; links are not followed.
    public static void delete(Path root) throws IOException {
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path directory, @Nullable IOException failure) throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        Files.delete(directory);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
