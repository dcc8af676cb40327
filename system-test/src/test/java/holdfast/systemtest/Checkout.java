package holdfast.systemtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// The sources that are being tested, found from the folder of this module, where Maven runs tests.
final class Checkout {
    /// What is made from the sources, or belongs to tools, and not to the project.
    private static final Set<String> MADE = Set.of("target", "dist", ".git", ".idea", ".vscode");

    private Checkout() {}

    static Path root() {
        var root = Path.of("").toAbsolutePath().getParent();
        if (root == null || !Files.isExecutable(root.resolve("holdfast"))) {
            throw new IllegalStateException(
                    "run from the folder of a module; this is " + Path.of("").toAbsolutePath());
        }
        return root;
    }

    /// All files of the project.
    static List<Path> files() throws IOException {
        var files = new ArrayList<Path>();
        collect(root(), files);
        return files;
    }

    private static void collect(Path folder, List<Path> files) throws IOException {
        List<Path> entries;
        try (Stream<Path> listed = Files.list(folder)) {
            entries = listed.sorted().toList();
        }
        for (var entry : entries) {
            if (!Files.isDirectory(entry)) {
                files.add(entry);
            } else if (!MADE.contains(entry.getFileName().toString())) {
                collect(entry, files);
            }
        }
    }
}
