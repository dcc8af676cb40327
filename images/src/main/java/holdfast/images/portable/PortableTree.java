package holdfast.images.portable;

import holdfast.base.RefusalException;
import holdfast.images.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/// Lays out a program in a folder that needs nothing of the machine but Linux and the C library: a
/// Java runtime with the modules that it uses, its jars, and a launcher of its name.
///
/// @param javaHome the JDK whose runtime is taken
public record PortableTree(Programs programs, PortableProgram program, Path javaHome) {
    /// The Java runtime's folder.
    public static final String RUNTIME = "runtime";

    /// The runtime's libraries.
    public static final String OWN_LIBRARIES = RUNTIME + "/lib";

    /// The other archive of prepared classes is for heaps that no such program has.
    private static final String LARGE_HEAPS = "lib/server/classes_nocoops.jsa";

    /// Of a program that is laid out what links to the machine's libraries.
    public static List<Path> linked(Path folder) {
        var own = folder.resolve(OWN_LIBRARIES);
        return List.of(own.resolve("libjli.so"), own.resolve("server/libjvm.so"));
    }

    /// @param folder is made
    /// @throws RefusalException if this Java can make no runtime
    public void lay(Path folder, Path scratch) throws IOException, InterruptedException {
        var library = Files.createDirectories(folder.resolve("lib"));
        for (var jar : program.jars()) {
            Files.copy(jar, library.resolve(jar.getFileName()));
        }
        link(modules(scratch), folder.resolve(RUNTIME), scratch);
        var launcher = Files.writeString(folder.resolve(program.name()), launcher());
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private String launcher() throws IOException {
        try (var template = PortableTree.class.getResourceAsStream("launcher")) {
            return new String(
                            Objects.requireNonNull(template, "launcher").readAllBytes(),
                            StandardCharsets.UTF_8)
                    .replace("@OPTIONS@", String.join(" ", program.options()))
                    .replace("@MAIN@", program.main());
        }
    }

    /// The JDK's modules that the program uses: as its modules say, and as their code shows where a
    /// jar says nothing.
    private String modules(Path scratch) throws IOException, InterruptedException {
        var modules = new TreeSet<>(program.javaModules());
        for (var jar : program.unnamed()) {
            var used =
                    programs.run(
                            scratch,
                            tool("jdeps"),
                            "--multi-release",
                            Integer.toString(Runtime.version().feature()),
                            // parts of a library that need others, which the program never reaches
                            "--ignore-missing-deps",
                            "--print-module-deps",
                            jar.toString());
            modules.addAll(List.of(used.strip().split(",")));
        }
        return String.join(",", modules);
    }

    private void link(String modules, Path runtime, Path scratch)
            throws IOException, InterruptedException {
        programs.run(
                scratch,
                tool("jlink"),
                "--add-modules",
                modules,
                "--output",
                runtime.toString(),
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--generate-cds-archive");
        Files.deleteIfExists(runtime.resolve(LARGE_HEAPS));
    }

    private String tool(String name) {
        var tool = javaHome.resolve("bin").resolve(name);
        if (!Files.isExecutable(tool)) {
            throw new RefusalException(
                    "jdk-needed",
                    tool + " is not there: a whole JDK is needed, not only its runtime");
        }
        return tool.toString();
    }
}
