package holdfast.images.portable;

import holdfast.base.Processes;
import holdfast.images.Programs;
import holdfast.images.WholeFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Packs a program as a `.tar.gz` with one folder of its name. Equal programs make equal files.
/// Needs no root. Safe for any thread.
///
/// @param javaHome the JDK that the program is to run with
/// @param progress told what is being done, in words
public record PortableArchive(Processes processes, Path javaHome, Consumer<String> progress) {
    /// Makes the archive, and its SHA-512 beside it.
    ///
    /// @return the file with the checksum
    /// @throws holdfast.base.RefusalException if this Java can make no runtime
    public Path make(PortableProgram program, Path target)
            throws IOException, InterruptedException {
        var programs = new Programs(processes);
        return WholeFile.make(
                target,
                scratch -> {
                    progress.accept("taking the program's part of Java");
                    new PortableTree(programs, program, javaHome)
                            .lay(scratch.resolve(program.name()), scratch);
                    progress.accept("packing the archive");
                    var archive = scratch.resolve("program.tar.gz");
                    programs.run(
                            scratch,
                            "tar",
                            "--create",
                            "--sort=name",
                            "--mtime=@0",
                            "--owner=0",
                            "--group=0",
                            "--numeric-owner",
                            "--use-compress-program=gzip -n",
                            "--file=" + archive,
                            program.name());
                    return archive;
                });
    }
}
