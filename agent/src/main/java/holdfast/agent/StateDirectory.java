package holdfast.agent;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import holdfast.replication.certificates.Identity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/// The directory that holds what makes this machine a source server: its key and certificate, and
/// where its replicator is. Readable by its owner only. Locked while open, so that one agent at a
/// time uses it; the lock ends with the process.
final class StateDirectory implements AutoCloseable {
    private static final String IDENTITY = "identity.pem";
    private static final String REPLICATOR = "replicator";
    private static final String LOCK = "lock";
    private static final int ADDRESS_BYTES_MAX = 300;

    private final Filesystem files;
    private final Path path;
    private final AutoCloseable lock;

    /// @param identity key, certificate and authority
    /// @param replicationAddress `host:port`
    record Enrolled(Identity identity, String replicationAddress) {}

    private StateDirectory(Filesystem files, Path path, AutoCloseable lock) {
        this.files = files;
        this.path = path;
        this.lock = lock;
    }

    /// Opens the directory, making it where there is none.
    ///
    /// @throws RefusalException if another agent has it open
    static StateDirectory open(Filesystem files, Path path) throws IOException {
        if (!files.exists(path)) {
            Files.createDirectories(
                    path,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
        var lock =
                files.lock(path.resolve(LOCK))
                        .orElseThrow(() ->
                                new RefusalException(
                                        "agent-running",
                                        path
                                                + " is in use by another agent: stop that"
                                                + " one, or choose another directory with"
                                                + " --state"));
        return new StateDirectory(files, path, lock);
    }

    /// What [#enrolled(Enrolled)] kept; empty if there was no enrolment yet.
    Optional<Enrolled> enrolled() throws IOException {
        var identity = path.resolve(IDENTITY);
        return files.exists(identity)
                ? Optional.of(new Enrolled(Identity.load(files, identity), replicator()))
                : Optional.empty();
    }

    /// Durable on return. The identity comes last: with it, the enrolment is complete.
    void enrolled(Enrolled enrolled) throws IOException {
        var unfinished = path.resolve(REPLICATOR + ".new");
        try (var file = files.openForWriting(unfinished)) {
            file.truncate(0); // a crash may have left one behind
            file.write(StandardCharsets.UTF_8.encode(enrolled.replicationAddress()), 0);
            file.sync();
        }
        files.rename(unfinished, path.resolve(REPLICATOR));
        enrolled.identity().save(files, path.resolve(IDENTITY));
        files.syncDirectory(path);
    }

    private String replicator() throws IOException {
        try (var file = files.openForReading(path.resolve(REPLICATOR))) {
            var bytes = ByteBuffer.allocate(ADDRESS_BYTES_MAX);
            file.read(bytes, 0);
            return StandardCharsets.UTF_8.decode(bytes.flip()).toString().strip();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            lock.close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("unlocking " + path, e);
        }
    }
}
