package holdfast.cli;

import holdfast.images.portable.PortableArchive;
import holdfast.images.portable.PortableProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// `archive` below another command: its program for machines that have no Java. And what all
/// commands that make a file share.
final class ArchiveCommand {
    private ArchiveCommand() {}

    /// @param parent the command that it stands below
    /// @param what the program is, in words
    static CommandSpec below(String parent, String what, Supplier<PortableProgram> program) {
        var name = "holdfast-" + parent;
        var spec =
                Syntax.command(
                        "archive",
                        "Makes a .tar.gz of "
                                + what
                                + " with the Java that it needs, for 64-bit x86 Linux: unpack it and run "
                                + name
                                + "/"
                                + name
                                + ". Its SHA-512 is written beside it.",
                        (arguments, context) -> make(program.get(), arguments, context));
        spec.addOption(out("<file>.tar.gz"));
        spec.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        return Syntax.examples(
                spec,
                List.of("holdfast " + parent + " archive --out " + name + ".tar.gz"),
                ExitStatus.REFUSED);
    }

    private static ExitStatus make(PortableProgram program, Arguments arguments, Context context)
            throws IOException, InterruptedException {
        var target = target(arguments);
        var archive =
                new PortableArchive(context.processes(), javaHome(), context.terminal()::note);
        return show(archive.make(program, target), target, arguments, context);
    }

    /// The Java that this process runs with.
    static Path javaHome() {
        return Path.of(System.getProperty("java.home"));
    }

    static OptionSpec out(String label) {
        return Syntax.option("--out", label, "Where to write it.");
    }

    static Path target(Arguments arguments) {
        var out =
                arguments
                        .text("--out")
                        .map(Path::of)
                        .orElseThrow(() -> new UsageException("say where to write it with --out"));
        if (Files.isDirectory(out)) {
            throw new UsageException("--out is a file, and " + out + " is a folder");
        }
        return out;
    }

    /// @param sum the file with the checksum
    static ExitStatus show(Path sum, Path made, Arguments arguments, Context context)
            throws IOException {
        if (arguments.flag("--json")) {
            var json =
                    ApiClient.JSON
                            .createObjectNode()
                            .put("file", made.toString())
                            .put("bytes", Files.size(made))
                            .put("sha512", Files.readString(sum).split(" ", 2)[0])
                            .put("sha512File", sum.toString());
            context.terminal().result(json.toPrettyString());
        } else {
            context.terminal()
                    .result(made + ": " + Units.bytes(Files.size(made)) + "; SHA-512 in " + sum);
        }
        return ExitStatus.OK;
    }
}
