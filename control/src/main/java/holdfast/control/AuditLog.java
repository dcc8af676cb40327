package holdfast.control;

import holdfast.base.Filesystem;
import holdfast.base.TimeSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import javax.crypto.SecretKey;
import tools.jackson.databind.node.ObjectNode;

/// Who called what, on what, from where, and what came of it: files to which lines are appended and
/// nothing else is ever done (docs/formats/audit.md). Each line is on stable storage when [#append]
/// returns, and carries a code over itself and the line before, so that none is changed, taken out
/// or put in without being noticed.
///
/// Safe for any thread. Whoever opened it closes it.
public final class AuditLog implements AutoCloseable {
    static final long FILE_BYTES_MAX = 16L << 20;

    /// Refusals of callers that nobody knows are written so many at once and then one a second, so
    /// that they cannot fill the disk. The next that is written counts those that were not.
    static final int UNKNOWN_BURST = 100;

    private static final Duration UNKNOWN_EVERY = Duration.ofSeconds(1);
    private static final System.Logger LOG = System.getLogger("holdfast.audit");

    private final Filesystem files;
    private final Path directory;
    private final TimeSource time;
    private final AuditChain chain;
    private Filesystem.FileHandle file;
    private long offset;
    private long sequence;
    private String code;
    private boolean broken;
    private double unknownAllowance = UNKNOWN_BURST;
    private long allowedAtNanos;
    private long unwritten;

    private AuditLog(
            Filesystem files,
            Path directory,
            TimeSource time,
            AuditChain chain,
            Filesystem.FileHandle file,
            long offset,
            AuditChain.Link last) {
        this.files = files;
        this.directory = directory;
        this.time = time;
        this.chain = chain;
        this.file = file;
        this.offset = offset;
        this.sequence = last.sequence();
        this.code = last.code();
        this.allowedAtNanos = time.nanoTime();
    }

    /// Goes on where the log ends. A last line that a crash cut short was never relied upon, and is
    /// taken away.
    ///
    /// @param key of the codes
    public static AuditLog open(Filesystem files, Path directory, TimeSource time, SecretKey key)
            throws IOException {
        files.createDirectories(directory);
        var chain = new AuditChain(key);
        var names = names(files, directory);
        var last = AuditChain.Link.START;
        for (var name : names.reversed()) {
            last = AuditChain.last(lines(files, directory.resolve(name)));
            if (last.sequence() > 0) {
                break;
            }
        }
        var name = names.isEmpty() ? name(last.sequence() + 1) : names.getLast();
        var file = files.openForWriting(directory.resolve(name));
        try {
            var whole =
                    names.isEmpty()
                            ? 0
                            : AuditChain.wholeBytes(read(files, directory.resolve(name)));
            if (whole < file.sizeBytes()) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "audit file={0}: a line cut short by a crash is taken away",
                        name);
                file.truncate(whole);
            }
            file.sync();
            files.syncDirectory(directory);
            return new AuditLog(files, directory, time, chain, file, whole, last);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static String name(long firstSequence) {
        return String.format(Locale.ROOT, "%015d.jsonl", firstSequence);
    }

    private static List<String> names(Filesystem files, Path directory) throws IOException {
        return files.list(directory).stream().filter(n -> n.matches("[0-9]{15}\\.jsonl")).toList();
    }

    private static byte[] read(Filesystem files, Path path) throws IOException {
        try (var handle = files.openForReading(path)) {
            var bytes = ByteBuffer.allocate(Math.toIntExact(handle.sizeBytes()));
            handle.read(bytes, 0);
            return bytes.array();
        }
    }

    private static List<String> lines(Filesystem files, Path path) throws IOException {
        var bytes = read(files, path);
        var whole = AuditChain.wholeBytes(bytes);
        return new String(bytes, 0, whole, StandardCharsets.UTF_8).lines().toList();
    }

