package holdfast.volume;

import holdfast.base.Filesystem;
import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// The staging areas of storage classes that there were at the last start, by class: a line for
/// each in a file that operators may edit (docs/formats/storage-classes.md).
record KnownAreas(Path file, Map<String, Known> byClass) {
    private static final Pattern LINE = Pattern.compile("([A-Z0-9]+) ([0-9a-f-]{36}) (/.*)");
    private static final int FILE_BYTES_MAX = 64 << 10;

    KnownAreas {
        byClass = new TreeMap<>(byClass);
    }

    /// @param directory where it was last
    record Known(String identity, Path directory) {}

    static KnownAreas load(Filesystem files, Path file) throws IOException {
        var known = new LinkedHashMap<String, Known>();
        for (var line : read(files, file).lines().filter(text -> !text.isBlank()).toList()) {
            var parts = LINE.matcher(line.strip());
            if (!parts.matches()) {
                throw new RefusalException(
                        "malformed-storage-classes",
                        String.format(
                                Locale.ROOT,
                                "%s: expected lines \"<class> <identity> <directory>\", found \"%s\": correct it",
                                file,
                                line));
            }
            known.put(parts.group(1), new Known(parts.group(2), Path.of(parts.group(3))));
        }
        return new KnownAreas(file, known);
    }

    private static String read(Filesystem files, Path file) throws IOException {
        if (!files.exists(file)) {
            return "";
        }
        try (var handle = files.openForReading(file)) {
            if (handle.sizeBytes() > FILE_BYTES_MAX) {
                throw new RefusalException(
                        "malformed-storage-classes",
                        file + " exceeds " + FILE_BYTES_MAX + " bytes");
            }
            var bytes = ByteBuffer.allocate((int) handle.sizeBytes());
            handle.read(bytes, 0);
            return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
        }
    }

    /// Complete or as it was before, whatever happens meanwhile; durable on return.
    void store(Filesystem files) throws IOException {
        var text = new StringBuilder();
        byClass.forEach((name, known) ->
                text.append(line(name, known.identity(), known.directory())).append('\n'));
        var unfinished = file.resolveSibling(file.getFileName() + ".new");
        try (var handle = files.openForWriting(unfinished)) {
            handle.truncate(0);
            handle.write(ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)), 0);
            handle.sync();
        }
        files.rename(unfinished, file);
        files.syncDirectory(file.resolveSibling(""));
    }

    static String line(String storageClass, String identity, Path directory) {
        return storageClass + " " + identity + " " + directory;
    }
}
