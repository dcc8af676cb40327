package holdfast.agent;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import holdfast.replication.certificates.Identity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/// The directory that holds what makes this machine a source server: its key and certificate, and
/// where its replicator is. Readable by its owner only. Locked while open, so that one agent at a
/// time uses it; the lock ends with the process.
final class StateDirectory implements AutoCloseable {
    private static final String IDENTITY = "identity.pem";
    private static final String REPLICATOR = "replicator";
    private static final String LOCK = "lock";
    private static final int REPLICATOR_BYTES_MAX = 8 << 10;

    private final Filesystem files;
    private final Path path;
    private boolean unused;
    private final AutoCloseable lock;

    /// @param identity key, certificate and authority
    /// @param replicationAddress `host:port`
    /// @param serverData the server's data directory, on the server; empty if it did not say
    record Enrolled(Identity identity, String replicationAddress, Optional<Path> serverData) {}

    private StateDirectory(Filesystem files, Path path, boolean made, AutoCloseable lock) {
        this.files = files;
        this.path = path;
        this.unused = made; // until something comes of the enrolment
        this.lock = lock;
    }

    /// Opens the directory, making it where there is none.
    ///
    /// @throws RefusalException if another agent has it open, or it is not this user's
    static StateDirectory open(Filesystem files, Path path) throws IOException {
        try {
            var made = !files.exists(path);
            if (made) {
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
            return new StateDirectory(files, path, made, lock);
        } catch (AccessDeniedException e) {
            throw new RefusalException(
                    "no-root",
                    "permission denied: "
                            + e.getFile()
                            + ": the agent must run as root, or with a directory of its user's"
                            + " own as --state");
        }
    }

    /// Whether an agent may have enrolled here earlier: where this user may not look, it may. Makes
    /// nothing.
    static boolean mayKnow(Filesystem files, Path path) throws IOException {
        return files.exists(path.resolve(IDENTITY))
                || (files.exists(path) && !Files.isExecutable(path));
    }

    /// Where key and certificates are.
    Path identityFile() {
        return path.resolve(IDENTITY);
    }

    /// What [#enrolled(Enrolled)] kept; empty if there was no enrolment yet.
    Optional<Enrolled> enrolled() throws IOException {
        var identity = path.resolve(IDENTITY);
        if (!files.exists(identity)) {
            return Optional.empty();
        }
        var replicator = replicator();
        return Optional.of(
                new Enrolled(
                        Identity.load(files, identity),
                        replicator.getFirst(),
                        replicator.size() > 1
                                ? Optional.of(Path.of(replicator.get(1)))
                                : Optional.empty()));
    }

    /// Durable on return. The identity comes last: with it, the enrolment is complete.
    void enrolled(Enrolled enrolled) throws IOException {
        var unfinished = path.resolve(REPLICATOR + ".new");
        var lines =
                enrolled.replicationAddress()
                        + enrolled.serverData().map(data -> "\n" + data).orElse("");
        try (var file = files.openForWriting(unfinished)) {
            file.truncate(0); // a crash may have left one behind
            file.write(StandardCharsets.UTF_8.encode(lines), 0);
            file.sync();
        }
        files.rename(unfinished, path.resolve(REPLICATOR));
        enrolled.identity().save(files, path.resolve(IDENTITY));
        files.syncDirectory(path);
    }

    /// Deletes what makes this machine a source server, first what makes it known; closing removes
    /// the directory, if nothing else is in it.
    void delete() throws IOException {
        for (var name : List.of(IDENTITY, REPLICATOR, REPLICATOR + ".new")) {
            if (files.exists(path.resolve(name))) {
                files.delete(path.resolve(name));
            }
        }
        unused = true;
    }

    /// Replaces key and certificates by those of a renewal. Durable on return; a crash before
    /// leaves the old ones, since they are one file and are replaced by a rename.
    void renewed(Identity identity) throws IOException {
        identity.save(files, path.resolve(IDENTITY));
    }

    /// Its address; then, if it is known, the server's data directory.
    private List<String> replicator() throws IOException {
        try (var file = files.openForReading(path.resolve(REPLICATOR))) {
            var bytes = ByteBuffer.allocate(REPLICATOR_BYTES_MAX);
            file.read(bytes, 0);
            var lines = StandardCharsets.UTF_8.decode(bytes.flip()).toString().strip();
            return List.of(lines.split("\n", 2));
        }
    }

    @Override
    public void close() throws IOException {
        try {
            if (unused && !files.exists(path.resolve(IDENTITY))) {
                files.delete(path.resolve(LOCK));
                files.delete(path);
            }
            lock.close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("unlocking " + path, e);
        }
    }
}
