package holdfast.cli;

import holdfast.base.RefusalException;
import holdfast.images.DebianPackages;
import holdfast.images.live.ClientProgram;
import holdfast.images.live.LiveImage;
import holdfast.images.live.LivePlan;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast failback iso` and `holdfast failback archive`: the client for a machine that has
/// nothing else.
final class FailbackImageCommand {
    private FailbackImageCommand() {}

    static CommandSpec iso() {
        var spec =
                Syntax.command(
                        "iso",
                        "Makes a live system that boots by BIOS or UEFI and starts the failback client, and its SHA-512 beside it. Needs no root.",
                        FailbackImageCommand::makeIso);
        spec.addOption(out("<file>.iso"));
        spec.addOption(
                Syntax.option(
                        "--ca",
                        "<file>",
                        "The installation's ca.pem, by which the client knows the server; else the client shows the server's and asks."));
        spec.addOption(
                Syntax.option(
                        "--kernel-arguments",
                        "<words>",
                        "Settings for the start, such as IPADDR=, AWS_ENDPOINT_URL= or AWS_ACCESS_KEY_ID=, and after -- arguments of the client. Whoever has the image can read them."));
        spec.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        return Syntax.examples(
                spec,
                List.of(
                        "holdfast failback iso --out failback.iso --ca /srv/holdfast/ca.pem",
                        "holdfast failback iso --out failback.iso --ca ca.pem --kernel-arguments 'AWS_ENDPOINT_URL=https://backup:8443 -- --recovery-instance-id i-0123456789abcdef0'"),
                ExitStatus.REFUSED);
    }

    static CommandSpec archive() {
        var spec =
                Syntax.command(
                        "archive",
                        "Makes a .tar.gz of the failback client with the Java that it needs, for 64-bit Linux: unpack it and run holdfast-failback/holdfast-failback. Its SHA-512 is written beside it.",
                        FailbackImageCommand::makeArchive);
        spec.addOption(out("<file>.tar.gz"));
        spec.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        return Syntax.examples(
                spec,
                List.of("holdfast failback archive --out holdfast-failback.tar.gz"),
                ExitStatus.REFUSED);
    }

    private static picocli.CommandLine.Model.OptionSpec out(String label) {
        return Syntax.option("--out", label, "Where to write it.");
    }

    private static ExitStatus makeIso(Arguments arguments, Context context)
            throws IOException, InterruptedException {
        var plan =
                LivePlan.of(
                        arguments.text("--ca").map(Path::of),
                        arguments.text("--kernel-arguments").orElse(""));
        var target = target(arguments);
        return show(image(context).iso(client(), plan, target), target, arguments, context);
    }

    private static ExitStatus makeArchive(Arguments arguments, Context context)
            throws IOException, InterruptedException {
        var target = target(arguments);
        return show(image(context).archive(client(), target), target, arguments, context);
    }

    private static ExitStatus show(Path sum, Path made, Arguments arguments, Context context)
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

    private static Path target(Arguments arguments) {
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

    private static LiveImage image(Context context) {
        return new LiveImage(
                context.processes(),
                DebianPackages.defaultCache(context.environment()),
                Path.of(System.getProperty("java.home")),
                context.terminal()::note);
    }

    /// The modules that this process was started from, as far as the client needs them.
    private static ClientProgram client() {
        var path =
                Optional.ofNullable(System.getProperty("jdk.module.path"))
                        .orElseThrow(() ->
                                new RefusalException(
                                        "client-incomplete",
                                        "the client is taken from the program's own jars: run ./holdfast from a checkout"));
        var modules = Stream.of(path.split(File.pathSeparator)).map(Path::of).toList();
        var main = FailbackMain.class;
        return ClientProgram.of(modules, main.getModule().getName(), main.getName());
    }
}
