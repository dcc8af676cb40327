package holdfast.failback;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import holdfast.replication.certificates.Identity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// The folder of a failback client: its key and certificate, whom it follows, and where the local
/// disks stand (docs/operations/failback.md). Locked while open; the lock ends with the process.
/// What is saved replaces what was there in one step, and is durable on return.
final class FailbackDirectory implements AutoCloseable {
    /// Code of the refusal when another has it open.
    static final String LOCKED = "client-running";

    private static final String IDENTITY = "identity.pem";
    private static final String STANDING = "failback.json";
    private static final String AUTHORITY = "ca.pem";
    private static final String TOUCHED = "touched";
    private static final String LOCK = "lock";
    private static final int STANDING_BYTES_MAX = 1 << 20;
    private static final int VERSION = 1;

    private final Filesystem files;
    private final Path path;
    private final AutoCloseable lock;

    /// What the client goes on with.
    ///
    /// @param bootId of the machine: after its next boot, anyone may have written to the disks
    /// @param replicationAddress `host:port`
    record Kept(
            String instance,
            String clientId,
            String replicationAddress,
            String bootId,
            List<Disk> disks,
            Position position) {
        Kept {
            disks = List.copyOf(disks);
        }

        Kept at(Position changed) {
            return new Kept(instance, clientId, replicationAddress, bootId, disks, changed);
        }

        /// What it is once the server has recorded that the failback ended with that point: the
        /// client may have died between the server's record and its own.
        ///
        /// @return empty if these disks are not at that point
        Optional<Kept> completed(long lastPoint) {
            return switch (position) {
                case Position.Complete _ -> Optional.of(this);
                case Position.Equal(var sequence, var instant, var last)
                        when last && sequence == lastPoint ->
                        Optional.of(at(new Position.Complete(sequence, instant)));
                case Position.Equal _, Position.Unknown _, Position.Between _ -> Optional.empty();
            };
        }

        /// What a client that is started anew may rely on: after a boot of the machine, or with
        /// other disks, nothing is known of what they hold.
        Kept resumed(String bootIdNow, List<Disk> disksNow) {
            return bootId.equals(bootIdNow) && disks.equals(disksNow)
                    ? this
                    : new Kept(
                            instance,
                            clientId,
                            replicationAddress,
                            bootIdNow,
                            disksNow,
                            new Position.Unknown());
        }
    }

    /// @param recovery name of the recovery instance's disk
    /// @param local path of the local disk
    record Disk(String recovery, String local, long localBytes) {}

    private FailbackDirectory(Filesystem files, Path path, AutoCloseable lock) {
        this.files = files;
        this.path = path;
        this.lock = lock;
    }

    /// @throws RefusalException if another client has it open, or it is not this user's
    static FailbackDirectory open(Filesystem files, Path path) throws IOException {
        try {
            files.createDirectories(path);
            var lock =
                    files.lock(path.resolve(LOCK))
                            .orElseThrow(() ->
                                    new RefusalException(
                                            LOCKED,
                                            path
                                                    + " is in use by another failback client: look at it with `holdfast failback attach`, wait for it, or choose another folder with --state"));
            return new FailbackDirectory(files, path, lock);
        } catch (AccessDeniedException e) {
            throw new RefusalException(
                    "no-root", "permission denied: " + e.getFile() + ": run as root");
        }
    }

    /// Where the disks stand as the folder says, whoever has it open.
    static String words(Filesystem files, Path path) throws IOException {
        return new FailbackDirectory(files, path, () -> {})
                .kept()
                .map(kept -> kept.position().words())
                .orElse("nothing was begun there");
    }

    /// What was kept, with the identity that belongs to it; empty if there is nothing whole.
    Optional<Kept> kept() throws IOException {
        if (!files.exists(path.resolve(IDENTITY))) {
            return Optional.empty();
        }
        var kept = standing();
        return kept.isPresent() && kept.get().clientId().equals(identity().name())
                ? kept
                : Optional.empty();
    }

