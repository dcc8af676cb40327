package holdfast.images;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/// The loadable modules of one unpacked kernel package, and the order in which to load some.
///
/// Debian writes `modules.dep` only when the package is installed, so the dependencies are read
/// from where they come from: the `depends=` entry of each module's `.modinfo` section (Linux
/// `Documentation/kbuild/modules.rst`).
public final class KernelModules {
    private static final Pattern DEPENDS = Pattern.compile("\0depends=([\\w,-]*)\0");
    private static final Pattern MODULE = Pattern.compile("([\\w-]+)\\.ko(\\.xz)?");
    private static final long MODULE_BYTES_MAX = 64 << 20;

    private final Programs programs;
    private final Path scratch;
    private final Map<String, Path> loadable = new HashMap<>();
    private final List<String> builtIn;
    private final Path directory;

    /// @param directory `lib/modules/<release>` of the package
    /// @param scratch an empty directory to unpack modules in; the caller deletes it
    public KernelModules(Programs programs, Path directory, Path scratch) throws IOException {
        this.programs = programs;
        this.scratch = scratch;
        this.directory = directory;
        try (var files = Files.walk(directory)) {
            files.forEach(file -> {
                if (MODULE.matcher(file.getFileName().toString()).matches()) {
                    loadable.put(name(file), file);
                }
            });
        }
        builtIn =
                Files.readAllLines(directory.resolve("modules.builtin")).stream()
                        .map(line -> name(Path.of(line)))
                        .toList();
    }

    /// All loadable modules in these folders of the kernel's tree, such as `drivers/nvme`, by name.
    public List<String> in(List<String> folders) {
        return loadable.entrySet().stream()
                .filter(module ->
                        folders.stream()
                                .map(folder -> directory.resolve("kernel").resolve(folder))
                                .anyMatch(module.getValue()::startsWith))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /// The wanted modules and all they need, each after what it needs: name to content. What the
    /// kernel has built in is left out.
    ///
    /// @throws IOException if this kernel lacks one
    public SequencedMap<String, byte[]> inLoadOrder(List<String> wanted)
            throws IOException, InterruptedException {
        var ordered = new LinkedHashMap<String, byte[]>();
        for (var name : wanted) {
            add(name, ordered, new ArrayList<>());
        }
        return ordered;
    }

    private void add(String name, Map<String, byte[]> ordered, List<String> above)
            throws IOException, InterruptedException {
        if (ordered.containsKey(name) || builtIn.contains(name)) {
            return;
        }
        var file = loadable.get(name);
        if (file == null || above.contains(name)) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "kernel module %s, needed by %s: not in the kernel package",
                            name,
                            above));
        }
        above.add(name);
        var content = content(file);
        var depends = DEPENDS.matcher(new String(content, StandardCharsets.ISO_8859_1));
        if (depends.find()) {
            for (var need : depends.group(1).split(",", -1)) {
                if (!need.isEmpty()) {
                    add(canonical(need), ordered, above);
                }
            }
        }
        above.removeLast();
        ordered.put(name, content);
    }

    private byte[] content(Path file) throws IOException, InterruptedException {
        var plain = file;
        if (file.toString().endsWith(".xz")) { // Debian 13 and later
            plain = scratch.resolve(name(file) + ".ko");
            var packed = Files.copy(file, scratch.resolve(plain.getFileName() + ".xz"));
            programs.run(scratch, "xz", "--decompress", packed.toString());
        }
        if (Files.size(plain) > MODULE_BYTES_MAX) {
            throw new IOException(file + ": too large for a kernel module");
        }
        return Files.readAllBytes(plain);
    }

    private static String name(Path file) {
        var name = MODULE.matcher(file.getFileName().toString());
        return canonical(name.matches() ? name.group(1) : file.getFileName().toString());
    }

    /// The kernel writes `-` and `_` in module names as one likes.
    private static String canonical(String name) {
        return name.replace('-', '_');
    }
}
