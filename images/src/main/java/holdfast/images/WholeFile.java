package holdfast.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A file that appears complete or not at all, with its SHA-512 beside it in the form of
/// `sha512sum`.
public final class WholeFile {
    private WholeFile() {}

    /// How it is made.
    @FunctionalInterface
    public interface Making {
        /// @param scratch for everything on the way
        /// @return what was made, in `scratch`
        Path make(Path scratch) throws IOException, InterruptedException;
    }

    /// Makes it in a folder beside the target, from where it is moved into place in one step, and
    /// replaces a file of that name.
    ///
    /// @return the file with the checksum
    public static Path make(Path target, Making making) throws IOException, InterruptedException {
        var whole = target.toAbsolutePath();
        var folder = whole.resolveSibling("");
        Files.createDirectories(folder);
        var scratch = Files.createTempDirectory(folder, ".image-");
        try {
            var made = making.make(scratch);
            var line = sha512(made) + "  " + whole.getFileName() + "\n";
            var sum = Files.writeString(scratch.resolve("sha512"), line);
            var beside = folder.resolve(whole.getFileName() + ".sha512");
            Files.deleteIfExists(beside); // an old sum beside a new image would be a lie
            Files.move(made, whole, StandardCopyOption.ATOMIC_MOVE);
            return Files.move(sum, beside, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Trees.delete(scratch);
        }
    }

    private static String sha512(Path file) throws IOException {
        try (var in =
                new DigestInputStream(
                        Files.newInputStream(file), MessageDigest.getInstance("SHA-512"))) {
            var buffer = new byte[1 << 20];
            while (in.read(buffer) >= 0) {
                // the digest sees it
            }
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-512", e);
        }
    }
}
