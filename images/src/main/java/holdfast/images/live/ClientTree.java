package holdfast.images.live;

import holdfast.base.RefusalException;
import holdfast.images.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.TreeSet;

/// Lays out the client in a folder that needs nothing of the machine but Linux and the C library: a
/// Java runtime with the modules that the client uses, its jars, and the launcher
/// `holdfast-failback`.
///
/// @param javaHome the JDK whose runtime is taken
record ClientTree(Programs programs, ClientProgram client, Path javaHome) {
    static final String LAUNCHER = "holdfast-failback";
    static final String RUNTIME = "runtime";

    /// The other archive of prepared classes is for heaps that no client has.
    private static final String LARGE_HEAPS = "lib/server/classes_nocoops.jsa";

    /// @param folder is made
    /// @throws RefusalException if this Java can make no runtime
    void lay(Path folder, Path scratch) throws IOException, InterruptedException {
        var library = Files.createDirectories(folder.resolve("lib"));
        for (var jar : client.jars()) {
            Files.copy(jar, library.resolve(jar.getFileName()));
        }
        link(modules(scratch), folder.resolve(RUNTIME), scratch);
        var launcher = Resource.text("holdfast-failback").replace("@MAIN@", client.main());
        var program = Files.writeString(folder.resolve(LAUNCHER), launcher);
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /// The JDK's modules that the client uses: as its modules say, and as their code shows where a
    /// jar says nothing.
    private String modules(Path scratch) throws IOException, InterruptedException {
        var modules = new TreeSet<>(client.javaModules());
        for (var jar : client.unnamed()) {
            var used =
                    programs.run(
                            scratch,
                            tool("jdeps"),
                            "--multi-release",
                            Integer.toString(Runtime.version().feature()),
                            // parts of a library that need others, which the client never reaches
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
