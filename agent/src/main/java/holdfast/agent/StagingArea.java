package holdfast.agent;

import holdfast.base.RefusalException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;

/// The server's staging areas, where the server runs on this very machine: a disk that one lies on
/// must not be replicated into it, or each round would cause the next.
///
/// @param placement of files on this machine's disks
record StagingArea(DiskPlacement placement) {
    /// In a server's data directory (docs/operations/server.md).
    private static final String AUTHORITY = "ca.pem";

    private static final List<String> WRITTEN = List.of("staging", "control.db");

    /// The staging areas elsewhere (docs/formats/storage-classes.md).
    private static final String STORAGE_CLASSES = "storage-classes";

    private static final int DIRECTORY = 2;

    /// @param disks to be protected
    /// @throws RefusalException if the server's data lies on one of them
    void requireElsewhere(StateDirectory.Enrolled enrolled, List<Path> disks) throws IOException {
        if (enrolled.serverData().isEmpty()) {
            return;
        }
        var data = enrolled.serverData().get();
        if (!isOurs(data, enrolled.identity().authority())) {
            return;
        }
        for (var disk : disks) {
            for (var name : WRITTEN) {
                requireElsewhere(data.resolve(name), data, disk);
            }
            for (var directory : storageClasses(data)) {
                requireElsewhere(directory, directory, disk);
            }
        }
    }

    private void requireElsewhere(Path written, Path named, Path disk) throws IOException {
        if (placement.livesOn(written, disk)) {
            throw new RefusalException(
                    "staging-on-disk",
                    "the server keeps its copies in "
                            + named
                            + ", which lies on "
                            + disk
                            + ": each copy would cause the next; leave this disk out, or"
                            + " move the server's data to another one");
        }
    }

    private static List<Path> storageClasses(Path data) throws IOException {
        var file = data.resolve(STORAGE_CLASSES);
        if (!Files.exists(file)) {
            return List.of();
        }
        return Files.readAllLines(file).stream()
                .map(line -> line.split(" ", DIRECTORY + 1))
                .filter(parts -> parts.length > DIRECTORY)
                .map(parts -> Path.of(parts[DIRECTORY]))
                .filter(Files::exists)
                .toList();
    }

    /// The same path on another machine is none of ours. What tells is the installation's authority
    /// beside data: its certificate alone is copied to machines that only ask the server.
    private static boolean isOurs(Path data, X509Certificate authority) throws IOException {
        for (var name : WRITTEN) {
            if (!Files.exists(data.resolve(name))) {
                return false;
            }
        }
        try {
            var there = Files.readAllBytes(data.resolve(AUTHORITY));
            return CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(there))
                    .equals(authority);
        } catch (IOException | CertificateException _) {
            return false;
        }
    }
}
