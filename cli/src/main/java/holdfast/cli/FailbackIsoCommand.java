package holdfast.cli;

import holdfast.images.DebianPackages;
import holdfast.images.live.LiveImage;
import holdfast.images.live.LivePlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast failback iso`: the client for a machine that has nothing else.
final class FailbackIsoCommand {
    private FailbackIsoCommand() {}

    static CommandSpec spec() {
        var spec =
                Syntax.command(
                        "iso",
                        "Makes a live system that boots by BIOS or UEFI and starts the failback client, and its SHA-512 beside it. Needs no root.",
                        FailbackIsoCommand::make);
        spec.addOption(ArchiveCommand.out("<file>.iso"));
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

    private static ExitStatus make(Arguments arguments, Context context)
            throws IOException, InterruptedException {
        var plan =
                LivePlan.of(
                        arguments.text("--ca").map(Path::of),
                        arguments.text("--kernel-arguments").orElse(""));
        var target = ArchiveCommand.target(arguments);
        var sum = image(context).iso(PortablePrograms.failback(), plan, target);
        return ArchiveCommand.show(sum, target, arguments, context);
    }

    private static LiveImage image(Context context) {
        return new LiveImage(
                context.processes(),
                DebianPackages.defaultCache(context.environment()),
                ArchiveCommand.javaHome(),
                context.terminal()::note);
    }
}
