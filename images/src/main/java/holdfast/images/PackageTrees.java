package holdfast.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Unpacked packages, looked at as if all were installed.
///
/// @param trees in no particular order; nobody writes to them
public record PackageTrees(Programs programs, List<Path> trees) {
    /// The dynamic loader, where every program looks for it.
    public static final String LOADER = "lib64/ld-linux-x86-64.so.2";

    /// Where that looks for libraries.
    public static final String LIBRARIES = "lib/x86_64-linux-gnu";

    private static final Pattern LIBRARY = Pattern.compile("(?m)^\\s*\\S+ => (/\\S+) \\(");

    public PackageTrees {
        trees = List.copyOf(trees);
    }

    /// The first of these files that is in one of the trees.
    public Path find(String... names) throws IOException {
        for (var name : names) {
            for (var tree : trees) {
                if (Files.exists(tree.resolve(name))) {
                    return tree.resolve(name);
                }
            }
        }
        throw new IOException(
                String.format(Locale.ROOT, "%s: in none of %s", List.of(names), trees));
    }

    /// The loader's own file.
    public Path loader() throws IOException {
        return find(LOADER, "usr/" + LOADER);
    }

    /// What several programs link to, however far, by file name.
    ///
    /// @param scratch a directory for files on the way
    /// @param own a directory with libraries; what is found there is left out
    /// @throws IOException if the packages lack a library
    public SortedMap<String, Path> libraries(Path scratch, List<Path> programs, Path own)
            throws IOException, InterruptedException {
        var needed = new TreeMap<String, Path>();
        for (var program : programs) {
            for (var library : libraries(scratch, program, own)) {
                needed.put(library.getFileName().toString(), library);
            }
        }
        return needed;
    }

    /// What a program links to, however far. The packages' own loader is asked, so that nothing of
    /// the building machine's libraries is used.
    ///
    /// @param scratch a directory for files on the way
    /// @param own further directories with libraries; what is found there is left out
    /// @return files in the trees, without the loader
    /// @throws IOException if the packages lack a library
    public List<Path> libraries(Path scratch, Path program, Path... own)
            throws IOException, InterruptedException {
        var loader = loader();
        var packaged =
                trees.stream()
                        .flatMap(tree -> Stream.of(tree, tree.resolve("usr")))
                        .map(root -> root.resolve(LIBRARIES))
                        .filter(Files::isDirectory)
                        .toList();
        var searched = new ArrayList<>(List.of(own));
        searched.addAll(packaged);
        var listed =
                programs.run(
                        scratch,
                        loader.toString(),
                        "--inhibit-cache",
                        "--library-path",
                        searched.stream().map(Path::toString).collect(Collectors.joining(":")),
                        "--list",
                        program.toString());
        var found = new ArrayList<Path>();
        for (var match : LIBRARY.matcher(listed).results().toList()) {
            var library = Path.of(match.group(1)).normalize();
            if (packaged.stream().anyMatch(library::startsWith)) {
                found.add(library);
            } else if (!library.equals(loader) && Stream.of(own).noneMatch(library::startsWith)) {
                throw new IOException(program + ": " + library + " is in none of its packages");
            }
        }
        return found;
    }
}