    /// The same whoever it belongs to.
    Optional<Kept> standing() throws IOException {
        if (!files.exists(path.resolve(STANDING))) {
            return Optional.empty();
        }
        try (var file = files.openForReading(path.resolve(STANDING))) {
            var bytes = ByteBuffer.allocate(STANDING_BYTES_MAX);
            file.read(bytes, 0);
            var json =
                    JsonMapper.shared().readTree(StandardCharsets.UTF_8.decode(bytes.flip()) + "");
            if (json.path("version").asInt(0) != VERSION) {
                throw new RefusalException(
                        "newer-version",
                        path.resolve(STANDING)
                                + " was written by another version of Holdfast: use that, or delete the folder to compare everything anew");
            }
            return Optional.of(kept(json));
        } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
            throw new IOException(
                    path.resolve(STANDING)
                            + " is damaged: delete it, and everything is compared anew",
                    e);
        }
    }

    /// The file with the authority that the operator has trusted here, if that was ever asked.
    Optional<Path> authority() {
        var file = path.resolve(AUTHORITY);
        return files.exists(file) ? Optional.of(file) : Optional.empty();
    }

    /// Keeps the certificate of an authority that the operator trusts.
    ///
    /// @param pem its certificate
    /// @return the file
    Path trust(String pem) throws IOException {
        replace(AUTHORITY, pem);
        return path.resolve(AUTHORITY);
    }

    TouchedRuns touched() {
        return new TouchedRuns(files, path.resolve(TOUCHED));
    }

    Identity identity() throws IOException {
        return Identity.load(files, path.resolve(IDENTITY));
    }

    void begin(Identity identity, Kept kept) throws IOException {
        identity.save(files, path.resolve(IDENTITY));
        save(kept);
    }

    /// Whom this client was bound to, it follows no more.
    void forget() throws IOException {
        files.delete(path.resolve(IDENTITY));
        files.syncDirectory(path);
    }

    void save(Kept kept) throws IOException {
        var json =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("version", VERSION)
                        .put("instance", kept.instance())
                        .put("clientId", kept.clientId())
                        .put("replicationAddress", kept.replicationAddress())
                        .put("bootId", kept.bootId());
        var disks = json.putArray("disks");
        for (var disk : kept.disks()) {
            disks.addObject()
                    .put("recovery", disk.recovery())
                    .put("local", disk.local())
                    .put("localBytes", disk.localBytes());
        }
        var position = json.putObject("position");
        switch (kept.position()) {
            case Position.Unknown() -> position.put("state", "UNKNOWN");
            case Position.Between(var since, var toward) ->
                    position.put("state", "BETWEEN").put("since", since).put("toward", toward);
            case Position.Equal(var sequence, var instant, var last) ->
                    position.put("state", "EQUAL")
                            .put("sequence", sequence)
                            .put("instant", instant.toString())
                            .put("last", last);
            case Position.Complete(var sequence, var instant) ->
                    position.put("state", "COMPLETE")
                            .put("sequence", sequence)
                            .put("instant", instant.toString());
        }
        replace(STANDING, json.toPrettyString());
    }

    private void replace(String name, String text) throws IOException {
        var unfinished = path.resolve(name + ".new");
        try (var file = files.openForWriting(unfinished)) {
            file.truncate(0); // a crash may have left one behind
            file.write(StandardCharsets.UTF_8.encode(text), 0);
            file.sync();
        }
        files.rename(unfinished, path.resolve(name));
        files.syncDirectory(path);
    }

    private static Kept kept(JsonNode json) {
        var disks = new ArrayList<Disk>();
        for (var disk : json.required("disks")) {
            disks.add(
                    new Disk(
                            disk.required("recovery").asString(),
                            disk.required("local").asString(),
                            disk.required("localBytes").asLong()));
        }
        return new Kept(
                json.required("instance").asString(),
                json.required("clientId").asString(),
                json.required("replicationAddress").asString(),
                json.required("bootId").asString(),
                disks,
                position(json.required("position")));
    }

    private static Position position(JsonNode json) {
        return switch (json.required("state").asString()) {
            case "UNKNOWN" -> new Position.Unknown();
            case "BETWEEN" ->
                    new Position.Between(
                            json.required("since").asLong(), json.required("toward").asLong());
            case "EQUAL" ->
                    new Position.Equal(
                            json.required("sequence").asLong(),
                            Instant.parse(json.required("instant").asString()),
                            json.required("last").asBoolean());
            case "COMPLETE" ->
                    new Position.Complete(
                            json.required("sequence").asLong(),
                            Instant.parse(json.required("instant").asString()));
            case String other -> throw new IllegalArgumentException("unknown state " + other);
        };
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
