package holdfast.server;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;

/// Everything that a server keeps, in one directory that one server at a time holds:
///
/// ```
/// lock                  held while a server runs
/// holdfast.properties   settings, if the operator made it
/// ca.pem, ca-key.pem    the installation's authority
/// admin.key             the first key to the API
/// aws-credentials       the first access key of AWS clients
/// encryption-keys/      keys that wrap data keys of servers, if the operator made any
/// control.db            servers, jobs, instances, exports
/// audit/                who did what
/// staging/              the journal and all that belongs to it
/// storage-classes       which staging areas there are besides
/// machines/             recovery instances
/// evidence/             that they booted
/// nbd.sock              where the NBD server listens
/// native/               the database's native library, unpacked by the server that runs
/// ```
final class DataDirectory implements AutoCloseable {
    private static final String DATABASE = "control.db";
    private static final int KEY_BYTES = 32;
    private static final int KEY_FILE_BYTES_MAX = 1024;

    /// Bytes of a Unix socket's path (unix(7), `sun_path`), its end included; the longest one here
    /// is that of a machine's socket.
    private static final int PATH_LENGTH_MAX =
            108 - "/machines/i-0123456789abcdef0/console.sock ".length();

    /// Below that a new staging area would be full before the first disk is copied.
    private static final long FREE_BYTES_MIN = 512L << 20;

    private final Filesystem files;
    private final Path path;
    private final AutoCloseable lock;

    private DataDirectory(Filesystem files, Path path, AutoCloseable lock) {
        this.files = files;
        this.path = path;
        this.lock = lock;
    }

    /// Takes the directory, and makes it where there is none.
    ///
    /// @throws RefusalException if another server holds it, it cannot be written, its path is too
    ///   long, or a new one has too little room
    static DataDirectory open(Filesystem files, Path path) throws IOException {
        if (path.toString().length() > PATH_LENGTH_MAX) {
            throw new RefusalException(
                    "data-path-too-long",
                    String.format(
                            Locale.ROOT,
                            "the path %s has %d characters; sockets below it allow at most %d: choose a shorter one",
                            path,
                            path.toString().length(),
                            PATH_LENGTH_MAX));
        }
        requireRoom(files, path); // before it is made
        return new DataDirectory(files, path, lock(files, path));
    }

    private static AutoCloseable lock(Filesystem files, Path path) throws IOException {
        try {
            files.createDirectories(path);
            return files.lock(path.resolve("lock"))
                    .orElseThrow(() ->
                            new RefusalException(
                                    "data-in-use",
                                    "another Holdfast server runs on "
                                            + path
                                            + ": stop it first, or choose another directory with --data"));
        } catch (IOException e) {
            throw new RefusalException(
                    "data-not-writable",
                    String.format(
                            Locale.ROOT,
                            "the data directory %s cannot be written (%s): make it writable for the user that runs the server, or choose another with --data",
                            path,
                            reason(e)));
        }
    }

    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "permission denied: " + denied.getFile();
            case FileAlreadyExistsException file -> file.getFile() + " is no folder";
            case FileSystemException other when other.getReason() != null ->
                    other.getReason() + ": " + other.getFile();
            default -> String.valueOf(e.getMessage());
        };
    }

    private static void requireRoom(Filesystem files, Path path) throws IOException {
        var there = path;
        while (!files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        var free = files.usableBytes(there);
        if (!files.exists(path.resolve(DATABASE)) && free < FREE_BYTES_MIN) {
            throw new RefusalException(
                    "staging-too-small",
                    String.format(
                            Locale.ROOT,
                            "%s has %d bytes free, a new staging area needs at least %d: add room, or choose another directory with --data",
                            path,
                            free,
                            FREE_BYTES_MIN));
        }
    }

    Path path() {
        return path;
    }

    /// Made here when it is missing, since the database's own library would let others read it.
    Path privateDatabase() throws IOException {
        files.openForWriting(database()).close();
        return database();
    }

    private Path database() {
        return path.resolve(DATABASE);
    }

    Path audit() {
        return path.resolve("audit");
    }

    Path staging() {
        return path.resolve("staging");
    }

    /// Not in the staging area: kept apart from that, they make it worthless.
    Path encryptionKeys() {
        return path.resolve("encryption-keys");
    }

    /// Where the staging areas of storage classes are remembered.
    Path storageClasses() {
        return path.resolve("storage-classes");
    }

    /// Where the operator puts scripts for launch actions; he makes it.
    Path launchScripts() {
        return path.resolve("launch-actions");
    }

    /// For machines and evidence, not a folder below: paths of their sockets have a limit.
    Path recovery() {
        return path;
    }

    /// Where native libraries are unpacked, emptied of what killed servers left behind.
    Path nativeLibraries() throws IOException {
        var directory = path.resolve("native");
        files.createDirectories(directory);
        for (var name : files.list(directory)) {
            files.delete(directory.resolve(name));
        }
        return directory;
    }

    UnixDomainSocketAddress nbdSocket() {
        return UnixDomainSocketAddress.of(path.resolve("nbd.sock"));
    }

    /// The first key to the API, made with the directory.
    String adminKey(RandomSource random) throws IOException {
        var file = path.resolve("admin.key");
        if (!files.exists(file)) {
            var key = new byte[KEY_BYTES];
            random.fill(key);
            write(file, Base64.getUrlEncoder().withoutPadding().encodeToString(key) + "\n");
        }
        try (var handle = files.openForReading(file)) {
            var buffer = ByteBuffer.allocate(KEY_FILE_BYTES_MAX);
            var length = handle.read(buffer, 0);
            var key = new String(buffer.array(), 0, length, StandardCharsets.UTF_8).strip();
            if (key.length() < KEY_BYTES) {
                throw new RefusalException(
                        "malformed-key",
                        file + " holds no key: restore it, or delete it to have a new one made");
            }
            return key;
        }
    }

    /// Where the first access key is, in the form that AWS clients read.
    private Path awsCredentials() {
        return path.resolve("aws-credentials");
    }

    boolean hasAwsCredentials() throws IOException {
        return files.exists(awsCredentials());
    }

    /// Keeps an access key, readable by the owner only.
    void writeAwsCredentials(FirstKey key) throws IOException {
        write(
                awsCredentials(),
                String.format(
                        Locale.ROOT,
                        "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
                        key.id(),
                        key.secret()));
    }

    /// Complete or not there at all, whatever happens meanwhile.
    private void write(Path file, String text) throws IOException {
        var unfinished = file.resolveSibling(file.getFileName() + ".new");
        try (var handle = files.openForWriting(unfinished)) {
            handle.truncate(0);
            handle.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
            handle.sync();
        }
        files.rename(unfinished, file);
        files.syncDirectory(path);
    }

    /// Lets another server have the directory.
    @Override
    public void close() throws IOException {
        try {
            lock.close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("lock of " + path, e);
        }
    }
}
