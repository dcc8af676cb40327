package holdfast.images;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// Debian packages, downloaded with `apt-get download` (which checks them against the signed
/// archive index) and unpacked, not installed.
///
/// Each lies in a directory of the cache that is named after its exact version, so that a later
/// build of the same versions downloads nothing. A directory appears complete or not at all, so
/// several builds may share a cache.
public final class DebianPackages {
    private static final Pattern FETCHED =
            Pattern.compile("(?m)^'\\S+' ((\\S+?)_\\S+_\\S+\\.deb) \\d+ ");
    private static final Pattern DEPENDS = Pattern.compile("(?m)^ *\\|?Depends: ([^<\\s]\\S*)$");
    private static final Pattern CLOSURE = Pattern.compile("(?m)^([a-z0-9][a-z0-9.+-]*)$");

    private final Programs programs;
    private final Path cache;
    private final Consumer<String> progress;

    public DebianPackages(Programs programs, Path cache, Consumer<String> progress) {
        this.programs = programs;
        this.cache = cache;
        this.progress = progress;
    }

    /// `$XDG_CACHE_HOME/holdfast`, or `~/.cache/holdfast` (XDG Base Directory Specification,
    /// version 0.8).
    ///
    /// @param environment of this process
    public static Path defaultCache(Map<String, String> environment) {
        var cacheHome = environment.getOrDefault("XDG_CACHE_HOME", "");
        return cacheHome.isEmpty()
                ? Path.of(environment.getOrDefault("HOME", "/root"), ".cache", "holdfast")
                : Path.of(cacheHome, "holdfast");
    }

    /// The first dependency of a package that only points at another, as `linux-image-cloud-amd64`
    /// does at the kernel of the day.
    public String dependencyOf(String metaPackage) throws IOException, InterruptedException {
        var depends = DEPENDS.matcher(index("apt-cache", "depends", metaPackage));
        if (!depends.find()) {
            throw new IOException("Debian package " + metaPackage + ": depends on nothing");
        }
        return depends.group(1);
    }

    /// A package and all packages that it depends on, however far.
    public List<String> withDependencies(String name) throws IOException, InterruptedException {
        var listed =
                index(
                        "apt-cache",
                        "depends",
                        "--recurse",
                        "--no-pre-depends", // these are for installing, which we do not
                        "--no-recommends",
                        "--no-suggests",
                        "--no-conflicts",
                        "--no-breaks",
                        "--no-replaces",
                        "--no-enhances",
                        name);
        return CLOSURE.matcher(listed).results().map(match -> match.group(1)).toList();
    }

    /// The unpacked trees of these packages.
    public PackageTrees unpacked(List<String> names) throws IOException, InterruptedException {
        Files.createDirectories(cache);
        var trees = new ArrayList<Path>();
        var absent = new ArrayList<String>();
        var command = new ArrayList<>(List.of("apt-get", "download", "--print-uris", "-qq"));
        command.addAll(names);
        var archives = FETCHED.matcher(index(command.toArray(String[]::new))).results().toList();
        for (var archive : archives) {
            var tree = cache.resolve(archive.group(1).replace(".deb", ""));
            trees.add(tree);
            if (!Files.isDirectory(tree)) {
                absent.add(archive.group(2));
            }
        }
        if (trees.size() != names.size()) {
            throw new IOException(
                    String.format(Locale.ROOT, "apt-get offers %s, asked for %s", trees, names));
        }
        if (!absent.isEmpty()) {
            download(absent);
        }
        return new PackageTrees(programs, trees);
    }

    private void download(List<String> names) throws IOException, InterruptedException {
        progress.accept("downloading " + String.join(", ", names));
        var scratch = Files.createTempDirectory(cache, "download-");
        try {
            var command = new ArrayList<>(List.of("apt-get", "download", "-qq"));
            // As root, apt would fetch as a user of its own, who may not write here.
            command.addAll(List.of("-o", "APT::Sandbox::User=root"));
            command.addAll(names);
            try {
                programs.run(scratch, command.toArray(String[]::new));
            } catch (IOException outdated) { // the mirror has newer versions than our index
                update(outdated);
                programs.run(scratch, command.toArray(String[]::new));
            }
            try (var archives = Files.newDirectoryStream(scratch, "*.deb")) {
                for (var archive : archives) {
                    unpack(archive, scratch);
                }
            }
        } finally {
            Trees.delete(scratch);
        }
    }

    private void unpack(Path archive, Path scratch) throws IOException, InterruptedException {
        var name = archive.getFileName().toString().replace(".deb", "");
        var partial = scratch.resolve(name);
        programs.run(scratch, "dpkg-deb", "-x", archive.toString(), partial.toString());
        var tree = cache.resolve(name);
        try {
            Files.move(partial, tree, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isDirectory(tree)) { // otherwise another build was faster
                throw e;
            }
        }
    }

    /// Asks the package index; refreshes it once if it does not know the answer, as on a machine
    /// where nobody has run `apt-get update` yet.
    private String index(String... words) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(words));
        // Else each call parses the whole index again, for a second, where apt's own cache is
        // switched off, as in containers, or not ours to write.
        command.addAll(List.of("-o", "Dir::Cache::pkgcache=" + cache.resolve("apt-index.bin")));
        command.addAll(List.of("-o", "Dir::Cache::srcpkgcache="));
        try {
            return programs.run(cache, Map.of(), command);
        } catch (IOException unknown) {
            update(unknown);
        }
        try {
            return programs.run(cache, Map.of(), command);
        } catch (IOException unknown) {
            throw new RefusalException(
                    "packages-unavailable",
                    "images are made from packages of Debian 12 or later; here "
                            + unknown.getMessage());
        }
    }

    /// One at a time, since apt-get does not wait for another one but fails.
    private void update(IOException because) throws InterruptedException {
        try {
            progress.accept("refreshing the package index (apt-get update)");
            programs.run(cache, "flock", "apt-update.lock", "apt-get", "update", "-qq");
        } catch (IOException e) {
            throw new RefusalException(
                    "packages-unavailable",
                    String.format(
                            Locale.ROOT,
                            "Debian packages: %s; refreshing the index: %s; run: sudo apt-get update",
                            because.getMessage(),
                            e.getMessage()));
        }
    }
}
