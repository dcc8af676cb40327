package holdfast.cli;

import holdfast.base.Network;
import holdfast.failback.ClientViewers;
import holdfast.failback.ClientWatch;
import holdfast.failback.FailbackClient;
import holdfast.failback.FailbackSettings;
import holdfast.failback.Operator;
import holdfast.failback.ValueFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast failback`: the client on the machine to be written, with the arguments of AWS Elastic
/// Disaster Recovery's Failback Client.
final class FailbackCommand {
    private FailbackCommand() {}

    static CommandSpec spec() {
        return client("failback", "holdfast failback")
                .addSubcommand("iso", FailbackIsoCommand.spec())
                .addSubcommand(
                        "archive",
                        ArchiveCommand.below(
                                "failback", "the failback client", PortablePrograms::failback));
    }

    /// The client as a program of its own.
    static CommandSpec program() {
        return client("holdfast-failback", "holdfast-failback").addOption(Version.option());
    }

    /// @param called the command line that calls it, for examples
    private static CommandSpec client(String name, String called) {
        var spec =
                Syntax.command(
                        name,
                        "Brings a recovered server home: writes the disks of this machine with what differs from a recovery instance, follows it, and takes the rest when the failback is finished. Needs root. What is missing is asked for.",
                        FailbackCommand::run);
        spec.addOption(
                Syntax.option(
                        "--aws-access-key-id",
                        "<id>",
                        "Access key of a user whose role is failback-installation, operator or admin; else AWS_ACCESS_KEY_ID."));
        spec.addOption(
                Syntax.option(
                        "--aws-secret-access-key",
                        "<secret>",
                        "Its secret; else AWS_SECRET_ACCESS_KEY."));
        spec.addOption(
                Syntax.option(
                        "--aws-session-token", "<token>", "Its token; else AWS_SESSION_TOKEN."));
        spec.addOption(
                Syntax.option(
                        "--region",
                        "<region>",
                        "Any region's name: the installation answers to all; else AWS_REGION."));
        spec.addOption(
                Syntax.option(
                        "--endpoint", "<url>", "The server's address; else AWS_ENDPOINT_URL."));
        spec.addOption(
                Syntax.flag(
                        "--default-endpoint",
                        "Use HOLDFAST_URL, or else "
                                + ApiAccess.DEFAULT_URL
                                + ", without asking."));
        spec.addOption(
                Syntax.option(
                        "--ca-bundle",
                        "<file>",
                        "The installation's ca.pem; else AWS_CA_BUNDLE, else ca.pem in HOLDFAST_DATA or "
                                + ApiAccess.DEFAULT_DATA
                                + "; else the server's is shown, to be compared."));
        spec.addOption(
                Syntax.option(
                        "--recovery-instance-id",
                        "<id>",
                        "What to bring home; else the one that was recovered from this machine."));
        spec.addOption(
                Syntax.option(
                        "--dm-value-format",
                        "<format>",
                        "How --device-mapping names local disks: dev-name, by-path, by-id, by-uuid or all-strict; else dev-name."));
        spec.addOption(
                Syntax.option(
                        "--device-mapping",
                        "<mapping>",
                        "recovery_device=local_device,... or with colons, a JSON object, or a JSON list; EXCLUDE for a local device leaves a disk out. Else by serial number, name and size."));
        spec.addOption(Syntax.flag("--no-prompt", "Ask nothing; what is missing is an error."));
        spec.addOption(
                Syntax.flag("--log-console", "Log to standard error; as with --foreground."));
        spec.addOption(
                Syntax.flag(
                        "--foreground",
                        "Work in this process, which ends with its terminal; else in one of its own, which goes on."));
        spec.addOption(Syntax.option("--log-file", "<file>", "Log to the end of a file."));
        spec.addOption(
                Syntax.flag(
                        "--dry-run",
                        "Report exactly what would travel, and how long it would take; write nothing."));
        spec.addOption(
                Syntax.option(
                        "--state",
                        "<dir>",
                        "Folder of the client's identity and of where the disks stand, not on a disk that is written; else "
                                + FailbackSettings.STATE_DIRECTORY
                                + "."));
        spec.addOption(Syntax.flag("--json", "Print JSON in the form of docs/cli.md."));
        spec.addSubcommand("attach", FailbackWatchCommand.attach());
        spec.addSubcommand(FailbackWatchCommand.SUPERVISE, FailbackWatchCommand.supervise());
        spec.addSubcommand(FailbackWatchCommand.WORK, FailbackWatchCommand.work());
        return Syntax.examples(
                spec,
                List.of(
                        called + " --endpoint https://backup:8443 --ca-bundle ca.pem",
                        called
                                + " --endpoint https://backup:8443 --ca-bundle ca.pem --no-prompt --recovery-instance-id i-0123456789abcdef0 --device-mapping /dev/vda=/dev/sda,/dev/vdb=EXCLUDE",
                        called + " --dry-run --json"),
                ExitStatus.REFUSED,
                ExitStatus.UNREACHABLE);
    }

    private static ExitStatus run(Arguments arguments, Context context)
            throws IOException, InterruptedException {
        startLog(arguments);
        var operator = new TerminalOperator(context.terminal());
        var settings =
                new FailbackClient(settings(arguments, context), operator, Version.ours()).settle();
        if (arguments.flag("--dry-run")) {
            FailbackReport.print(client(settings, operator).run(), arguments, context);
        } else if (arguments.flag("--foreground") || arguments.flag("--log-console")) {
            try (var viewers = ClientViewers.open(Network.system(), settings.state(), operator)) {
                FailbackReport.print(client(settings, viewers).run(), arguments, context);
            }
        } else {
            var supervisor = new ArrayList<>(ThisProgram.command(arguments));
            supervisor.add(FailbackWatchCommand.SUPERVISE);
            arguments
                    .text("--log-file")
                    .ifPresent(file -> supervisor.addAll(List.of("--log-file", file)));
            FailbackWatchCommand.follow(
                    ClientWatch.start(context.processes(), supervisor, settings),
                    arguments,
                    context);
        }
        return ExitStatus.OK;
    }

    static void startLog(Arguments arguments) throws IOException {
        if (arguments.flag("--log-console")) {
            StandardErrorLog.start();
        }
        var log = arguments.text("--log-file");
        if (log.isPresent()) {
            StandardErrorLog.startTo(Path.of(log.get()));
        }
    }

    private static FailbackClient client(FailbackSettings settings, Operator operator) {
        return new FailbackClient(settings, operator, Version.ours());
    }

    private static FailbackSettings settings(Arguments arguments, Context context) {
        var environment = context.environment();
        var defaultEndpoint = environment.getOrDefault("HOLDFAST_URL", ApiAccess.DEFAULT_URL);
        var endpoint =
                arguments
                        .text("--endpoint")
                        .or(() ->
                                arguments.flag("--default-endpoint")
                                        ? Optional.of(defaultEndpoint)
                                        : Optional.ofNullable(environment.get("AWS_ENDPOINT_URL")));
        return new FailbackSettings(
                arguments.text("--state").map(Path::of).orElse(FailbackSettings.STATE_DIRECTORY),
                endpoint,
                defaultEndpoint,
                authority(arguments, context),
                given(arguments, context, "--aws-access-key-id", "AWS_ACCESS_KEY_ID"),
                given(arguments, context, "--aws-secret-access-key", "AWS_SECRET_ACCESS_KEY"),
                given(arguments, context, "--aws-session-token", "AWS_SESSION_TOKEN"),
                given(arguments, context, "--region", "AWS_REGION"),
                arguments.text("--recovery-instance-id"),
                arguments.text("--device-mapping"),
                arguments
                        .text("--dm-value-format")
                        .map(FailbackCommand::format)
                        .orElse(ValueFormat.DEV_NAME),
                !arguments.flag("--no-prompt"),
                arguments.flag("--dry-run"));
    }

    private static Optional<String> given(
            Arguments arguments, Context context, String option, String variable) {
        return arguments
                .text(option)
                .or(() -> Optional.ofNullable(context.environment().get(variable)))
                .filter(value -> !value.isBlank());
    }

    private static ValueFormat format(String text) {
        try {
            return ValueFormat.of(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--dm-value-format: " + e.getMessage());
        }
    }

    private static Optional<Path> authority(Arguments arguments, Context context) {
        var usual =
                Path.of(
                                context.environment()
                                        .getOrDefault(
                                                "HOLDFAST_DATA", ApiAccess.DEFAULT_DATA.toString()))
                        .resolve("ca.pem");
        return given(arguments, context, "--ca-bundle", "AWS_CA_BUNDLE")
                .map(Path::of)
                .or(() -> Files.isReadable(usual) ? Optional.of(usual) : Optional.empty());
    }
}
