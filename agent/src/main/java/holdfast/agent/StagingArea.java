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

/// The server's staging area, where the server runs on this very machine: a disk that it lies on
/// must not be replicated into it, or each round would cause the next.
///
/// @param placement of files on this machine's disks
record StagingArea(DiskPlacement placement) {
    /// In a server's data directory (docs/operations/server.md).
    private static final String AUTHORITY = "ca.pem";

    private static final List<String> WRITTEN = List.of("staging", "control.db");

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
                if (placement.livesOn(data.resolve(name), disk)) {
                    throw new RefusalException(
                            "staging-on-disk",
                            "the server keeps its copies in "
                                    + data
                                    + ", which lies on "
                                    + disk
                                    + ": each copy would cause the next; leave this disk out, or"
                                    + " move the server's data to another one");
                }
            }
        }
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