    /// Writes an entry; on stable storage on return.
    public void append(AuditEntry entry) throws IOException {
        write(AuditChain.json(entry));
    }

    /// Writes that somebody unknown was not let in, unless there are too many of these.
    public void appendUnknown(AuditEntry entry) throws IOException {
        var json = AuditChain.json(entry);
        synchronized (this) {
            var now = time.nanoTime();
            var earned = (now - allowedAtNanos) / (double) UNKNOWN_EVERY.toNanos();
            unknownAllowance = Math.min(UNKNOWN_BURST, unknownAllowance + earned);
            allowedAtNanos = now;
            if (unknownAllowance < 1) {
                unwritten++;
                return;
            }
            unknownAllowance--;
            if (unwritten > 0) {
                json.put("unwrittenBefore", unwritten);
                unwritten = 0;
            }
            write(json);
        }
    }

    private synchronized void write(ObjectNode entry) throws IOException {
        if (offset >= FILE_BYTES_MAX) {
            nextFile();
        }
        var line = chain.line(sequence + 1, time.now(), entry, code);
        var bytes = (line.text() + "\n").getBytes(StandardCharsets.UTF_8);
        if (broken) {
            file.truncate(offset);
        }
        broken = true; // until all of it is known to be there
        file.write(ByteBuffer.wrap(bytes), offset);
        file.sync();
        broken = false;
        offset += bytes.length;
        sequence++;
        code = line.code();
    }

    private void nextFile() throws IOException {
        var next = files.openForWriting(directory.resolve(name(sequence + 1)));
        try {
            next.truncate(0);
            next.sync();
            files.syncDirectory(directory);
        } catch (IOException e) {
            next.close();
            throw e;
        }
        file.close();
        file = next;
        offset = 0;
    }

    /// Calls, newest first: each as it ended, was refused, or began if its end is not known.
    ///
    /// @param wanted by the entry as it was written
    /// @param before only entries with a lower number
    /// @param limit at most so many
    public List<ObjectNode> calls(Predicate<ObjectNode> wanted, long before, int limit)
            throws IOException {
        var found = new ArrayList<ObjectNode>();
        var ended = new HashSet<String>();
        for (var name : names(files, directory).reversed()) {
            for (var line : lines(files, directory.resolve(name)).reversed()) {
                var entry = AuditChain.parse(line);
                var begun = entry.path("phase").asString("").equals("BEGUN");
                var call = entry.path("call").asString("");
                if (!call.isEmpty() && (begun ? ended.contains(call) : !ended.add(call))) {
                    continue;
                }
                if (entry.path("seq").asLong(0) < before && wanted.test(entry)) {
                    found.add(entry);
                    if (found.size() == limit) {
                        return found;
                    }
                }
            }
        }
        return found;
    }

    /// How the log was found.
    ///
    /// @param entries read up to there
    /// @param fault what is not as it was written; empty if all is
    public record Verification(long entries, Optional<String> fault) {}

    /// Reads every line and checks its code.
    public Verification verify() throws IOException {
        var last = AuditChain.Link.START;
        var end = newest();
        for (var name : names(files, directory)) {
            var number = 0;
            for (var line : lines(files, directory.resolve(name))) {
                number++;
                var next = chain.check(line, last);
                if (next.isEmpty()) {
                    return new Verification(
                            last.sequence(),
                            Optional.of(
                                    String.format(
                                            Locale.ROOT,
                                            "%s, line %d: was not written so after entry %d",
                                            directory.resolve(name),
                                            number,
                                            last.sequence())));
                }
                last = next.get();
            }
        }
        return last.sequence() < end
                ? new Verification(
                        last.sequence(),
                        Optional.of(
                                String.format(
                                        Locale.ROOT,
                                        "%s: ends with entry %d, but %d were written",
                                        directory,
                                        last.sequence(),
                                        end)))
                : new Verification(last.sequence(), Optional.empty());
    }

    private synchronized long newest() {
        return sequence;
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
